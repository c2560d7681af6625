/* Mail: what waits in an actor's queue. Its sender reserves its bytes in the actor's mailbox, which has a
 * cap. On the actor's loop it is queued at once; from elsewhere it is posted to the loop first. So what one
 * thread sends stays in order. Any thread makes mail and sends it; everything else belongs to the loop. */
#ifndef PINION_ACTOR_MAIL_H
#define PINION_ACTOR_MAIL_H

#include "actor/actor.h"

struct pinion_actor_mail {
    struct pinion_task task;                        /* in the loop's mailbox, then in the queue */
    struct pinion_actor *actor;                     /* referenced while it is posted */
    size_t bytes;                                   /* what it counts */
    bool needs;                                     /* it comes from others: not idle */
    void (*arrive)(struct pinion_actor_mail *mail); /* on the loop, before it is queued; may be NULL */
    void (*handle)(struct pinion_actor *actor, struct pinion_actor_mail *mail);
    void (*destroy)(struct pinion_actor_mail *mail); /* frees it, whether or not it was handled */
};

/* Send mail that counts `bytes`. PINION_EBUSY: the actor's mailbox or that of its loop is full;
 * PINION_ECLOSED: the loop has ended. On an error the caller keeps the mail. Thread: any. */
int pinion__actor_mail_send(struct pinion_actor *actor, struct pinion_actor_mail *mail, size_t bytes);

/* Queue mail that the cap does not apply to: of a timer or a monitor. If the actor ends, the mail is
 * destroyed. */
void pinion__actor_mail_put(struct pinion_actor *actor, struct pinion_actor_mail *mail, size_t bytes);

/* The same under the cap. PINION_EBUSY: the caller keeps the mail. */
int pinion__actor_mail_offer(struct pinion_actor *actor, struct pinion_actor_mail *mail, size_t bytes);

/* Handle the oldest mail of the queue. */
void pinion__actor_mail_take(struct pinion_actor *actor);

/* The actor ends: drop all that waits. */
void pinion__actor_mail_drop(struct pinion_actor *actor);

/* ---- messages for handle_info ---- */

struct pinion_actor_info {
    struct pinion_actor_mail mail;
    size_t size; /* of the block */
    pinion_payload *payload;
    void *data;
    void (*destroy_data)(void *data);
    uint64_t monitor;
    pinion_reason reason; /* of a monitored channel's end */
    char name[];
};

/* Make such a message. `name` is copied; `payload` (or `data`) is consumed. NULL when out of memory: then too
 * the payload is consumed, and the data is destroyed. Thread: any. */
struct pinion_actor_info *pinion__actor_info_new(const char *name, pinion_payload *payload, void *data,
                                                 void (*destroy_data)(void *data));

/* The bytes that a message counts. */
size_t pinion__actor_info_bytes(const struct pinion_actor_info *info);

#endif
