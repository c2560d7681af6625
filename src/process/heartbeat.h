/* The watchdog's pings of this process (WATCHDOG=1, see notify.h), made by its loops together: each beats
 * from a timer of its own, four times in the watchdog's time, and there is a ping whenever all of them,
 * whatever their endpoint, have beaten since the last. So a loop that hangs stops the pings, and loops that
 * turn make two or more in the watchdog's time. Where nobody watches none of this costs anything. */
#ifndef PINION_PROCESS_HEARTBEAT_H
#define PINION_PROCESS_HEARTBEAT_H

#include "base/list.h"
#include "base/scheduler.h"

/* One loop's part. All zero is one that does not beat. */
struct pinion_heartbeat {
    struct pinion_list link; /* among those of the process */
    struct pinion_timer timer;
    struct pinion_scheduler *scheduler;
    uint64_t interval_ms;
    bool beaten; /* since the last ping */
};

/* Begin to beat, when `watchdog_us` is not 0. Thread: the scheduler's, as for stop. */
void pinion__heartbeat_start(struct pinion_heartbeat *heartbeat, struct pinion_scheduler *scheduler,
                             uint64_t watchdog_us);

/* Beat no more: the others' pings wait for this one no longer. Harmless when it does not beat. */
void pinion__heartbeat_stop(struct pinion_heartbeat *heartbeat);

#endif
