/* A growing byte buffer with a cap.
 *
 * Invariants: len <= cap <= max; data is NULL exactly when cap is 0. Every buffer has a cap, because what a
 * peer sends can make it grow. */
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

/* Make an empty buffer that never holds more than max bytes. It allocates nothing until it is used. */
void pinion__buf_init(struct pinion_buf *buf, size_t max);

/* Free the memory. The buffer is then as after init. */
void pinion__buf_release(struct pinion_buf *buf);

/* Make room for n more bytes. On an error nothing has changed. PINION_ETOOBIG: the cap; PINION_ENOMEM. */
int pinion__buf_reserve(struct pinion_buf *buf, size_t n);

/* Append n bytes, all or none. Errors: as pinion__buf_reserve. */
int pinion__buf_append(struct pinion_buf *buf, const void *data, size_t n);
int pinion__buf_append_str(struct pinion_buf *buf, const char *str);
int pinion__buf_append_char(struct pinion_buf *buf, char c);

/* Drop n bytes (at most len) from the front. */
void pinion__buf_consume(struct pinion_buf *buf, size_t n);

#endif
