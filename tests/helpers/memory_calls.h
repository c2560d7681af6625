/* The allocations of a program, led through a question: whoever links memory_calls.c (wrap_memory, in
 * tests/helpers/memory_calls.cmake) says which of them fail. Those of the library and of jansson are meant,
 * and the program's own; libuv's, OpenSSL's and those of the C library are not: how these take it is theirs.
 */
#ifndef TESTS_HELPERS_MEMORY_CALLS_H
#define TESTS_HELPERS_MEMORY_CALLS_H

#include <stdbool.h>
#include <stddef.h>

/* The program's: does the allocation that is asked for now fail? Thread: any. */
bool memory_call_fails(void);

/* Memory that is not asked about; for free(). */
void *memory_call_spared(size_t size);

#endif
