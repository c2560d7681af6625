/* What waits to be sent on one connection. Bytes that the kernel may be reading cannot move, so there are two
 * buffers: one collects while the other is being sent, and they change places when it is through.
 *
 * All zero is an empty one. Not thread-safe.
 */
#ifndef BENCH_OUTBUF_H
#define BENCH_OUTBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbuf_part {
    uint8_t *bytes;
    size_t len;
    size_t cap;
};

struct outbuf {
    struct outbuf_part waiting;
    struct outbuf_part sending;
    size_t sent; /* of what is being sent */
};

/* Room for `len` more bytes at the end, which the caller fills. */
uint8_t *outbuf_extend(struct outbuf *out, size_t len);

void outbuf_append(struct outbuf *out, const void *bytes, size_t len);

/* What to send next, at most until outbuf_sent; false when there is nothing. */
bool outbuf_next(struct outbuf *out, const uint8_t **bytes, size_t *len);

/* The first `len` of what outbuf_next gave have gone. */
void outbuf_sent(struct outbuf *out, size_t len);

static inline bool outbuf_empty(const struct outbuf *out)
{
    return out->waiting.len == 0 && out->sent == out->sending.len;
}

/* Free the memory; it is empty then. */
void outbuf_release(struct outbuf *out);

#endif
