#include "engine/channel_timer.h"
#include <stdlib.h>

struct channel_timer {
    struct pinion_timer timer;
    struct pinion_list node; /* in extra->timers */
    struct pinion_channel *channel;
    struct pinion_mail *mail;
    uint64_t id;
};

static void timer_remove(struct channel_timer *timer)
{
    pinion__timer_cancel(&timer->timer);
    pinion__list_remove(&timer->node);
    timer->channel->extra->timer_count--;
    free(timer);
}

static void fire(struct pinion_timer *base)
{
    struct channel_timer *timer = PINION_CONTAINER_OF(base, struct channel_timer, timer);
    struct pinion_channel *channel = timer->channel;
    struct pinion_mail *mail = timer->mail;
    timer_remove(timer);
    (void)pinion__mail_deliver(channel, mail); /* the channel has its extra part, where its timers are */
}

int pinion__channel_timer_start(struct pinion_channel *channel, struct pinion_mail *mail, uint32_t delay_ms,
                                uint64_t *id)
{
    struct channel_timer *timer = mail ? calloc(1, sizeof *timer) : NULL;
    if (!timer) {
        if (mail)
            mail->destroy(mail);
        return PINION_ENOMEM;
    }
    timer->channel = channel;
    timer->mail = mail;
    timer->id = channel->extra->next_timer_id++;
    pinion__timer_init(&timer->timer, fire);
    pinion__list_append(&channel->extra->timers, &timer->node);
    channel->extra->timer_count++;
    if (id)
        *id = timer->id;
    if (delay_ms == 0)
        fire(&timer->timer);
    else
        pinion__scheduler_timer(channel->socket->shard->scheduler, &timer->timer, delay_ms);
    return 0;
}

bool pinion_cancel_timer(pinion_channel *channel, uint64_t id)
{
    PINION_NEED(channel, return false);
    PINION_CHECK_ON_LOOP_OF(channel);
    if (!channel->extra)
        return false;
    PINION_LIST_FOREACH (node, &channel->extra->timers) {
        struct channel_timer *timer = PINION_CONTAINER_OF(node, struct channel_timer, node);
        if (timer->id == id) {
            timer->mail->destroy(timer->mail);
            timer_remove(timer);
            return true;
        }
    }
    return false;
}

void pinion__channel_timers_release(struct pinion_channel *channel)
{
    if (!channel->extra)
        return;
    PINION_LIST_FOREACH_SAFE (node, &channel->extra->timers) {
        struct channel_timer *timer = PINION_CONTAINER_OF(node, struct channel_timer, node);
        timer->mail->destroy(timer->mail);
        timer_remove(timer);
    }
}
