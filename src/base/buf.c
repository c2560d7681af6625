/* The buffer grows by doubling, up to its cap, so that appending n bytes one by one costs O(n). */
#include "base/buf.h"
#include "base/work.h"
#include <pinion/error.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

void pinion__buf_init(struct pinion_buf *buf, size_t max)
{
    *buf = (struct pinion_buf){ .max = max };
}

void pinion__buf_release(struct pinion_buf *buf)
{
    free(buf->data);
    pinion__buf_init(buf, buf->max);
}

/* The capacity for `needed` bytes, which is at most max. */
static size_t grown_capacity(const struct pinion_buf *buf, size_t needed)
{
    size_t capacity = buf->cap ? buf->cap : FIRST_CAPACITY;

    while (capacity < needed) {
        if (capacity > buf->max / 2)
            return buf->max;
        capacity *= 2;
    }
    return capacity < buf->max ? capacity : buf->max;
}

int pinion__buf_reserve(struct pinion_buf *buf, size_t n)
{
    if (n <= buf->cap - buf->len)
        return 0;
    if (n > buf->max - buf->len)
        return PINION_ETOOBIG;

    size_t capacity = grown_capacity(buf, buf->len + n);
    char *data = realloc(buf->data, capacity);
    if (!data)
        return PINION_ENOMEM;
    buf->data = data;
    buf->cap = capacity;
    return 0;
}

int pinion__buf_append(struct pinion_buf *buf, const void *data, size_t n)
{
    int rc = pinion__buf_reserve(buf, n);

    if (rc || n == 0)
        return rc;
    PINION_WORK(n);
    memcpy(buf->data + buf->len, data, n);
    buf->len += n;
    return 0;
}

int pinion__buf_append_str(struct pinion_buf *buf, const char *str)
{
    return pinion__buf_append(buf, str, strlen(str));
}

int pinion__buf_append_char(struct pinion_buf *buf, char c)
{
    return pinion__buf_append(buf, &c, 1);
}

void pinion__buf_consume(struct pinion_buf *buf, size_t n)
{
    if (n == 0)
        return;
    buf->len -= n;
    PINION_WORK(buf->len);
    if (buf->len > 0)
        memmove(buf->data, buf->data + n, buf->len);
}
