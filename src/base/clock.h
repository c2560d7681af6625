/* The kernel's clock that is never set back: CLOCK_MONOTONIC. */
#ifndef PINION_BASE_CLOCK_H
#define PINION_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t pinion__clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

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

/* The time of the kernel's last tick: up to a few milliseconds old, at a tenth of the cost. */
static inline uint64_t pinion__clock_coarse_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static inline uint64_t pinion__clock_coarse_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The time `ms` from now, in the form that pinion__lock_wait_until takes. */
static inline struct timespec pinion__clock_in_ms(uint64_t ms)
{
    struct timespec then;
    clock_gettime(CLOCK_MONOTONIC, &then);
    uint64_t ns = (uint64_t)then.tv_nsec + ms % 1000 * 1000000;
    then.tv_sec += (time_t)(ms / 1000 + ns / 1000000000);
    then.tv_nsec = (long)(ns % 1000000000);
    return then;
}

/* The smaller of two times or of two durations. */
static inline uint64_t pinion__earlier(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

#endif
