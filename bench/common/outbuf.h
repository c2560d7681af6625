/* The bytes that wait to be sent on one connection. There are two buffers, since bytes that the kernel may be
 * reading must not move: one collects while the other is being sent. When it has been sent, they change
 * places.
 *
 * All zero is an empty one. Not thread-safe. */
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
    size_t sent; /* how many bytes of `sending` have been sent */
};

/* Make room for `len` more bytes at the end. The caller fills it. */
uint8_t *outbuf_extend(struct outbuf *out, size_t len);

void outbuf_append(struct outbuf *out, const void *bytes, size_t len);

/* What to send next. The bytes are valid until outbuf_sent. False: there is nothing. */
bool outbuf_next(struct outbuf *out, const uint8_t **bytes, size_t *len);

/* The first `len` bytes of outbuf_next have been sent. */
void outbuf_sent(struct outbuf *out, size_t len);

static inline bool outbuf_empty(const struct outbuf *out)
{
    return out->waiting.len == 0 && out->sent == out->sending.len;
}

/* Free the memory. It is empty then. */
void outbuf_release(struct outbuf *out);

#endif
