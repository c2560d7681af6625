/* What long polling carries: the frames in the bodies of POST requests, and the JSON of the answers. */
#ifndef PINION_PROTO_LONGPOLL_CODEC_H
#define PINION_PROTO_LONGPOLL_CODEC_H

#include "base/buf.h"
#include "base/slice.h"

/* The frames of a body. With ndjson each line is a frame: text if it begins with '[', otherwise a binary
 * frame in base64. Empty lines are skipped. Without ndjson the whole body is one text frame. */
struct pinion_longpoll_batch {
    char *at;
    char *end;
    bool ndjson;
    bool left; /* the body is one frame, which was not taken yet */
};

/* The bytes are borrowed. pinion__longpoll_next changes them. */
void pinion__longpoll_batch_init(struct pinion_longpoll_batch *batch, char *bytes, size_t len, bool ndjson);

/* Check the whole body before any frame is taken. PINION_EINVAL: a line is neither text nor valid base64 (RFC
 * 4648 section 4, padded); PINION_ETOOBIG: there are more than `max` frames. */
int pinion__longpoll_batch_check(const struct pinion_longpoll_batch *batch, size_t max);

/* Take the next frame, decoded in place: a slice of the body, and its opcode. Returns false when there are no
 * more. pinion__longpoll_batch_check must have returned 0. */
bool pinion__longpoll_next(struct pinion_longpoll_batch *batch, int *opcode, struct pinion_slice *frame);

/* True when there are no more frames. */
bool pinion__longpoll_batch_empty(const struct pinion_longpoll_batch *batch);

/* The length of the next frame as it was sent; 0 when there are no more. */
size_t pinion__longpoll_batch_next_length(const struct pinion_longpoll_batch *batch);

/* Append the answer to a POST, or to a GET that is refused: {"status":N}. PINION_ENOMEM, PINION_ETOOBIG. */
int pinion__longpoll_put_status(struct pinion_buf *out, int status);

/* Append the answer to a GET: its start, then each message (a frame quoted as a JSON string), then its end.
 * The token needs no quoting. Errors: as above. */
int pinion__longpoll_put_start(struct pinion_buf *out);
int pinion__longpoll_put_message(struct pinion_buf *out, struct pinion_slice quoted);
int pinion__longpoll_put_end(struct pinion_buf *out, int status, const char *token);

#endif
