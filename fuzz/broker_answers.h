/* The bytes that a simulated server (redis_server.c, nats_server.c) still has to send on a connection. */
#ifndef PINION_FUZZ_BROKER_ANSWERS_H
#define PINION_FUZZ_BROKER_ANSWERS_H

#include "base/buf.h"

struct broker_answers {
    struct pinion_buf bytes;
    size_t sent; /* bytes of them that were sent */
};

void answers_init(struct broker_answers *answers);
void answers_add(struct broker_answers *answers, const char *text);

size_t answers_left(const struct broker_answers *answers);

/* Send at most this many bytes, as far as there is room. */
void answers_send(struct broker_answers *answers, int fd, size_t most);

/* Cut the last answer, which begins at `begin`, in half, or repeat it. */
void answers_halve(struct broker_answers *answers, size_t begin);
void answers_repeat(struct broker_answers *answers, size_t begin);

#endif
