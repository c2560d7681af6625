#include "base/delays.h"
#include "base/scheduler.h"
#include <pinion/error.h>
#include <stdlib.h>

struct delay {
    struct pinion_timer timer;
    struct pinion_list node; /* in delays->list */
    struct pinion_delays *delays;
    struct pinion_delayed delayed;
    uint64_t id;
};

void pinion__delays_init(struct pinion_delays *delays)
{
    pinion__list_init(&delays->list);
    delays->count = 0;
    delays->next_id = 1;
}

/* Take its message out. */
static struct pinion_delayed end(struct delay *delay)
{
    struct pinion_delayed delayed = delay->delayed;
    pinion__timer_cancel(&delay->timer);
    pinion__list_remove(&delay->node);
    delay->delays->count--;
    free(delay);
    return delayed;
}

static void drop(struct delay *delay)
{
    struct pinion_delayed delayed = end(delay);
    delayed.drop(delayed.message);
}

static void fire(struct pinion_timer *timer)
{
    struct pinion_delayed delayed = end(PINION_CONTAINER_OF(timer, struct delay, timer));
    delayed.due(delayed.owner, delayed.message);
}

int pinion__delays_add(struct pinion_delays *delays, const struct pinion_delayed *delayed,
                       struct pinion_scheduler *scheduler, uint32_t delay_ms, uint64_t *id)
{
    struct delay *delay = delayed->message ? calloc(1, sizeof *delay) : NULL;
    if (!delay) {
        if (delayed->message)
            delayed->drop(delayed->message);
        return PINION_ENOMEM;
    }
    delay->delays = delays;
    delay->delayed = *delayed;
    delay->id = delays->next_id++;
    pinion__timer_init(&delay->timer, fire);
    pinion__list_append(&delays->list, &delay->node);
    delays->count++;
    if (id)
        *id = delay->id;
    if (delay_ms == 0)
        fire(&delay->timer);
    else
        pinion__scheduler_timer(scheduler, &delay->timer, delay_ms);
    return 0;
}

bool pinion__delays_cancel(struct pinion_delays *delays, uint64_t id)
{
    PINION_LIST_FOREACH (node, &delays->list) {
        struct delay *delay = PINION_CONTAINER_OF(node, struct delay, node);
        if (delay->id == id) {
            drop(delay);
            return true;
        }
    }
    return false;
}

void pinion__delays_release(struct pinion_delays *delays)
{
    PINION_LIST_FOREACH_SAFE (node, &delays->list)
        drop(PINION_CONTAINER_OF(node, struct delay, node));
}
