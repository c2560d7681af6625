/* Origins (RFC 6454): the site of a browser's page, and which sites are allowed. */
#ifndef PINION_PROTO_ORIGIN_H
#define PINION_PROTO_ORIGIN_H

#include "base/slice.h"
#include <stdint.h>

/* The slices point into the text that was read. */
struct pinion_origin {
    struct pinion_slice scheme; /* in a pattern: empty means any scheme */
    struct pinion_slice
        host; /* without the brackets of an IPv6 address; in a pattern: a leading "*." means any name below */
    uint16_t port; /* 0: not given, and the scheme has no default; in a pattern: any port */
};

/* Read "scheme://host[:port]" or "//host[:port]" (origin_pattern.h reads patterns). ws is read as http, and
 * wss as https. A missing port becomes the default of the scheme (80, 443). A path is ignored: browsers send
 * none, but some clients send their whole URL. Returns false when the text is not an origin, for example
 * "null". */
bool pinion__origin_read(struct pinion_slice text, struct pinion_origin *origin);

/* Read the Host header of a request that came with this scheme. */
bool pinion__origin_of_host(struct pinion_slice scheme, struct pinion_slice host,
                            struct pinion_origin *origin);

/* True when both are the same origin. Case is ignored in scheme and host, and so is the spelling of an IPv6
 * address. */
bool pinion__origin_equal(const struct pinion_origin *a, const struct pinion_origin *b);

/* True when the pattern covers the origin. "*.example.com" also covers example.com, as in Phoenix. */
bool pinion__origin_matches(const struct pinion_origin *origin, const struct pinion_origin *pattern);

/* True when one of `count` patterns covers the origin. */
bool pinion__origin_matches_any(const struct pinion_origin *origin, const struct pinion_origin *patterns,
                                size_t count);

#endif
