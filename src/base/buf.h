/* A growing byte buffer with a cap.
 *
 * Invariants: len <= cap <= max; data is NULL exactly when cap is 0. The cap is mandatory: whatever
 * grows by what a peer sends is bounded where it is created.
 */
#ifndef PINION_BASE_BUF_H
#define PINION_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pinion_buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
};

/* An empty buffer that allocates nothing until used, and never holds more than max bytes. */
void pinion__buf_init(struct pinion_buf *buf, size_t max);

/* Free the memory; the buffer is then as after init. */
void pinion__buf_release(struct pinion_buf *buf);

/* Make room for n more bytes. PINION_ETOOBIG over the cap, PINION_ENOMEM; nothing changed then. */
int pinion__buf_reserve(struct pinion_buf *buf, size_t n);

/* Append n bytes, all or none. Errors as reserve. */
int pinion__buf_append(struct pinion_buf *buf, const void *data, size_t n);
int pinion__buf_append_str(struct pinion_buf *buf, const char *str);
int pinion__buf_append_char(struct pinion_buf *buf, char c);

/* Drop n bytes (at most len) from the front. */
void pinion__buf_consume(struct pinion_buf *buf, size_t n);

#endif
