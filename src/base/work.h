/* How much a thread does, counted and not timed: in builds with checks, what walks, copies or scans says how
 * far, about one for each node or byte. So a fuzzer sees an event or a turn that holds a loop for longer than
 * what came can explain, on a machine of any speed. The application's callbacks are timed, in every build:
 * the log tells of slow ones. */
#ifndef PINION_BASE_WORK_H
#define PINION_BASE_WORK_H

#include <stddef.h>

#ifdef PINION_CHECKS

extern _Thread_local size_t pinion__work_done;

#define PINION_WORK(n) ((void)(pinion__work_done += (size_t)(n)))

/* NULL, or a sentence: this thread has done more than `most` since it had done `before`. */
const char *pinion__work_check(size_t before, size_t most);

#else
#define PINION_WORK(n) ((void)0)
#endif

#endif
