/* What waits for a client of long polling until it polls: frames, each already the JSON string that it is in
 * an answer. What limits count is what they were before that, so that quotes in them cost nothing. */
#ifndef PINION_TRANSPORT_LONGPOLL_QUEUE_H
#define PINION_TRANSPORT_LONGPOLL_QUEUE_H

#include "base/buf.h"
#include "base/frame.h"

/* All zero: empty. */
struct pinion_longpoll_queue {
    struct pinion_frame **frames;
    size_t count;
    size_t cap;
    size_t memory; /* that all of them take, by _frame_memory */
};

/* A frame as the string that it is in an answer, once for all who get it; one that is no text stays as it is.
 * Takes the caller's reference. NULL when out of memory. */
struct pinion_frame *pinion__longpoll_quote(struct pinion_frame *encoded);

/* What a quoted frame counts while it waits. */
size_t pinion__longpoll_frame_memory(struct pinion_frame *quoted);

/* Append, with a reference of its own. PINION_ENOMEM. */
int pinion__longpoll_queue_put(struct pinion_longpoll_queue *queue, struct pinion_frame *quoted);

/* What waits behind the first one. That one may be as large as it likes: nothing can go before it. */
size_t pinion__longpoll_queue_behind(const struct pinion_longpoll_queue *queue);

/* Drop the oldest broadcasts until `memory` more make no more than `wanted`. Returns how many. */
size_t pinion__longpoll_queue_drop(struct pinion_longpoll_queue *queue, size_t memory, size_t wanted);

/* Append all of them to the messages of an answer. Errors as pinion__longpoll_put_message. */
int pinion__longpoll_queue_write(const struct pinion_longpoll_queue *queue, struct pinion_buf *out);

void pinion__longpoll_queue_clear(struct pinion_longpoll_queue *queue);

#endif
