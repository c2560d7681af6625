/* A view of bytes that somebody else owns. It has no terminator. */
#ifndef PINION_BASE_SLICE_H
#define PINION_BASE_SLICE_H

#include <pinion/slice.h>
#include <stdbool.h>
#include <string.h>

static inline struct pinion_slice pinion__slice(const char *ptr, size_t len)
{
    struct pinion_slice s = { ptr, len };
    return s;
}

static inline struct pinion_slice pinion__slice_str(const char *str)
{
    return pinion__slice(str, str ? strlen(str) : 0);
}

static inline bool pinion__slice_eq(struct pinion_slice a, struct pinion_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool pinion__slice_is(struct pinion_slice a, const char *str)
{
    return pinion__slice_eq(a, pinion__slice_str(str));
}

static inline bool pinion__slice_has_nul(struct pinion_slice s)
{
    return s.len > 0 && memchr(s.ptr, '\0', s.len) != NULL;
}

/* Write the bytes to `out`, and return the end. Most slices written this way are short, and a call of memcpy
 * would cost more. For short ones, the two ends are copied; they may overlap. */
static inline char *pinion__slice_put(char *out, struct pinion_slice s)
{
    if (s.len > 16) {
        memcpy(out, s.ptr, s.len);
    } else if (s.len >= 8) {
        memcpy(out, s.ptr, 8);
        memcpy(out + s.len - 8, s.ptr + s.len - 8, 8);
    } else if (s.len >= 4) {
        memcpy(out, s.ptr, 4);
        memcpy(out + s.len - 4, s.ptr + s.len - 4, 4);
    } else if (s.len > 0) {
        out[0] = s.ptr[0];
        out[s.len / 2] = s.ptr[s.len / 2];
        out[s.len - 1] = s.ptr[s.len - 1];
    }
    return out + s.len;
}

/* The slice without the spaces and tabs around it. */
static inline struct pinion_slice pinion__slice_trim(struct pinion_slice s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = pinion__slice(s.ptr + 1, s.len - 1);
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

#endif
