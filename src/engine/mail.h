/* Mail: a message to a channel that is handled later. The run queue handles it, in the order of delivery. If
 * the channel is busy when its turn comes, the mail goes to the end of the channel's inbox. When the channel
 * is no longer busy, the inbox goes to the front of the run queue: what waits there is younger. Any thread
 * may make mail; everything else belongs to the loop. */
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
 * is destroyed, and so it is on failure. PINION_ENOMEM. */
int pinion__mail_deliver(struct pinion_channel *channel, struct pinion_mail *mail);

/* Put into the inbox of a busy channel what was in the run queue, and whose turn it is: so it is older than
 * all mail in the run queue. Otherwise as pinion__mail_deliver. */
int pinion__mail_keep(struct pinion_channel *channel, struct pinion_mail *mail);

/* The channel may be no longer busy: then queue the mail that waited, before everything else. */
void pinion__mail_release_inbox(struct pinion_channel *channel);

/* The channel ends: drop the mail that waited. */
void pinion__mail_drop_inbox(struct pinion_channel *channel);

#endif
