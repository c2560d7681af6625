/* Mail: a message to a channel that is handled later, from the run queue, in the order it was delivered. Mail
 * for a busy channel goes on to its inbox, and from there to the run queue again. Belongs to the loop, but
 * for making one (which posts it by another way). */
#ifndef PINION_ENGINE_MAIL_H
#define PINION_ENGINE_MAIL_H

#include "base/task.h"
#include "pubsub/broadcast.h"
#include <pinion/channel.h>
#include <pinion/message.h>

struct pinion_mail {
    struct pinion_task task;
    struct pinion_channel *channel; /* held */
    size_t bytes;                   /* what it counts in the inbox: messages from the client only */
    void (*handle)(struct pinion_channel *channel, struct pinion_mail *mail);
    void (*destroy)(struct pinion_mail *mail); /* frees it; after handle, or without */
};

/* Queue mail for a channel, which it then holds. Takes the mail; for a channel that has ended it is
 * destroyed. */
void pinion__mail_deliver(struct pinion_channel *channel, struct pinion_mail *mail);

/* True while what comes now has to wait: the channel is busy, or older mail waits. */
bool pinion__mail_waits(const struct pinion_channel *channel);

/* The channel is no longer busy: queue what waited. */
void pinion__mail_release_inbox(struct pinion_channel *channel);

/* The channel ends: drop what waited. */
void pinion__mail_drop_inbox(struct pinion_channel *channel);

/* A message from the client that has to wait; copied. PINION_ENOMEM. */
int pinion__mail_message(struct pinion_channel *channel, const struct pinion_message *message);

/* A broadcast: to handle_out (an intercepted event) or to handle_info (a subscribed topic). PINION_ENOMEM,
 * PINION_EBUSY (inbox full). */
int pinion__mail_broadcast(struct pinion_channel *channel, struct pinion_broadcast *broadcast,
                           const pinion_clause *out);

/* Mail for handle_info, not yet delivered: name is copied, payload (or data) consumed. NULL when out of
 * memory; payload is consumed and data destroyed then too. Thread: any. */
struct pinion_mail *pinion__mail_info(const char *name, pinion_payload *payload, void *data,
                                      void (*destroy_data)(void *));

#endif
