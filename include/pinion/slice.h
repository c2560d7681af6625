/* A view of bytes that belong to somebody else. It is not terminated. */
#ifndef PINION_SLICE_H
#define PINION_SLICE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A view of bytes. If ptr is NULL there is no value, where that differs from an empty one. To print it with
 * %.*s, pass (int)slice.len, slice.ptr; ptr must not be NULL then. */
typedef struct pinion_slice {
    const char *ptr; /* The first byte. */
    size_t len;      /* The number of bytes. */
} pinion_slice;

#ifdef __cplusplus
}
#endif
#endif
