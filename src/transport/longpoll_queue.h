/* The frames that wait until a client of long polling polls. Each is already the JSON string that stands in
 * the answer. Limits count its length before it was quoted: so quotes in a message cost nothing. */
#ifndef PINION_TRANSPORT_LONGPOLL_QUEUE_H
#define PINION_TRANSPORT_LONGPOLL_QUEUE_H

#include "base/buf.h"
#include "base/frame.h"

/* It is empty when all is zero. */
struct pinion_longpoll_queue {
    struct pinion_frame **frames;
    size_t count;
    size_t cap;
    size_t memory; /* of all of them, as _frame_memory counts it */
};

/* Make the JSON string out of a frame, once for all who get it. A frame that is not text stays as it is.
 * Takes the caller's reference. NULL: out of memory. */
struct pinion_frame *pinion__longpoll_quote(struct pinion_frame *encoded);

/* The bytes that a quoted frame counts while it waits. */
size_t pinion__longpoll_frame_memory(struct pinion_frame *quoted);

/* Append a frame. The queue takes a reference of its own. PINION_ENOMEM. */
int pinion__longpoll_queue_put(struct pinion_longpoll_queue *queue, struct pinion_frame *quoted);

/* The bytes that wait behind the first frame. That may be of any size: nothing can go before it. */
size_t pinion__longpoll_queue_behind(const struct pinion_longpoll_queue *queue);

/* Drop the oldest broadcasts until no more than `most` bytes wait, or none of them is left. If the first
 * frame is no broadcast, it does not count. Returns how many frames were dropped. */
size_t pinion__longpoll_queue_drop(struct pinion_longpoll_queue *queue, size_t most);

/* Append all frames to the messages of an answer. Errors as pinion__longpoll_put_message. */
int pinion__longpoll_queue_write(const struct pinion_longpoll_queue *queue, struct pinion_buf *out);

void pinion__longpoll_queue_clear(struct pinion_longpoll_queue *queue);

#endif
