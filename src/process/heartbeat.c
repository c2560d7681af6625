#include "process/heartbeat.h"
#include "base/lock.h"
#include "process/notify.h"

#define BEATS 4 /* in the watchdog's time */

/* The heartbeats of all loops of this process. */
static struct {
    struct pinion_lock lock;
    struct pinion_list list;
} all = { .lock = PINION_LOCK(HEARTBEATS), .list = { &all.list, &all.list } };

/* The caller holds the lock. */
static bool all_have_beaten(void)
{
    PINION_LIST_FOREACH (link, &all.list) {
        if (!PINION_CONTAINER_OF(link, struct pinion_heartbeat, link)->beaten)
            return false;
    }
    return true;
}

/* The caller holds the lock. */
static void begin_again(void)
{
    PINION_LIST_FOREACH (link, &all.list)
        PINION_CONTAINER_OF(link, struct pinion_heartbeat, link)->beaten = false;
}

static void beat(struct pinion_timer *timer)
{
    struct pinion_heartbeat *heartbeat = PINION_CONTAINER_OF(timer, struct pinion_heartbeat, timer);
    pinion__lock(&all.lock);
    heartbeat->beaten = true;
    bool ping = all_have_beaten();
    if (ping)
        begin_again();
    pinion__unlock(&all.lock);
    if (ping)
        (void)pinion__notify("WATCHDOG=1", false); /* if one is lost, the next one follows soon */
    pinion__scheduler_timer(heartbeat->scheduler, timer, heartbeat->interval_ms);
}

void pinion__heartbeat_start(struct pinion_heartbeat *heartbeat, struct pinion_scheduler *scheduler,
                             uint64_t watchdog_us)
{
    if (watchdog_us == 0)
        return;
    heartbeat->scheduler = scheduler;
    heartbeat->interval_ms = watchdog_us < BEATS * 1000 ? 1 : watchdog_us / (BEATS * 1000);
    pinion__timer_init(&heartbeat->timer, beat);
    pinion__lock(&all.lock);
    pinion__list_append(&all.list, &heartbeat->link);
    pinion__unlock(&all.lock);
    pinion__scheduler_timer(scheduler, &heartbeat->timer, heartbeat->interval_ms);
}

void pinion__heartbeat_stop(struct pinion_heartbeat *heartbeat)
{
    if (!heartbeat->scheduler)
        return;
    pinion__timer_cancel(&heartbeat->timer);
    pinion__lock(&all.lock);
    pinion__list_remove(&heartbeat->link);
    pinion__unlock(&all.lock);
    heartbeat->scheduler = NULL;
}
