/* The errors of a Redis server, recognised by the first word of the answer: those that may pass by
 * themselves, and those that somebody must repair. */
#ifndef PINION_PUBSUB_REDIS_PROBLEM_H
#define PINION_PUBSUB_REDIS_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

struct pinion_redis_problem {
    const char *word; /* the beginning of the answer */
    bool passes;
    const char *text; /* a sentence that contains nothing of what was sent, because an answer may contain a
                         password */
};

/* Never NULL: an unknown answer counts as one that may pass. */
const struct pinion_redis_problem *pinion__redis_problem(const char *answer);

/* True: the user lacks a permission. */
bool pinion__redis_is_refusal(const char *answer);

/* The sentence for an answer. */
void pinion__redis_sentence(const char *answer, char *out, size_t size);

#endif
