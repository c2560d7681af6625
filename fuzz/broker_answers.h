/* What a played server (redis_server.c, nats_server.c) has yet to send on a connection. */
#ifndef PINION_FUZZ_BROKER_ANSWERS_H
#define PINION_FUZZ_BROKER_ANSWERS_H

#include "base/buf.h"

struct broker_answers {
    struct pinion_buf bytes;
    size_t sent; /* of them */
};

void answers_init(struct broker_answers *answers);
void answers_add(struct broker_answers *answers, const char *text);

size_t answers_left(const struct broker_answers *answers);

/* So many bytes at most, as far as there is room. */
void answers_send(struct broker_answers *answers, int fd, size_t most);

/* The last one, which begins there, loses a half, or comes once more. */
void answers_halve(struct broker_answers *answers, size_t begin);
void answers_repeat(struct broker_answers *answers, size_t begin);

#endif
