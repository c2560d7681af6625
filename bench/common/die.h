/* The end of a program that measures: what is wrong, on stderr, and exit 1. A figure taken after a fault
 * would be no figure. */
#ifndef BENCH_DIE_H
#define BENCH_DIE_H

#include <stddef.h>

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Memory, or the end. A count of 0 gives a pointer all the same. */
void *must_calloc(size_t count, size_t size);
void *must_realloc(void *memory, size_t size);

#endif
