/* What long polling carries: bodies of POST requests with frames in them, and the JSON of the answers. */
#ifndef PINION_PROTO_LONGPOLL_CODEC_H
#define PINION_PROTO_LONGPOLL_CODEC_H

#include "base/buf.h"
#include "base/slice.h"

/* The frames of a body. ndjson: one a line, as text when it begins with '[', else as base64 of a binary
 * frame; an empty line is none. Otherwise the whole body is one text frame. */
struct pinion_longpoll_batch {
    char *at;
    char *end;
    bool ndjson;
    bool left; /* of a body that is one frame: it is not taken yet */
};

/* The bytes are borrowed, and are changed by _next. */
void pinion__longpoll_batch_init(struct pinion_longpoll_batch *batch, char *bytes, size_t len, bool ndjson);

/* 0, or why none of it may be taken: PINION_EINVAL when a line is neither a text nor valid base64 (RFC 4648
 * section 4, padded), PINION_ETOOBIG when there are more than `max` frames. */
int pinion__longpoll_batch_check(const struct pinion_longpoll_batch *batch, size_t max);

/* Take the next frame, decoded in place: a slice of the body, and its opcode. False: there are no more. The
 * batch must have been found good. */
bool pinion__longpoll_next(struct pinion_longpoll_batch *batch, int *opcode, struct pinion_slice *frame);

/* True when there are no more. */
bool pinion__longpoll_batch_empty(const struct pinion_longpoll_batch *batch);

/* How long the next frame is, as it was sent; 0 when there are no more. */
size_t pinion__longpoll_batch_next_length(const struct pinion_longpoll_batch *batch);

/* Append the answer to a POST, or to a GET that is refused: {"status":N}. PINION_ENOMEM, PINION_ETOOBIG. */
int pinion__longpoll_put_status(struct pinion_buf *out, int status);

/* Append the start of the answer to a GET, then each message (a frame quoted as a JSON string), then its end.
 * The token needs no quoting. Errors as above. */
int pinion__longpoll_put_start(struct pinion_buf *out);
int pinion__longpoll_put_message(struct pinion_buf *out, struct pinion_slice quoted);
int pinion__longpoll_put_end(struct pinion_buf *out, int status, const char *token);

#endif
