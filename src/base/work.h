/* How much work a thread does, counted instead of timed. In builds with checks, code that walks, copies or
 * scans counts about one for each node or byte. So a fuzzer finds an event or a turn that does more work than
 * its input can explain, on a machine of any speed. The application's callbacks are timed instead, in every
 * build: slow ones are logged. */
#ifndef PINION_BASE_WORK_H
#define PINION_BASE_WORK_H

#include <stddef.h>

#ifdef PINION_CHECKS

extern _Thread_local size_t pinion__work_done;

#define PINION_WORK(n) ((void)(pinion__work_done += (size_t)(n)))

/* A sentence if this thread has done more than `most` since its count was `before`, otherwise NULL. */
const char *pinion__work_check(size_t before, size_t most);

#else
#define PINION_WORK(n) ((void)0)
#endif

#endif
