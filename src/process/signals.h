/* SIGTERM and SIGINT, for as long as a pinion_endpoint_run goes on. */
#ifndef PINION_PROCESS_SIGNALS_H
#define PINION_PROCESS_SIGNALS_H

#include <signal.h>

/* The value that a supervisor's sigqueue(3) adds to a signal it passes on to its child. Such a signal stops
 * as any other, but never counts as the second. */
#define PINION_SIGNAL_PASSED_ON 0x50494e4f

/* The first signal calls fn(context), from the signal handler: it may do only what is safe there. A second
 * one leaves the process at once, with status 128 + its number. Several endpoints may run in one process:
 * each is told, whichever was installed first or last. The first to install puts our handlers in place, the
 * last to be removed puts back those of before, unless the program has set others meanwhile. PINION_EBUSY for
 * more than 16 at once. Thread: any. */
int pinion__signals_install(void (*fn)(void *context), void *context);

/* fn is not called any more, nor is it still running. Harmless for one that is not installed. */
void pinion__signals_remove(void *context);

/* Block all signals in this thread, so that they go to others. */
void pinion__signals_block(sigset_t *saved);
void pinion__signals_unblock(const sigset_t *saved);

#endif
