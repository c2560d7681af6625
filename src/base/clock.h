/* The kernel's clock that is never set back (CLOCK_MONOTONIC). */
#ifndef PINION_BASE_CLOCK_H
#define PINION_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t pinion__clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static inline uint64_t pinion__clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The kernel's last tick: a few milliseconds off, and a tenth of the price. */
static inline uint64_t pinion__clock_coarse_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Of two times, or of two waits. */
static inline uint64_t pinion__earlier(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

#endif
