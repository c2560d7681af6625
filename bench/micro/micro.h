/* A micro-benchmark does one thing over and over, between setting up and tearing down. Its instructions
 * count, which are the same every time. Nanoseconds are printed for interest only. */
#ifndef MICRO_MICRO_H
#define MICRO_MICRO_H

#include <stddef.h>
#include <stdint.h>

struct micro {
    const char *name;    /* subject/what/how-large */
    unsigned iterations; /* of one run: enough for about ten million instructions */
    unsigned operations; /* in one iteration; 0 means 1 */
    size_t size;         /* passed to the functions: bytes, or subscribers */
    void (*set_up)(size_t size);
    void (*run)(unsigned iterations, size_t size);
    void (*tear_down)(void);
};

/* The micro-benchmarks of each subject. One without a name ends them. */
extern const struct micro micro_json[];
extern const struct micro micro_serializers[];
extern const struct micro micro_ws_frames[];
extern const struct micro micro_registry[];
extern const struct micro micro_outbox[];

/* End the program: the library could not do what it must be able to do. */
_Noreturn void micro_fail(const char *what);

static inline void micro_must(int rc, const char *what)
{
    if (rc)
        micro_fail(what);
}

/* A new string with a JSON object of `size` bytes (at least 64). It is like a chat message, with members of
 * several kinds. */
char *micro_payload(size_t size);

#endif
