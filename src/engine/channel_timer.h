/* A channel's timers: each delivers mail when it is due. */
#ifndef PINION_ENGINE_CHANNEL_TIMER_H
#define PINION_ENGINE_CHANNEL_TIMER_H

#include "engine/channel.h"
#include "engine/mail.h"

/* Deliver mail to a channel after delay_ms. The channel has its extra part already. `mail` may be NULL: there
 * was no memory for it. Takes the mail, on failure too. PINION_ENOMEM. */
int pinion__channel_timer_start(struct pinion_channel *channel, struct pinion_mail *mail, uint32_t delay_ms,
                                uint64_t *id);

/* The channel ends: stop its timers. */
void pinion__channel_timers_release(struct pinion_channel *channel);

#endif
