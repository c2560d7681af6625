/* What the code under test takes from the heap, on all threads: counted, and refused when a test wants to see
 * what happens then. A test that includes this is linked so that allocations of the library and of itself
 * come here
 * (--wrap, in tests/CMakeLists.txt).
 */
#ifndef TESTS_HELPERS_HEAP_H
#define TESTS_HELPERS_HEAP_H

#include "base/quarantine.h"
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

static struct {
    atomic_size_t calls;  /* that took memory */
    atomic_size_t blocks; /* in use */
    atomic_size_t bytes;  /* that the blocks have room for */
    atomic_size_t left;   /* how many more calls succeed */
    atomic_bool limited;
} heap;

/* Builds with checks keep freed payloads for a while: let go of them. */
static inline void heap_settle(void)
{
#ifdef PINION_CHECKS
    pinion__blocks_forget();
#endif
}

/* Let only so many more calls succeed. */
static inline void heap_limit(size_t calls)
{
    heap.left = calls;
    heap.limited = true;
}

static inline void heap_unlimit(void)
{
    heap.limited = false;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

static inline bool heap_refuses(void)
{
    if (!heap.limited)
        return false;
    if (heap.left == 0)
        return true;
    heap.left -= 1;
    return false;
}

static inline void *heap_took(void *memory)
{
    heap.calls += 1;
    heap.blocks += memory != NULL;
    heap.bytes += malloc_usable_size(memory);
    return memory;
}

static inline void heap_gave(void *memory)
{
    heap.blocks -= memory != NULL;
    heap.bytes -= malloc_usable_size(memory);
}

/* Bytes in use, with what the allocator keeps of each block (glibc: a word). */
static inline size_t heap_in_use(void)
{
    return heap.bytes + heap.blocks * sizeof(size_t);
}

void *__wrap_malloc(size_t size)
{
    return heap_refuses() ? NULL : heap_took(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return heap_refuses() ? NULL : heap_took(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (heap_refuses())
        return NULL;
    heap_gave(memory);
    return heap_took(__real_realloc(memory, size));
}

void __wrap_free(void *memory)
{
    heap_gave(memory);
    __real_free(memory);
}

#endif
