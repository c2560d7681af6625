/* A time in which memory is short: after so many allocations, on any thread, so many fail. */
#ifndef TESTS_HELPERS_SHORTAGE_H
#define TESTS_HELPERS_SHORTAGE_H

#include <stdbool.h>
#include <stddef.h>

/* From now on `after` allocations succeed, then `count` fail, then all succeed again. */
void shortage_begin(size_t after, size_t count);

/* None fails any more. Returns how many did. */
size_t shortage_end(void);

/* Allocations that were asked for since it began. */
size_t shortage_asked(void);

/* Those of this thread are not meant until it is taken back: for what is the test's own. Calls nest. */
void shortage_spare(bool spare);

#endif
