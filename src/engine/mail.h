/* Mail: a message to a channel that is handled later. The run queue handles it, in the order of delivery. If
 * the channel is busy, the mail goes to the channel's inbox, and from there to the run queue again. Any
 * thread may make mail; everything else belongs to the loop. */
#ifndef PINION_ENGINE_MAIL_H
#define PINION_ENGINE_MAIL_H

#include "base/task.h"
#include <stdbool.h>
#include <stddef.h>

struct pinion_channel;

struct pinion_mail {
    struct pinion_task task;
    struct pinion_channel *channel; /* held */
    size_t bytes;                   /* its size, when it is a message from the client; else 0 */
    void (*handle)(struct pinion_channel *channel, struct pinion_mail *mail);
    void (*destroy)(struct pinion_mail *mail); /* frees it, whether or not it was handled */
};

/* Queue mail for a channel. Takes the mail, which then holds the channel. If the channel has ended, the mail
 * is destroyed. */
void pinion__mail_deliver(struct pinion_channel *channel, struct pinion_mail *mail);

/* True while new mail has to wait: the channel is busy, or older mail waits. */
bool pinion__mail_waits(const struct pinion_channel *channel);

/* The channel is no longer busy: queue the mail that waited. */
void pinion__mail_release_inbox(struct pinion_channel *channel);

/* The channel ends: drop the mail that waited. */
void pinion__mail_drop_inbox(struct pinion_channel *channel);

#endif
