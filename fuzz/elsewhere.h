/* A second thread, for what a target does on threads of others: in steps that the target waits for, so that
 * one input replays one run. A step sees all that the target did before. But what the target does after it
 * is not ordered behind it by the waiting: only by what the code under test does, and ThreadSanitizer sees
 * where that is not enough. */
#ifndef PINION_FUZZ_ELSEWHERE_H
#define PINION_FUZZ_ELSEWHERE_H

#include <stdbool.h>
#include <stddef.h>

/* Run step on that thread, with a copy of these bytes, and wait until it has returned. Within a step: run it
 * right here. */
void elsewhere(void (*step)(void *data), const void *data, size_t size);

/* From here on all is ordered behind the steps so far: what they used is taken back, as its contract wants.
 */
void elsewhere_take_back(void);

/* True within a step. */
bool is_elsewhere(void);

#endif
