#include "shortage.h"
#include "memory_calls.h"
#include <stdatomic.h>
#include <stdlib.h>

/* Relaxed, so that threads are not ordered by it: ThreadSanitizer would see less. */
static struct {
    atomic_size_t first; /* the number of the first that fails, from 1 on; 0: none does */
    atomic_size_t count;
    atomic_size_t asked;
    atomic_size_t failed;
} shortage;

static _Thread_local unsigned spared;

static size_t get(const atomic_size_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

static void set(atomic_size_t *number, size_t value)
{
    atomic_store_explicit(number, value, memory_order_relaxed);
}

void shortage_begin(size_t after, size_t count)
{
    set(&shortage.asked, 0);
    set(&shortage.failed, 0);
    set(&shortage.count, count);
    set(&shortage.first, after + 1);
}

size_t shortage_end(void)
{
    set(&shortage.first, 0);
    return get(&shortage.failed);
}

size_t shortage_asked(void)
{
    return get(&shortage.asked);
}

void shortage_spare(bool spare)
{
    spared = spare ? spared + 1 : spared - 1;
}

/* Of a sanitizer, where there is one. */
__attribute__((weak)) void __sanitizer_print_stack_trace(void);

/* Which allocation was it? PINION_SHORTAGE=trace tells. */
static void trace(void)
{
    const char *wanted = getenv("PINION_SHORTAGE");
    if (wanted && __sanitizer_print_stack_trace)
        __sanitizer_print_stack_trace();
}

bool memory_call_fails(void)
{
    size_t first = get(&shortage.first);
    if (first == 0 || spared > 0)
        return false;
    size_t number = atomic_fetch_add_explicit(&shortage.asked, 1, memory_order_relaxed) + 1;
    if (number < first || number - first >= get(&shortage.count))
        return false;
    atomic_fetch_add_explicit(&shortage.failed, 1, memory_order_relaxed);
    trace();
    return true;
}
