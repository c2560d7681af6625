#include "engine/subscription.h"
#include "base/held.h"
#include "base/log_limit.h"
#include "base/misuse.h"
#include "engine/callback.h"
#include "engine/here.h"
#include "engine/lane.h"
#include "engine/refused.h"
#include "proto/payload.h"
#include "proto/utf8.h"
#include <stdlib.h>

#define AGAIN_MS 100 /* a subscription that found no memory is tried again after so long */

/* The references and `freed` belong to any thread, everything else to the loop. The user's handle holds one
 * reference, the loop one while it is subscribed, and each delivery under way one. */
struct pinion_subscription {
    struct pinion_task begin_task;
    struct pinion_task end_task; /* a member, so that a subscription can end without memory */
    atomic_uint refs;
    atomic_bool freed; /* the user has freed it: fn is not called any more */
    struct pinion_subscriber subscriber;
    struct pinion_timer again;
    struct pinion_list node; /* in shard->subscriptions */
    struct pinion_shard *shard;
    struct pinion_scheduler *scheduler; /* referenced, since the handle may outlive the endpoint */
    pinion_subscription_fn *fn;
    void *data;
    void (*destroy)(void *); /* called with data once nothing can call fn any more; may be NULL */
    char topic[];
};

/* A broadcast on its way to fn. */
struct delivery {
    struct pinion_task task;
    struct pinion_subscription *subscription;
    struct pinion_broadcast *broadcast;
};

static void unref(struct pinion_subscription *subscription)
{
    if (atomic_fetch_sub_explicit(&subscription->refs, 1, memory_order_acq_rel) != 1)
        return;
    pinion__task_gone(&subscription->begin_task);
    pinion__task_gone(&subscription->end_task);
    if (subscription->destroy)
        subscription->destroy(subscription->data);
    pinion__scheduler_unref(subscription->scheduler);
    free(subscription);
}

static void run_delivery(struct pinion_task *task)
{
    struct delivery *own = PINION_CONTAINER_OF(task, struct delivery, task);
    struct pinion_subscription *subscription = own->subscription;
    struct pinion_broadcast *broadcast = own->broadcast;
    if (!atomic_load_explicit(&subscription->freed, memory_order_acquire)) {
        struct pinion_callback callback = { .name = "subscription",
                                            .detail = broadcast->event.ptr,
                                            .off_loop = "pinion_endpoint_work" };
        pinion_payload *view = pinion__payload_view(broadcast->payload);
        pinion__callback_enter(subscription->shard, &callback);
        subscription->fn(broadcast->topic.ptr, broadcast->event.ptr, view, subscription->data);
        pinion__callback_leave(subscription->shard);
        pinion_payload_unref(view);
    }
    pinion__broadcast_unref(broadcast);
    unref(subscription);
    free(own);
}

int pinion__subscription_deliver(struct pinion_subscriber *subscriber, struct pinion_broadcast *broadcast)
{
    struct pinion_subscription *subscription =
        PINION_CONTAINER_OF(subscriber, struct pinion_subscription, subscriber);
    struct delivery *own = malloc(sizeof *own);
    if (!own)
        return PINION_ENOMEM;
    own->task = (struct pinion_task){ .run = run_delivery };
    own->subscription = subscription;
    own->broadcast = pinion__broadcast_ref(broadcast);
    atomic_fetch_add_explicit(&subscription->refs, 1, memory_order_relaxed);
    pinion__scheduler_defer(subscription->shard->scheduler, &own->task);
    return 0;
}

static int begin(struct pinion_subscription *subscription)
{
    return pinion__registry_subscribe(&subscription->shard->pubsub.registry,
                                      pinion__slice_str(subscription->topic), &subscription->subscriber);
}

/* The caller was told that the subscription will begin: try until there is memory. */
static void begin_or_try_again(struct pinion_subscription *subscription)
{
    int rc = begin(subscription);
    if (!rc)
        return;
    PINION_LOG_LIMITED(PINION_LOG_ERROR, "the subscription to %s cannot begin yet: %s", subscription->topic,
                       pinion_strerror(rc));
    pinion__scheduler_timer(subscription->scheduler, &subscription->again, AGAIN_MS);
}

static void try_again(struct pinion_timer *timer)
{
    begin_or_try_again(PINION_CONTAINER_OF(timer, struct pinion_subscription, again));
}

static void add(struct pinion_subscription *subscription)
{
    pinion__list_append(&subscription->shard->subscriptions, &subscription->node);
}

static void run_begin(struct pinion_task *task)
{
    struct pinion_subscription *subscription =
        PINION_CONTAINER_OF(task, struct pinion_subscription, begin_task);
    add(subscription);
    begin_or_try_again(subscription);
}

/* Unsubscribe, and give the loop's reference back. */
static void end(struct pinion_subscription *subscription)
{
    if (pinion__list_empty(&subscription->node))
        return;
    pinion__topic_unsubscribe(&subscription->subscriber);
    pinion__timer_cancel(&subscription->again);
    pinion__list_remove(&subscription->node);
    unref(subscription);
}

void pinion__subscription_end_all(struct pinion_shard *shard)
{
    PINION_LIST_FOREACH_SAFE (node, &shard->subscriptions) {
        end(PINION_CONTAINER_OF(node, struct pinion_subscription, node));
    }
}

static int subscribe(pinion_endpoint *endpoint, const char *topic, pinion_subscription_fn *fn, void *data,
                     pinion_subscription **out)
{
    size_t len = strlen(topic);
    bool utf8 = pinion__utf8_name(topic, len);
    if (len > PINION_NAME_MAX || !utf8)
        return pinion__refuse(&(struct pinion_refused){ .call = "pinion_endpoint_subscribe",
                                                        .name = topic,
                                                        .hub = pinion__hub_of(endpoint) },
                              utf8 ? PINION_ETOOBIG : PINION_EUTF8);
    struct pinion_subscription *subscription = calloc(1, sizeof *subscription + len + 1);
    if (!subscription)
        return PINION_ENOMEM;
    struct pinion_shard *shard = pinion__hub_of(endpoint)->shards[0];
    atomic_init(&subscription->refs, 2);
    atomic_init(&subscription->freed, false);
    pinion__list_init(&subscription->node);
    pinion__timer_init(&subscription->again, try_again);
    subscription->begin_task.run = run_begin;
    subscription->subscriber.lane = PINION_LANE_SUBSCRIPTION;
    subscription->shard = shard;
    subscription->scheduler = pinion__scheduler_ref(shard->scheduler);
    subscription->fn = fn;
    subscription->data = data;
    memcpy(subscription->topic, topic, len + 1);
    bool here = pinion__hub_here(pinion__hub_of(endpoint)) == shard;
    int rc =
        here ? begin(subscription) : pinion__scheduler_post(shard->scheduler, &subscription->begin_task, 0);
    if (!rc && here)
        add(subscription);
    if (rc) {
        pinion__scheduler_unref(subscription->scheduler);
        free(subscription);
        if (rc == PINION_ECLOSED)
            return pinion__fail(rc, "pinion_endpoint_subscribe(%s): the endpoint has stopped", topic);
        return rc;
    }
    *out = subscription;
    return 0;
}

int pinion_endpoint_subscribe(pinion_endpoint *endpoint, const char *topic, pinion_subscription_fn *fn,
                              void *data, pinion_subscription **out)
{
    PINION_NEEDED(endpoint);
    PINION_NEEDED(topic);
    PINION_NEEDED(fn);
    PINION_NEEDED(out);
    pinion_subscription *made = NULL;
    unsigned mark = pinion__error_mark();
    int rc = pinion__error_end(__func__, mark, subscribe(endpoint, topic, fn, data, &made));
    if (rc)
        return rc;
    PINION_HELD(PINION_HELD_SUBSCRIPTION, made, made->scheduler);
    *out = made;
    return 0;
}

size_t pinion_endpoint_subscribers(const pinion_endpoint *endpoint, const char *topic)
{
    PINION_NEED(endpoint, return 0);
    PINION_NEED(topic, return 0);
    return pinion__interest_subscribers(&pinion__hub_of(endpoint)->pubsub.interest, pinion__slice_str(topic));
}

static void finish(struct pinion_task *task)
{
    struct pinion_subscription *subscription =
        PINION_CONTAINER_OF(task, struct pinion_subscription, end_task);
    end(subscription);
    unref(subscription);
}

void pinion_subscription_free(pinion_subscription *subscription, void (*destroy)(void *))
{
    if (!subscription)
        return;
    PINION_NEED_HELD(subscription, return );
    PINION_HELD_GONE(subscription);
    subscription->destroy = destroy; /* read when the last reference is given back */
    atomic_store_explicit(&subscription->freed, true, memory_order_release);
    subscription->end_task.run = finish;
    if (pinion__scheduler_post(subscription->scheduler, &subscription->end_task, 0) != 0)
        unref(subscription); /* the loop ends, and gives its own reference back */
}
