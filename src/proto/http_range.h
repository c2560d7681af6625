/* The part of a body that a client asks for by Range (RFC 9110 section 14). */
#ifndef PINION_PROTO_HTTP_RANGE_H
#define PINION_PROTO_HTTP_RANGE_H

#include "base/slice.h"
#include <stdint.h>

enum pinion_http_range {
    PINION_HTTP_RANGE_NONE,    /* the field counts for nothing: the answer is the whole (200) */
    PINION_HTTP_RANGE_PART,    /* this part (206) */
    PINION_HTTP_RANGE_OUTSIDE, /* the body has no such part (416) */
};

struct pinion_http_part {
    uint64_t first;
    uint64_t length; /* bytes */
};

/* Read the value of a Range for a body of `size` bytes: "bytes=0-499", "bytes=500-" or "bytes=-500". Other
 * units, several ranges, and what is malformed count for nothing. An empty body has no parts: the last bytes
 * of it are the whole. */
enum pinion_http_range pinion__http_range_read(struct pinion_slice value, uint64_t size,
                                               struct pinion_http_part *part);

#endif
