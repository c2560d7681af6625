#include "actor/monitor.h"
#include "actor/idle.h"
#include "actor/mail.h"
#include "base/multimap.h"
#include "engine/channel.h"
#include "engine/here.h"
#include "engine/ref.h"
#include <stdlib.h>

struct monitor {
    struct pinion_task begin_task;              /* to the channel's loop */
    struct pinion_task down_task;               /* back to the actor's */
    struct pinion_task end_task;                /* to the channel's loop: the actor hears nothing any more */
    struct pinion_list node;                    /* in extra->monitors; the actor's loop's */
    struct pinion_actor *actor;                 /* referenced */
    struct pinion_actor_info *info;             /* "down"; the actor's loop's */
    struct pinion_scheduler *channel_scheduler; /* referenced */
    struct pinion_anchor *channel;              /* referenced */
    struct pinion_multimap_node by_channel;     /* while it watches; the channel's loop's, as the two below */
    struct pinion_actors_loop *watching;        /* NULL: it does not */
    uint64_t channel_id;
    uint64_t number;
    uint8_t reason; /* a pinion_reason: why the channel ended; set before the down task is posted */
    atomic_uint refs;
};

static void unref(struct monitor *monitor)
{
    if (atomic_fetch_sub_explicit(&monitor->refs, 1, memory_order_acq_rel) != 1)
        return;
    pinion__task_gone(&monitor->begin_task);
    pinion__task_gone(&monitor->down_task);
    pinion__task_gone(&monitor->end_task);
    pinion__list_gone(&monitor->node);
    pinion__anchor_unref(monitor->channel);
    pinion__scheduler_unref(monitor->channel_scheduler);
    pinion__actor_unref(monitor->actor);
    free(monitor);
}

/* Run a task on a loop: at once, if this is the one. An error: the loop has ended. */
static int run_on(struct pinion_scheduler *scheduler, struct pinion_task *task)
{
    if (!pinion__scheduler_is_here(scheduler))
        return pinion__scheduler_post(scheduler, task, 0);
    task->run(task);
    return 0;
}

/* ---- on the actor's loop ---- */

/* The actor's part is over. */
static void forget(struct monitor *monitor)
{
    struct pinion_actor *actor = monitor->actor;
    pinion__list_remove(&monitor->node);
    if (pinion__list_empty(&actor->extra->monitors) && actor->state_of_life == PINION_ACTOR_RUNNING)
        pinion__actor_idle_start(actor);
    if (monitor->info)
        monitor->info->mail.destroy(&monitor->info->mail);
    unref(monitor);
}

static void run_down(struct pinion_task *task)
{
    struct monitor *monitor = PINION_CONTAINER_OF(task, struct monitor, down_task);
    struct pinion_actor_info *info = monitor->info;
    if (!pinion__list_empty(&monitor->node)) {
        monitor->info = NULL;
        info->reason = (pinion_reason)monitor->reason;
        pinion__actor_mail_put(monitor->actor, &info->mail, pinion__actor_info_bytes(info));
        forget(monitor);
    }
    unref(monitor);
}

/* ---- on the channel's loop ---- */

/* The channel's part is over: its reference goes with the task. */
static void go_down(struct monitor *monitor, pinion_reason reason)
{
    monitor->reason = (uint8_t)reason;
    if (run_on(monitor->actor->scheduler, &monitor->down_task) != 0)
        unref(monitor);
}

static struct pinion_slice id_of(const struct pinion_map_node *node)
{
    const struct pinion_multimap_node *own = PINION_CONTAINER_OF(node, struct pinion_multimap_node, first);
    const struct monitor *monitor = PINION_CONTAINER_OF(own, struct monitor, by_channel);
    return pinion__slice((const char *)&monitor->channel_id, sizeof monitor->channel_id);
}

void pinion__monitors_init(struct pinion_actors_loop *loop)
{
    pinion__map_init(&loop->watched, id_of);
}

static void run_begin(struct pinion_task *task)
{
    struct monitor *monitor = PINION_CONTAINER_OF(task, struct monitor, begin_task);
    struct pinion_channel *channel = monitor->channel->target;
    if (!channel || !channel->socket->shard->hub->actors) {
        go_down(monitor, PINION_REASON_CLOSED);
        return;
    }
    struct pinion_actors_loop *loop = pinion__actors_loop(channel->socket->shard);
    monitor->channel_id = channel->id;
    struct pinion_slice id = pinion__slice((const char *)&channel->id, sizeof channel->id);
    if (pinion__multimap_add(&loop->watched, &monitor->by_channel, pinion__hash(id)) != 0) {
        go_down(monitor,
                PINION_REASON_CLOSED); /* without memory it cannot watch: it takes the channel for ended */
        return;
    }
    monitor->watching = loop;
    channel->watched |= PINION_WATCHED_BY_ACTORS;
}

static void unwatch(struct monitor *monitor)
{
    pinion__multimap_remove(&monitor->watching->watched, &monitor->by_channel);
    monitor->watching = NULL;
}

void pinion__monitors_channel_ended(const struct pinion_channel *channel)
{
    struct pinion_actors_loop *loop = pinion__actors_loop(channel->socket->shard);
    struct pinion_slice id = pinion__slice((const char *)&channel->id, sizeof channel->id);
    if (!(channel->watched & PINION_WATCHED_BY_ACTORS))
        return;
    struct pinion_multimap_node *node;
    while ((node = pinion__multimap_find(&loop->watched, id, pinion__hash(id)))) {
        struct monitor *monitor = PINION_CONTAINER_OF(node, struct monitor, by_channel);
        unwatch(monitor);
        go_down(monitor, (pinion_reason)channel->reason);
    }
}

static void run_end(struct pinion_task *task)
{
    struct monitor *monitor = PINION_CONTAINER_OF(task, struct monitor, end_task);
    if (monitor->watching) {
        unwatch(monitor);
        unref(monitor);
    }
    unref(monitor);
}

/* ---- the actor hears nothing any more ---- */

static void end(struct monitor *monitor)
{
    atomic_fetch_add_explicit(&monitor->refs, 1, memory_order_relaxed);
    forget(monitor);
    if (run_on(monitor->channel_scheduler, &monitor->end_task) != 0)
        unref(monitor); /* the loop has ended, and its part is over */
}

void pinion__actor_monitors_release(struct pinion_actor *actor)
{
    if (!actor->extra)
        return;
    PINION_LIST_FOREACH_SAFE (node, &actor->extra->monitors)
        end(PINION_CONTAINER_OF(node, struct monitor, node));
}

/* ---- public ---- */

static struct monitor *monitor_new(struct pinion_actor *actor, const pinion_ref *who)
{
    struct monitor *monitor = calloc(1, sizeof *monitor);
    struct pinion_actor_info *info = monitor ? pinion__actor_info_new("down", NULL, NULL, NULL) : NULL;
    if (!info) {
        free(monitor);
        return NULL;
    }
    atomic_init(&monitor->refs, 2);
    pinion__list_init(&monitor->node);
    monitor->begin_task.run = run_begin;
    monitor->down_task.run = run_down;
    monitor->end_task.run = run_end;
    monitor->actor = pinion__actor_ref(actor);
    monitor->channel_scheduler = pinion__scheduler_ref(who->scheduler);
    monitor->channel = pinion__anchor_ref(who->channel);
    monitor->info = info;
    monitor->number = info->monitor = actor->extra->next_monitor++;
    return monitor;
}

static int begin(struct pinion_actor *actor, const pinion_ref *who, uint64_t *number)
{
    static const char call[] = "pinion_actor_monitor";
    if (!who->channel)
        return pinion__actor_refuse(
            actor, call, NULL, NULL, PINION_EINVAL,
            "the ref is of a socket, and not of a channel: make it with pinion_ref_new");
    if (actor->state_of_life >= PINION_ACTOR_ENDING)
        return pinion__actor_refuse(actor, call, NULL, NULL, PINION_ECLOSED, PINION_ACTOR_ENDS);
    struct monitor *monitor = pinion__actor_extra(actor) ? monitor_new(actor, who) : NULL;
    if (!monitor)
        return PINION_ENOMEM;
    pinion__list_append(&actor->extra->monitors, &monitor->node);
    pinion__actor_idle_stop(actor);
    if (number)
        *number = monitor->number;
    if (run_on(monitor->channel_scheduler, &monitor->begin_task) != 0)
        go_down(monitor, PINION_REASON_CLOSED); /* its loop has ended, and the channel with it */
    return 0;
}

int pinion_actor_monitor(pinion_actor *actor, const pinion_ref *who, uint64_t *monitor)
{
    PINION_NEEDED(actor);
    PINION_NEEDED(who);
    PINION_ON_LOOP_OF_ACTOR(actor, return PINION_EINVAL);
    PINION_RETURN(begin(actor, who, monitor));
}

bool pinion_actor_demonitor(pinion_actor *actor, uint64_t number)
{
    PINION_NEED(actor, return false);
    PINION_CHECK_ON_LOOP_OF_ACTOR(actor);
    if (!actor->extra)
        return false;
    PINION_LIST_FOREACH (node, &actor->extra->monitors) {
        struct monitor *monitor = PINION_CONTAINER_OF(node, struct monitor, node);
        if (monitor->number == number) {
            end(monitor);
            return true;
        }
    }
    return false;
}
