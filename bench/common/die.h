/* Ends a program that measures: prints what is wrong on stderr, and exits with 1. A figure that is taken
 * after a fault is worth nothing. */
#ifndef BENCH_DIE_H
#define BENCH_DIE_H

#include <stddef.h>

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Allocate, or end the program. For a count of 0 too this returns a pointer. */
void *must_calloc(size_t count, size_t size);
void *must_realloc(void *memory, size_t size);

#endif
