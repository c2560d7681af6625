/* A view of bytes that somebody else owns, not terminated. */
#ifndef PINION_SLICE_H
#define PINION_SLICE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ptr NULL: none, where that differs from an empty one. As printf's argument: (int)slice.len, slice.ptr for
 * %.*s (with a ptr that is not NULL). */
typedef struct pinion_slice {
    const char *ptr; /* the first byte */
    size_t len;      /* how many there are */
} pinion_slice;

#ifdef __cplusplus
}
#endif
#endif
