#include "endpoint/heartbeat.h"
#include "endpoint/notify.h"
#include <pthread.h>

#define BEATS 4 /* in the watchdog's time */

/* Of all loops of this process that beat. */
static struct {
    pthread_mutex_t lock;
    struct pinion_list list;
} all = { .lock = PTHREAD_MUTEX_INITIALIZER, .list = { &all.list, &all.list } };

/* Under the lock. */
static bool all_have_beaten(void)
{
    PINION_LIST_FOREACH (link, &all.list) {
        if (!PINION_CONTAINER_OF(link, struct pinion_heartbeat, link)->beaten)
            return false;
    }
    return true;
}

/* Under the lock. */
static void begin_again(void)
{
    PINION_LIST_FOREACH (link, &all.list)
        PINION_CONTAINER_OF(link, struct pinion_heartbeat, link)->beaten = false;
}

static void beat(struct pinion_timer *timer)
{
    struct pinion_heartbeat *heartbeat = PINION_CONTAINER_OF(timer, struct pinion_heartbeat, timer);
    pthread_mutex_lock(&all.lock);
    heartbeat->beaten = true;
    bool ping = all_have_beaten();
    if (ping)
        begin_again();
    pthread_mutex_unlock(&all.lock);
    if (ping)
        (void)pinion__notify("WATCHDOG=1", false); /* one that is lost is made up for by the next */
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
    pthread_mutex_lock(&all.lock);
    pinion__list_append(&all.list, &heartbeat->link);
    pthread_mutex_unlock(&all.lock);
    pinion__scheduler_timer(scheduler, &heartbeat->timer, heartbeat->interval_ms);
}

void pinion__heartbeat_stop(struct pinion_heartbeat *heartbeat)
{
    if (!heartbeat->scheduler)
        return;
    pinion__timer_cancel(&heartbeat->timer);
    pthread_mutex_lock(&all.lock);
    pinion__list_remove(&heartbeat->link);
    pthread_mutex_unlock(&all.lock);
    heartbeat->scheduler = NULL;
}
