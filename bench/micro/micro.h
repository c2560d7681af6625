/* A micro-benchmark: one thing done over and over, between setting up and tearing down. What counts are
 * instructions, which are the same every time; nanoseconds are printed for the curious. */
#ifndef MICRO_MICRO_H
#define MICRO_MICRO_H

#include <stddef.h>
#include <stdint.h>

struct micro {
    const char *name;    /* subject/what/how-large */
    unsigned iterations; /* of a run: enough for ten million instructions or so */
    unsigned operations; /* in an iteration; 0 means 1 */
    size_t size;         /* for the functions: bytes, subscribers */
    void (*set_up)(size_t size);
    void (*run)(unsigned iterations, size_t size);
    void (*tear_down)(void);
};

/* Those of each subject, ended by one without a name. */
extern const struct micro micro_json[];
extern const struct micro micro_serializers[];
extern const struct micro micro_ws_frames[];
extern const struct micro micro_registry[];
extern const struct micro micro_outbox[];

/* The library failed at something that it must be able to do. */
_Noreturn void micro_fail(const char *what);

static inline void micro_must(int rc, const char *what)
{
    if (rc)
        micro_fail(what);
}

/* A JSON object of `size` bytes (at least 64), as chat messages are, with members of several kinds; a new
 * string. */
char *micro_payload(size_t size);

#endif
