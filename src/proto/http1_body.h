/* The body of an HTTP/1.1 request (RFC 9112 sections 6 and 7): by Content-Length, or chunked. As strict as
 * the head: a bare LF, a size that is no hexadecimal number or has no end, an extension or a trailer field
 * that is malformed is refused. Chunk extensions and trailers are read and dropped; of both together 16 KiB
 * at most. Nothing is allocated or copied. */
#ifndef PINION_PROTO_HTTP1_BODY_H
#define PINION_PROTO_HTTP1_BODY_H

#include "proto/http1.h"

struct pinion_http_body {
    uint64_t left;     /* bytes of data that still belong to this chunk, or to the body */
    uint32_t overhead; /* bytes of extensions and trailers so far */
    uint8_t digits;    /* of the chunk's size */
    uint8_t state;
};

/* Begin the body that follows this head. */
void pinion__http_body_init(struct pinion_http_body *body, const struct pinion_http_request *request);

/* Take the next piece of data from bytes[*pos..len), and move *pos behind it: it is a slice of the input.
 * 1: a piece; 0: the body is over, and *pos behind it; PINION_MORE: all was read, more must come;
 * PINION_EPROTO: malformed (answer 400, close). */
int pinion__http_body_read(struct pinion_http_body *body, const uint8_t *bytes, size_t len, size_t *pos,
                           struct pinion_slice *piece);

#endif
