#include "pubsub/pubsub.h"
#include "base/log_limit.h"
#include <stdlib.h>

/* A broadcast that is posted to another loop. */
struct delivery {
    struct pinion_task task;
    struct pinion_pubsub_loop *loop;
    struct pinion_broadcast *broadcast;
};

int pinion__pubsub_init(struct pinion_pubsub *pubsub)
{
    pubsub->loop_count = 0;
    pubsub->remote = NULL;
    atomic_init(&pubsub->published, 0);
    atomic_init(&pubsub->dropped, 0);
    return pinion__interest_init(&pubsub->interest);
}

void pinion__pubsub_release(struct pinion_pubsub *pubsub)
{
    pinion__remote_free(pubsub->remote);
    pubsub->remote = NULL;
    for (unsigned i = 0; i < pubsub->loop_count; i++)
        pinion__registry_release(&pubsub->loops[i]->registry);
    pinion__interest_release(&pubsub->interest);
}

static int note_interest(struct pinion_registry *registry, struct pinion_topic *topic, bool on)
{
    struct pinion_pubsub_loop *loop = PINION_CONTAINER_OF(registry, struct pinion_pubsub_loop, registry);
    struct pinion_interest *interest = &loop->pubsub->interest;
    struct pinion_slice name = pinion__slice(topic->name, topic->name_len);
    int rc = 0;
    if (on)
        rc = pinion__interest_begin(interest, name, topic->node.hash, loop->index, &topic->everywhere);
    else
        pinion__interest_end(interest, name, topic->node.hash, loop->index);
    if (!rc || rc == PINION_EPENDING)
        atomic_fetch_add_explicit(&loop->topics, on ? 1 : SIZE_MAX, memory_order_relaxed);
    return rc;
}

static enum pinion_interest_known known(struct pinion_pubsub_loop *loop, const struct pinion_topic *topic)
{
    return pinion__interest_known(&loop->pubsub->interest, pinion__slice(topic->name, topic->name_len));
}

/* Tell the waiters whose wait is over. What they do may end the wait of others. */
static void check_waiters(struct pinion_task *task)
{
    struct pinion_pubsub_loop *loop = PINION_CONTAINER_OF(task, struct pinion_pubsub_loop, check_task);
    struct pinion_list unchecked = PINION_LIST_HEAD(unchecked);
    atomic_store(&loop->checking, false);
    pinion__list_splice(&unchecked, &loop->waiters);
    while (!pinion__list_empty(&unchecked)) {
        struct pinion_waiter *waiter = PINION_CONTAINER_OF(unchecked.next, struct pinion_waiter, node);
        pinion__list_remove(&waiter->node);
        enum pinion_interest_known now =
            waiter->topic->pending ? known(loop, waiter->topic) : PINION_INTEREST_KNOWN;
        if (now == PINION_INTEREST_PENDING) {
            pinion__list_append(&loop->waiters, &waiter->node);
            continue;
        }
        if (now == PINION_INTEREST_KNOWN)
            waiter->topic->pending = false;
        waiter->ready(waiter, now == PINION_INTEREST_KNOWN);
    }
}

/* The subscription may have become known while nobody waited. One that was refused may be allowed now. */
static int ask_again(struct pinion_pubsub_loop *loop, struct pinion_topic *topic)
{
    struct pinion_slice name = pinion__slice(topic->name, topic->name_len);
    int rc = pinion__interest_retry(&loop->pubsub->interest, name);
    if (rc == PINION_INTEREST_KNOWN)
        topic->pending = false;
    return rc < 0 ? rc : 0;
}

int pinion__pubsub_await(struct pinion_pubsub_loop *loop, struct pinion_topic *topic,
                         struct pinion_waiter *waiter)
{
    if (!pinion__pubsub_by_topic(loop->pubsub))
        return 0;
    int rc = topic->pending ? ask_again(loop, topic) : 0;
    if (!rc)
        rc = pinion__topic_await(topic);
    if (rc == PINION_EPENDING) {
        waiter->topic = topic;
        pinion__list_init(&waiter->node);
        pinion__list_append(&loop->waiters, &waiter->node);
    }
    return rc;
}

void pinion__pubsub_unawait(struct pinion_waiter *waiter)
{
    if (!waiter->topic)
        return;
    pinion__list_remove(&waiter->node);
    pinion__topic_unawait(waiter->topic);
    waiter->topic = NULL;
}

int pinion__pubsub_add_loop(struct pinion_pubsub *pubsub, struct pinion_pubsub_loop *loop,
                            struct pinion_scheduler *scheduler, pinion_deliver_fn *deliver, void *context)
{
    if (pubsub->loop_count == PINION_LOOPS_MAX)
        return PINION_EINVAL;
    pinion__registry_init(&loop->registry, note_interest);
    loop->pubsub = pubsub;
    loop->scheduler = scheduler;
    loop->deliver = deliver;
    loop->context = context;
    atomic_init(&loop->topics, 0);
    pinion__list_init(&loop->waiters);
    loop->check_task.run = check_waiters;
    atomic_init(&loop->checking, false);
    loop->index = pubsub->loop_count;
    pubsub->loops[pubsub->loop_count++] = loop;
    return 0;
}

static void deliver_here(struct pinion_pubsub_loop *loop, struct pinion_broadcast *broadcast)
{
    struct pinion_topic *topic = pinion__registry_find(&loop->registry, broadcast->topic);
    if (topic)
        loop->deliver(loop->context, topic, broadcast);
}

static void run_delivery(struct pinion_task *task)
{
    struct delivery *delivery = PINION_CONTAINER_OF(task, struct delivery, task);
    deliver_here(delivery->loop, delivery->broadcast);
    pinion__broadcast_unref(delivery->broadcast);
    free(delivery);
}

static int post_delivery(struct pinion_pubsub_loop *loop, struct pinion_broadcast *broadcast)
{
    struct delivery *delivery = malloc(sizeof *delivery);
    if (!delivery)
        return PINION_ENOMEM;
    delivery->task = (struct pinion_task){ .run = run_delivery };
    delivery->loop = loop;
    delivery->broadcast = pinion__broadcast_ref(broadcast);
    int rc = pinion__scheduler_post(loop->scheduler, &delivery->task, pinion__broadcast_size(broadcast));
    if (rc) {
        pinion__broadcast_unref(broadcast);
        free(delivery);
    }
    return rc;
}

static const char *why_lost(int rc)
{
    return rc == PINION_EBUSY ? "its mailbox is full (max_mailbox): it gets more than it can handle"
                              : pinion_strerror(rc);
}

/* Returns the error for who publishes; 0 when nobody misses the broadcast. */
static int note_drop(struct pinion_pubsub *pubsub, const struct pinion_broadcast *broadcast, unsigned index,
                     int rc)
{
    if (rc == PINION_ECLOSED) /* the loop has stopped, and has no subscribers any more */
        return 0;
    atomic_fetch_add_explicit(&pubsub->dropped, 1, memory_order_relaxed);
    PINION_LOG_LIMITED(PINION_LOG_WARNING, "topic %s: a broadcast of \"%s\" is lost for loop %u: %s",
                       broadcast->topic.ptr, broadcast->event.ptr, index, why_lost(rc));
    return rc;
}

/* To all of these loops, whatever becomes of each. Returns the first error. */
static int post_to(struct pinion_pubsub *pubsub, uint64_t loops, struct pinion_broadcast *broadcast)
{
    int first = 0;
    for (unsigned i = 0; loops; i++, loops >>= 1) {
        int rc = (loops & 1) ? post_delivery(pubsub->loops[i], broadcast) : 0;
        if (rc)
            rc = note_drop(pubsub, broadcast, i, rc);
        if (!first)
            first = rc;
    }
    return first;
}

int pinion__pubsub_publish(struct pinion_pubsub *pubsub, struct pinion_pubsub_loop *here,
                           struct pinion_broadcast *broadcast)
{
    atomic_fetch_add_explicit(&pubsub->published, 1, memory_order_relaxed);
    if (here)
        deliver_here(here, broadcast);
    if (here && pubsub->loop_count == 1)
        return 0;
    uint64_t loops = pinion__interest_get(&pubsub->interest, broadcast->topic);
    if (here)
        loops &= ~(UINT64_C(1) << here->index);
    return post_to(pubsub, loops, broadcast);
}

int pinion__pubsub_broadcast(struct pinion_pubsub *pubsub, struct pinion_pubsub_loop *here,
                             struct pinion_broadcast *broadcast)
{
    int rc = pinion__pubsub_publish(pubsub, here, broadcast);
    if (!pinion__pubsub_is_alone(pubsub))
        pinion__remote_broadcast(pubsub->remote, broadcast);
    return rc;
}

/* ---- other nodes ---- */

static void publish_from_remote(void *context, struct pinion_broadcast *broadcast)
{
    (void)pinion__pubsub_publish(context, NULL, broadcast);
}

static int open_topic(void *context, const char *topic, uint64_t ticket)
{
    const struct pinion_pubsub *pubsub = context;
    return pinion__remote_subscribe(pubsub->remote, topic, ticket);
}

static void close_topic(void *context, const char *topic)
{
    const struct pinion_pubsub *pubsub = context;
    pinion__remote_unsubscribe(pubsub->remote, topic);
}

static const struct pinion_interest_hooks hooks = { .open = open_topic, .close = close_topic };

/* If the task is posted already, it has not run yet, and will see this too. */
static void topic_is_open(void *context, const char *topic, uint64_t ticket, bool allowed)
{
    struct pinion_pubsub *pubsub = context;
    struct pinion_slice name = pinion__slice(topic, strlen(topic));
    uint64_t told = pinion__interest_confirm(&pubsub->interest, name, ticket, allowed);
    for (unsigned i = 0; told; i++, told >>= 1) {
        struct pinion_pubsub_loop *loop = pubsub->loops[i];
        if ((told & 1) && !atomic_exchange(&loop->checking, true))
            (void)pinion__scheduler_post(loop->scheduler, &loop->check_task,
                                         0); /* it fails only at the loop's end */
    }
}

static int attach(struct pinion_pubsub *pubsub, pinion_pubsub_adapter *adapter, bool bridge)
{
    int rc = pinion__remote_new(&pubsub->remote, &(struct pinion_remote_options){
                                                     .adapter = adapter,
                                                     .bridge = bridge,
                                                     .publish = publish_from_remote,
                                                     .subscribed = topic_is_open,
                                                     .context = pubsub,
                                                 });
    if (rc)
        pinion__adapter_free(adapter);
    else if (pinion__remote_by_topic(pubsub->remote))
        pinion__interest_hook(&pubsub->interest, &hooks, pubsub);
    return rc;
}

int pinion__pubsub_attach(struct pinion_pubsub *pubsub, pinion_pubsub_adapter *adapter)
{
    return attach(pubsub, adapter, false);
}

int pinion__pubsub_attach_bridge(struct pinion_pubsub *pubsub, pinion_pubsub_adapter *adapter)
{
    return attach(pubsub, adapter, true);
}

int pinion__pubsub_start(struct pinion_pubsub *pubsub)
{
    return pubsub->remote ? pinion__remote_start(pubsub->remote) : 0;
}

void pinion__pubsub_stop(struct pinion_pubsub *pubsub)
{
    if (pubsub->remote)
        pinion__remote_stop(pubsub->remote);
}

void pinion__pubsub_receive(struct pinion_pubsub *pubsub, enum pinion_envelope_kind kind,
                            pinion_remote_receive_fn *fn, void *context)
{
    if (pubsub->remote)
        pinion__remote_receive(pubsub->remote, kind, fn, context);
}

int pinion__pubsub_send(struct pinion_pubsub *pubsub, enum pinion_envelope_kind kind, const char *node,
                        struct pinion_slice bytes)
{
    return pubsub->remote ? pinion__remote_send(pubsub->remote, kind, node, bytes) : PINION_ECLOSED;
}
