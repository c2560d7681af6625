/* Mail: a message to a channel that is handled later, from the run queue, in the order it was delivered. Mail
 * for a busy channel goes on to its inbox, and from there to the run queue again. Belongs to the loop, but
 * for making one (which posts it by another way). */
#ifndef PINION_ENGINE_MAIL_H
#define PINION_ENGINE_MAIL_H

#include "base/task.h"
#include <stdbool.h>
#include <stddef.h>

struct pinion_channel;

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

#endif
