/* Origins (RFC 6454): where a browser's page comes from, and which of them are let in. */
#ifndef PINION_PROTO_ORIGIN_H
#define PINION_PROTO_ORIGIN_H

#include "base/slice.h"
#include <stdint.h>

/* Slices of the text it was read from. */
struct pinion_origin {
    struct pinion_slice scheme; /* of a pattern: empty is any */
    struct pinion_slice
        host;      /* without the brackets of an IPv6 address; of a pattern: "*." first is any below */
    uint16_t port; /* 0: none said and none known for the scheme; of a pattern: any */
};

/* Read "scheme://host[:port]", or "//host[:port]" (patterns are read by origin_pattern.h). ws is read as
 * http, wss as https. A missing port is the scheme's own (80, 443). A path is ignored: browsers send none,
 * but there are clients that put their whole URL here. False: it is none ("null", say). */
bool pinion__origin_read(struct pinion_slice text, struct pinion_origin *origin);

/* Read the Host header of a request that came by this scheme. */
bool pinion__origin_of_host(struct pinion_slice scheme, struct pinion_slice host,
                            struct pinion_origin *origin);

/* True when both are the same; case does not matter in scheme and host, nor how an IPv6 address is written.
 */
bool pinion__origin_equal(const struct pinion_origin *a, const struct pinion_origin *b);

/* True when the pattern covers the origin. "*.example.com" covers example.com too, as in Phoenix. */
bool pinion__origin_matches(const struct pinion_origin *origin, const struct pinion_origin *pattern);

#endif
