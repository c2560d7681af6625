/* Scenarios in which memory runs out: each is played again and again, and each time another one of its
 * allocations fails. It may come to less then, but never to a leak, an abort or a wait without end; and after
 * all that it comes to everything again, in the same process.
 *
 * All allocations have their turn where PINION_SWEEP is "all", else two of a hundred, by chance, and a few at
 * least. What is chosen is said with its seed; PINION_SEED repeats it.
 */
#ifndef TESTS_SWEEP_SWEEP_H
#define TESTS_SWEEP_SWEEP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* From nothing to nothing. 0: all worked; else what did not first, and it has given back what it had.
 * Allocations on all of its threads count, but for those within shortage_spare. */
typedef int sweep_fn(void *data);

void sweep(const char *name, sweep_fn *scenario, void *data);

#endif
