/* Structs that a program and this library both know, perhaps from headers of different releases. One of the
 * two may be longer. The members that both have are the same (pinion/version.h). */
#ifndef PINION_BASE_SIZED_H
#define PINION_BASE_SIZED_H

#include <stddef.h>

/* Copy a program's struct of `size` bytes into ours of `full` bytes. The members it does not have become
 * zero; if `theirs` is NULL, all do. PINION_EINVAL, with a sentence about `name`: the program has set members
 * that we do not know. The members that we know are copied nevertheless. */
int pinion__sized_take(void *ours, size_t full, const void *theirs, size_t size, const char *name);

/* Only the check. */
int pinion__sized_check(size_t full, const void *theirs, size_t size, const char *name);

/* Copy as much of our struct as the program has room for. The members that we do not know become zero. */
void pinion__sized_give(void *theirs, size_t size, const void *ours, size_t full);

/* PINION_TAKE(pinion_x_options, &ours, theirs, size) */
#define PINION_TAKE(type, ours, theirs, size)                                                                \
    pinion__sized_take((type *){ ours }, sizeof(type), (const type *){ theirs }, size, #type)

#endif
