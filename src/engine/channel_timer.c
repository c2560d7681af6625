#include "engine/channel_timer.h"

/* The channel has its extra part, where its timers are, so this needs no memory. */
static void due(void *channel, void *mail)
{
    (void)pinion__mail_deliver(channel, mail);
}

static void drop(void *at)
{
    struct pinion_mail *mail = at;
    mail->destroy(mail);
}

int pinion__channel_timer_start(struct pinion_channel *channel, struct pinion_mail *mail, uint32_t delay_ms,
                                uint64_t *id)
{
    const struct pinion_delayed delayed = { channel, mail, due, drop };
    return pinion__delays_add(&channel->extra->timers, &delayed, channel->socket->shard->scheduler, delay_ms,
                              id);
}

bool pinion_cancel_timer(pinion_channel *channel, uint64_t id)
{
    PINION_NEED(channel, return false);
    PINION_CHECK_ON_LOOP_OF(channel);
    return channel->extra && pinion__delays_cancel(&channel->extra->timers, id);
}

void pinion__channel_timers_release(struct pinion_channel *channel)
{
    if (channel->extra)
        pinion__delays_release(&channel->extra->timers);
}
