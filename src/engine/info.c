/* What a channel sends itself, and what it hears from other topics: timers and subscriptions. */
#include "engine/channel.h"
#include "engine/refused.h"
#include "proto/payload.h"
#include "proto/utf8.h"
#include <stdlib.h>

struct channel_timer {
    struct pinion_timer timer;
    struct pinion_list node; /* in extra->timers */
    struct pinion_channel *channel;
    struct pinion_mail *mail;
    uint64_t id;
};

/* ---- timers ---- */

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
    pinion__mail_deliver(channel, mail);
}

static int check(struct pinion_channel *channel, const pinion_payload *payload)
{
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_POISON)
        return PINION_EPAYLOAD;
    if (channel->state >= PINION_CHANNEL_ENDING)
        return PINION_ECLOSED;
    if (!pinion__channel_extra(channel))
        return PINION_ENOMEM;
    return channel->extra->timer_count >= channel->socket->mount->options.max_timers ? PINION_EBUSY : 0;
}

static int timer_new(struct pinion_channel *channel, struct pinion_mail *mail, struct channel_timer **out)
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
    *out = timer;
    return 0;
}

int pinion_send_after(pinion_channel *channel, uint32_t delay_ms, const char *name, pinion_payload *payload,
                      uint64_t *id)
{
    struct channel_timer *timer;
    PINION_NEED(channel, return pinion__payload_lost(payload));
    PINION_NEED(name, return pinion__payload_lost(payload));
    PINION_ON_LOOP(channel->socket, return pinion__payload_lost(payload));
    payload = pinion__payload_or_empty(payload);
    int rc = check(channel, payload);
    if (rc) {
        struct pinion_refused call = {
            .call = "pinion_send_after", .name = name, .channel = channel, .payload = payload
        };
        call.why = rc == PINION_EBUSY ? "the channel has as many timers as may be (max_timers)" : NULL;
        (void)pinion__refuse(&call, rc);
        pinion_payload_unref(payload);
        return rc;
    }
    rc = timer_new(channel, pinion__mail_info(name, payload, NULL, NULL), &timer);
    if (rc)
        return pinion__fail(rc, "pinion_send_after: %s", pinion_strerror(rc));
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
    PINION_CHECK_ON_LOOP(channel->socket);
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

/* ---- subscriptions to other topics ---- */

static struct pinion_channel_subscription *find(const struct pinion_channel *channel, const char *topic)
{
    if (!channel->extra)
        return NULL;
    PINION_LIST_FOREACH (node, &channel->extra->subscriptions) {
        struct pinion_channel_subscription *subscription =
            PINION_CONTAINER_OF(node, struct pinion_channel_subscription, node);
        if (strcmp(subscription->subscriber.topic->name, topic) == 0)
            return subscription;
    }
    return NULL;
}

static void subscription_remove(struct pinion_channel_subscription *subscription)
{
    pinion__topic_unsubscribe(&subscription->subscriber);
    pinion__list_remove(&subscription->node);
    free(subscription);
}

static int subscribe(struct pinion_channel *channel, struct pinion_channel_subscription *subscription,
                     struct pinion_slice name)
{
    struct pinion_topic *topic = pinion__topic_hold(&channel->socket->shard->pubsub.registry, name);
    if (!topic)
        return PINION_ENOMEM;
    int rc = pinion__topic_subscribe(topic, &subscription->subscriber);
    pinion__topic_drop(topic);
    return rc;
}

static int check_topic(const struct pinion_channel *channel, struct pinion_slice topic)
{
    if (topic.len > PINION_NAME_MAX)
        return PINION_ETOOBIG;
    if (!pinion__utf8_name(topic.ptr, topic.len))
        return PINION_EUTF8;
    return channel->state >= PINION_CHANNEL_ENDING ? PINION_ECLOSED : 0;
}

static int subscribe_to(struct pinion_channel *channel, const char *topic)
{
    struct pinion_slice name = pinion__slice_str(topic);
    int refused = check_topic(channel, name);
    if (refused)
        return pinion__refuse(
            &(struct pinion_refused){ .call = "pinion_subscribe", .name = topic, .channel = channel },
            refused);
    if (find(channel, topic))
        return 0;
    struct pinion_channel_extra *extra = pinion__channel_extra(channel);
    struct pinion_channel_subscription *subscription = extra ? calloc(1, sizeof *subscription) : NULL;
    if (!subscription)
        return PINION_ENOMEM;
    subscription->subscriber.lane = PINION_LANE_INFO;
    subscription->channel = channel;
    int rc = subscribe(channel, subscription, name);
    if (rc) {
        free(subscription);
        return rc;
    }
    pinion__list_append(&extra->subscriptions, &subscription->node);
    return 0;
}

int pinion_subscribe(pinion_channel *channel, const char *topic)
{
    PINION_NEEDED(channel);
    PINION_NEEDED(topic);
    PINION_ON_LOOP(channel->socket, return PINION_EINVAL);
    PINION_RETURN(subscribe_to(channel, topic));
}

void pinion_unsubscribe(pinion_channel *channel, const char *topic)
{
    PINION_NEED(channel, return );
    PINION_NEED(topic, return );
    PINION_CHECK_ON_LOOP(channel->socket);
    struct pinion_channel_subscription *subscription = find(channel, topic);
    if (subscription)
        subscription_remove(subscription);
}

/* ---- the end ---- */

void pinion__info_release(struct pinion_channel *channel)
{
    if (!channel->extra)
        return;
    PINION_LIST_FOREACH_SAFE (node, &channel->extra->timers) {
        struct channel_timer *timer = PINION_CONTAINER_OF(node, struct channel_timer, node);
        timer->mail->destroy(timer->mail);
        timer_remove(timer);
    }
    PINION_LIST_FOREACH_SAFE (node, &channel->extra->subscriptions) {
        subscription_remove(PINION_CONTAINER_OF(node, struct pinion_channel_subscription, node));
    }
}
