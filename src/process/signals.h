/* Handles SIGTERM and SIGINT while a pinion_endpoint_run is running. */
#ifndef PINION_PROCESS_SIGNALS_H
#define PINION_PROCESS_SIGNALS_H

#include <signal.h>

/* The value that a supervisor adds, by sigqueue(3), to a signal that it passes on to its child. Such a signal
 * stops the process like any other, but never counts as the second one. */
#define PINION_SIGNAL_PASSED_ON 0x50494e4f

/* The first signal calls fn(context) from the signal handler, so fn may only do what is safe there. A second
 * signal ends the process at once, with status 128 + its number. Several endpoints may run in one process:
 * each is told. The first to install puts our handlers in place. The last to be removed restores the earlier
 * ones, unless the program has set others meanwhile. PINION_EBUSY: 16 are installed. Thread: any. */
int pinion__signals_install(void (*fn)(void *context), void *context);

/* fn is not called after this has returned, and is not running any more. It need not be installed. */
void pinion__signals_remove(void *context);

/* Block all signals in this thread, so that other threads get them. */
void pinion__signals_block(sigset_t *saved);
void pinion__signals_unblock(const sigset_t *saved);

#endif
