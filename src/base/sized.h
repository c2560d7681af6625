/* Structs that a program and this library both know, perhaps from headers of different releases: one is
 * longer than the other, and where both have something they agree (pinion/version.h). */
#ifndef PINION_BASE_SIZED_H
#define PINION_BASE_SIZED_H

#include <stddef.h>

/* Take what a program has filled in, `size` bytes as it knows the struct, into ours of `full` bytes. What it
 * does not have is zero, and all is when theirs is NULL. PINION_EINVAL, with a sentence about `name`: the
 * program has more than we know, and some of that is set; what we know is taken all the same. */
int pinion__sized_take(void *ours, size_t full, const void *theirs, size_t size, const char *name);

/* The check alone. */
int pinion__sized_check(size_t full, const void *theirs, size_t size, const char *name);

/* Give a program as much of ours as it has room for. What it knows and we do not is zero. */
void pinion__sized_give(void *theirs, size_t size, const void *ours, size_t full);

/* PINION_TAKE(pinion_x_options, &ours, theirs, size) */
#define PINION_TAKE(type, ours, theirs, size)                                                                \
    pinion__sized_take((type *){ ours }, sizeof(type), (const type *){ theirs }, size, #type)

#endif
