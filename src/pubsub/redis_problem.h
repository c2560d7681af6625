/* What a Redis server refuses, told apart by the first word of its answer: what passes by itself, and what
 * somebody has to mend. */
#ifndef PINION_PUBSUB_REDIS_PROBLEM_H
#define PINION_PUBSUB_REDIS_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

struct pinion_redis_problem {
    const char *word; /* what the answer begins with */
    bool passes;
    const char *text; /* a sentence without anything that was sent: the answer may hold a password */
};

/* Never NULL: of an answer that is not known, that it may pass. */
const struct pinion_redis_problem *pinion__redis_problem(const char *answer);

/* True: the user lacks a permission. */
bool pinion__redis_is_refusal(const char *answer);

/* The sentence for an answer. */
void pinion__redis_sentence(const char *answer, char *out, size_t size);

#endif
