/* The watchdog's pings of this process (WATCHDOG=1, see notify.h). All loops of the process, whatever their
 * endpoint, make them together: each loop beats from a timer, four times in the watchdog's time, and a ping
 * is sent whenever all have beaten since the last one. So a loop that hangs stops the pings, and loops that
 * run make at least two in the watchdog's time. Without a watchdog this costs nothing. */
#ifndef PINION_PROCESS_HEARTBEAT_H
#define PINION_PROCESS_HEARTBEAT_H

#include "base/list.h"
#include "base/scheduler.h"

/* A loop's part. All zero: it does not beat. */
struct pinion_heartbeat {
    struct pinion_list link; /* in the process's list */
    struct pinion_timer timer;
    struct pinion_scheduler *scheduler;
    uint64_t interval_ms;
    bool beaten; /* since the last ping */
};

/* Begin to beat if `watchdog_us` is not 0. Thread: the scheduler's, as for pinion__heartbeat_stop. */
void pinion__heartbeat_start(struct pinion_heartbeat *heartbeat, struct pinion_scheduler *scheduler,
                             uint64_t watchdog_us);

/* Stop beating: pings no longer wait for this loop. This does nothing if it does not beat. */
void pinion__heartbeat_stop(struct pinion_heartbeat *heartbeat);

#endif
