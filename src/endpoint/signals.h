/* SIGTERM and SIGINT, for the time of pinion_endpoint_run. */
#ifndef PINION_ENDPOINT_SIGNALS_H
#define PINION_ENDPOINT_SIGNALS_H

#include <signal.h>

/* The value that a supervisor's sigqueue(3) adds to a signal it passes on to its child. Such a signal stops
 * as any other, but never counts as the second. */
#define PINION_SIGNAL_PASSED_ON 0x50494e4f

/* What to restore afterwards. */
struct pinion_signals {
    struct sigaction term;
    struct sigaction interrupt;
};

/* The first signal calls fn(context), from the signal handler: it may do only what is safe there. A second
 * one leaves the process at once, with status 128 + its number. Several endpoints may run in one process;
 * each is told. PINION_EBUSY for more than 16 at once. */
int pinion__signals_install(struct pinion_signals *saved, void (*fn)(void *context), void *context);
void pinion__signals_restore(const struct pinion_signals *saved, void *context);

/* Block all signals in this thread, so that they go to others. */
void pinion__signals_block(sigset_t *saved);
void pinion__signals_unblock(const sigset_t *saved);

#endif
