/* A second thread, for what a target does on other threads. It runs in steps that the target waits for, so
 * that one input always gives the same run. A step sees everything that the target did before. But waiting
 * does not order what the target does after a step: only the code under test does, and ThreadSanitizer finds
 * where that is not enough. */
#ifndef PINION_FUZZ_ELSEWHERE_H
#define PINION_FUZZ_ELSEWHERE_H

#include <stdbool.h>
#include <stddef.h>

/* Run step on that thread with a copy of these bytes, and wait until it has returned. Inside a step it is run
 * directly. */
void elsewhere(void (*step)(void *data), const void *data, size_t size);

/* From here on everything is ordered after the steps so far: what they used is taken back, as its contract
 * requires. */
void elsewhere_take_back(void);

/* True inside a step. */
bool is_elsewhere(void);

#endif
