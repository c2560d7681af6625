#include "engine/endpoint_timer.h"
#include "base/misuse.h"
#include "engine/callback.h"
#include "engine/here.h"
#include <stdlib.h>

/* The loop has a reference, until the timer's function has run or will not run; a cancel has another, until
 * the loop has heard of it. */
struct endpoint_timer {
    struct pinion_task begin_task;
    struct pinion_task end_task; /* a member, so that cancelling needs no memory */
    struct pinion_map_node by_id;
    struct pinion_list node; /* in shard->timers, once it has started */
    struct pinion_timer timer;
    struct pinion_shard *shard;
    uint64_t id;
    uint32_t delay_ms;
    atomic_uint refs;
    pinion_timer_fn *fn;
    void *data;
};

static void unref(struct endpoint_timer *timer)
{
    if (atomic_fetch_sub_explicit(&timer->refs, 1, memory_order_acq_rel) != 1)
        return;
    pinion__task_gone(&timer->begin_task);
    pinion__task_gone(&timer->end_task);
    free(timer);
}

/* ---- the table ---- */

static struct pinion_slice id_of(const struct pinion_map_node *node)
{
    const struct endpoint_timer *timer = PINION_CONTAINER_OF(node, struct endpoint_timer, by_id);
    return pinion__slice((const char *)&timer->id, sizeof timer->id);
}

int pinion__endpoint_timers_init(struct pinion_endpoint_timers *timers)
{
    pinion__map_init(&timers->map, id_of);
    timers->next_id = 1;
    return pinion__lock_init(&timers->lock, PINION_RANK_TIMERS) ? PINION_ENOMEM : 0;
}

void pinion__endpoint_timers_release(struct pinion_endpoint_timers *timers)
{
    pinion__map_release(&timers->map);
    pinion__lock_destroy(&timers->lock);
}

static int put(struct pinion_endpoint_timers *timers, struct endpoint_timer *timer)
{
    int rc = PINION_EBUSY;
    pinion__lock(&timers->lock);
    timer->id = timers->next_id++;
    if (timers->map.count < timers->max)
        rc = pinion__map_insert(&timers->map, &timer->by_id, pinion__hash(id_of(&timer->by_id)));
    pinion__unlock(&timers->lock);
    return rc;
}

/* Take the timer of this id out of the table. The caller decides what becomes of it, and has a reference of
 * its own. NULL: it is not there any more. */
static struct endpoint_timer *take(struct pinion_endpoint_timers *timers, uint64_t id)
{
    struct pinion_slice name = pinion__slice((const char *)&id, sizeof id);
    pinion__lock(&timers->lock);
    struct pinion_map_node *node = pinion__map_find(&timers->map, name, pinion__hash(name));
    struct endpoint_timer *timer = node ? PINION_CONTAINER_OF(node, struct endpoint_timer, by_id) : NULL;
    if (timer) {
        pinion__map_remove(&timers->map, node);
        atomic_fetch_add_explicit(&timer->refs, 1, memory_order_relaxed);
    }
    pinion__unlock(&timers->lock);
    return timer;
}

/* ---- on the loop ---- */

/* Call its function, unless it was cancelled. The loop lets go of it. */
static void finish(struct endpoint_timer *timer, int status)
{
    struct pinion_shard *shard = timer->shard;
    struct pinion_callback callback = { .name = "a timer", .off_loop = "pinion_endpoint_work" };
    pinion__timer_cancel(&timer->timer);
    pinion__list_remove(&timer->node);
    if (take(&shard->hub->timers, timer->id)) {
        pinion__callback_enter(shard, &callback);
        timer->fn(pinion__endpoint_of(shard->hub), status, timer->data);
        pinion__callback_leave(shard);
        unref(timer);
    }
    unref(timer);
}

static void fire(struct pinion_timer *base)
{
    finish(PINION_CONTAINER_OF(base, struct endpoint_timer, timer), 0);
}

static void begin(struct endpoint_timer *timer)
{
    pinion__list_append(&timer->shard->timers, &timer->node);
    pinion__scheduler_timer(timer->shard->scheduler, &timer->timer, timer->delay_ms);
}

static void run_begin(struct pinion_task *task)
{
    struct endpoint_timer *timer = PINION_CONTAINER_OF(task, struct endpoint_timer, begin_task);
    if (timer->shard->timers_over)
        finish(timer, PINION_ECLOSED);
    else
        begin(timer);
}

/* It was cancelled. */
static void run_end(struct pinion_task *task)
{
    struct endpoint_timer *timer = PINION_CONTAINER_OF(task, struct endpoint_timer, end_task);
    if (!pinion__list_empty(&timer->node))
        finish(timer, 0);
    unref(timer);
}

void pinion__endpoint_timers_end(struct pinion_shard *shard)
{
    shard->timers_over = true;
    while (!pinion__list_empty(&shard->timers))
        finish(PINION_CONTAINER_OF(shard->timers.next, struct endpoint_timer, node), PINION_ECLOSED);
}

/* ---- public ---- */

/* Start it here, or have its loop start it. */
static int hand_over(struct endpoint_timer *timer)
{
    if (pinion__hub_here(timer->shard->hub) != timer->shard)
        return pinion__scheduler_post(timer->shard->scheduler, &timer->begin_task, 0);
    if (timer->shard->timers_over)
        return PINION_ECLOSED;
    begin(timer);
    return 0;
}

static struct endpoint_timer *timer_new(struct pinion_shard *shard, uint32_t delay_ms, pinion_timer_fn *fn,
                                        void *data)
{
    struct endpoint_timer *timer = calloc(1, sizeof *timer);
    if (!timer)
        return NULL;
    atomic_init(&timer->refs, 1);
    pinion__list_init(&timer->node);
    pinion__timer_init(&timer->timer, fire);
    timer->begin_task.run = run_begin;
    timer->end_task.run = run_end;
    timer->shard = shard;
    timer->delay_ms = delay_ms;
    timer->fn = fn;
    timer->data = data;
    return timer;
}

static int refuse(const struct pinion_hub *hub, unsigned loop, int code)
{
    if (code == PINION_EBUSY)
        return pinion__fail(code, "pinion_endpoint_send_after: there are %zu timers (max_timers)",
                            hub->timers.max);
    if (code == PINION_ECLOSED)
        return pinion__fail(code, "pinion_endpoint_send_after: loop %u has ended", loop);
    return code;
}

static int set(struct pinion_hub *hub, unsigned loop, uint32_t delay_ms, pinion_timer_fn *fn, void *data,
               uint64_t *id)
{
    if (loop >= hub->shard_count)
        return pinion__fail(PINION_EINVAL, "there is no loop %u: the endpoint has %u, counted from 0", loop,
                            hub->shard_count);
    struct endpoint_timer *timer = timer_new(hub->shards[loop], delay_ms, fn, data);
    int rc = timer ? put(&hub->timers, timer) : PINION_ENOMEM;
    if (rc) {
        free(timer);
        return refuse(hub, loop, rc);
    }
    uint64_t own = timer->id; /* it may have fired when hand_over returns */
    if (id)
        *id = own;
    rc = hand_over(timer);
    if (!rc)
        return 0;
    if (take(&hub->timers, own))
        unref(timer);
    unref(timer);
    return refuse(hub, loop, rc);
}

int pinion_endpoint_send_after(pinion_endpoint *endpoint, unsigned loop, uint32_t delay_ms,
                               pinion_timer_fn *fn, void *data, uint64_t *timer)
{
    PINION_NEEDED(endpoint);
    PINION_NEEDED(fn);
    PINION_RETURN(set(pinion__hub_of(endpoint), loop, delay_ms, fn, data, timer));
}

bool pinion_endpoint_cancel_timer(pinion_endpoint *endpoint, uint64_t timer)
{
    PINION_NEED(endpoint, return false);
    struct endpoint_timer *own = take(&pinion__hub_of(endpoint)->timers, timer);
    if (!own)
        return false;
    if (pinion__scheduler_post(own->shard->scheduler, &own->end_task, 0) != 0)
        unref(own); /* the loop ends, and lets go of it itself */
    return true;
}
