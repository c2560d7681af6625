/* What long polling carries: bodies of POST requests with frames in them, and the JSON of the answers. */
#ifndef PINION_PROTO_LONGPOLL_H
#define PINION_PROTO_LONGPOLL_H

#include "base/buf.h"
#include "base/slice.h"

/* The frames of a body. ndjson: one a line, as text when it begins with '[', else as base64 of a binary
 * frame; an empty line is none. Otherwise the whole body is one text frame. */
struct pinion_longpoll_batch {
    char *at;
    char *end;
    unsigned left; /* frames that may still be taken */
    bool ndjson;
};

/* The bytes are borrowed, and are changed by _next. Of lines `max` are taken; the rest is not looked at. */
void pinion__longpoll_batch_init(struct pinion_longpoll_batch *batch, char *bytes, size_t len, bool ndjson,
                                 unsigned max);

/* True when every line that will be taken is a text or valid base64 (RFC 4648 section 4, padded). */
bool pinion__longpoll_batch_valid(const struct pinion_longpoll_batch *batch);

/* Take the next frame, decoded in place: a slice of the body, and its opcode. False: there are no more. The
 * batch must be valid. */
bool pinion__longpoll_next(struct pinion_longpoll_batch *batch, int *opcode, struct pinion_slice *frame);

/* True when there are no more. */
bool pinion__longpoll_batch_empty(const struct pinion_longpoll_batch *batch);

/* Append the answer to a POST, or to a GET that is refused: {"status":N}. PINION_ENOMEM, PINION_ETOOBIG. */
int pinion__longpoll_put_status(struct pinion_buf *out, int status);

/* Append the start of the answer to a GET, then each message (a frame quoted as a JSON string), then its end.
 * The token needs no quoting. Errors as above. */
int pinion__longpoll_put_start(struct pinion_buf *out);
int pinion__longpoll_put_message(struct pinion_buf *out, struct pinion_slice quoted);
int pinion__longpoll_put_end(struct pinion_buf *out, int status, const char *token);

#endif
