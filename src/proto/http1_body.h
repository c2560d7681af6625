/* Reads the body of an HTTP/1.1 request (RFC 9112 sections 6 and 7), by Content-Length or chunked. It is as
 * strict as the head: it refuses a bare LF, a size that is not a hexadecimal number or is too long, and
 * malformed extensions and trailer fields. Chunk extensions and trailers are read and dropped; both together
 * have at most 16 KiB. It allocates and copies nothing. */
#ifndef PINION_PROTO_HTTP1_BODY_H
#define PINION_PROTO_HTTP1_BODY_H

#include "proto/http1.h"

struct pinion_http_body {
    uint64_t left;     /* bytes of data left in this chunk, or in the body */
    uint32_t overhead; /* bytes of extensions and trailers so far */
    uint8_t digits;    /* digits of the chunk's size so far */
    uint8_t state;
};

/* Begin to read the body that follows this head. */
void pinion__http_body_init(struct pinion_http_body *body, const struct pinion_http_request *request);

/* Read on from bytes[*pos], and advance *pos. Returns 1 with a piece of data, which is a slice of the input;
 * 0 at the end of the body, with *pos behind it; PINION_MORE when all input was read and more must come.
 * PINION_EPROTO: malformed; answer 400 and close. */
int pinion__http_body_read(struct pinion_http_body *body, const uint8_t *bytes, size_t len, size_t *pos,
                           struct pinion_slice *piece);

#endif
