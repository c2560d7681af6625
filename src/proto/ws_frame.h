/* WebSocket framing (RFC 6455 section 5), the server's side: what a client sends is unmasked, checked and
 * put together; what we send gets its header. Sans-I/O: bytes in, events out; the result does not depend
 * on how the input was cut.
 */
#ifndef PINION_PROTO_WS_FRAME_H
#define PINION_PROTO_WS_FRAME_H

#include "base/buf.h"
#include "base/frame.h"
#include "proto/utf8.h"

enum pinion_ws_event_type {
    PINION_WS_NEED_MORE, /* all input is consumed */
    PINION_WS_MESSAGE,   /* a whole message: opcode, data */
    PINION_WS_PING,      /* data to be sent back */
    PINION_WS_PONG,
    PINION_WS_CLOSE, /* close_code is what the peer sent (1005 for none) */
    PINION_WS_ERROR, /* close_code is what to close with: 1002, 1007, 1009, 1011 */
};

struct pinion_ws_event {
    enum pinion_ws_event_type type;
    uint8_t opcode; /* of a message: enum pinion_opcode */
    uint16_t close_code;
    const char *data; /* of a message, ping or pong its payload, of a close its reason; in the input, or in */
    size_t len;       /* the decoder's memory, until the next call */
    bool utf8_checked; /* a text message that came whole in one piece of input is NOT checked: the JSON
                          scanner does it in its one pass. Every other text is, as it came. */
};

/* One per connection, while it is in the midst of a message. What it allocates it frees with the message or
 * control frame it was needed for. */
struct pinion_ws_decoder {
    struct pinion_buf message; /* fragments, and the part of a frame that has come; max limits the message */
    uint64_t remaining;        /* payload bytes of the frame still to come */
    uint8_t *control;          /* the payload of a control frame that did not come whole */
    uint8_t header[14];        /* of the current frame */
    uint8_t header_len;        /* bytes of it that have come */
    uint8_t message_opcode;    /* of the message being put together, 0 when there is none */
    uint8_t mask[4];           /* turned so that mask[0] is for the next payload byte */
    struct pinion_utf8 utf8;   /* of the text so far; complete between messages */
    uint8_t control_len;
    bool in_payload;
    bool finished; /* a close or an error was given: nothing more is read */
};

void pinion__ws_decoder_init(struct pinion_ws_decoder *decoder, size_t max_message);

/* Free what it holds; also what the last event pointed to. Idempotent. */
void pinion__ws_decoder_release(struct pinion_ws_decoder *decoder);

/* Free what the last event pointed to, as the next decode would. */
void pinion__ws_decoder_forget(struct pinion_ws_decoder *decoder);

/* True between messages, before the end: a decoder as init makes it would go on just as well, so this one
 * need not be kept. (Decoders may be copied; the copy is then the one to go on with.) */
bool pinion__ws_decoder_idle(const struct pinion_ws_decoder *decoder);

/* True when the next `len` bytes may end a message of which more than `large` bytes have come. */
bool pinion__ws_decoder_may_end(const struct pinion_ws_decoder *decoder, size_t large, size_t len);

/* Read on from data[*pos], which is unmasked in place, and advance *pos. Gives one event; call again with the
 * rest until NEED_MORE. After CLOSE or ERROR every call gives NEED_MORE, consuming all. Memory that runs out
 * is ERROR with 1011. A frame whose declared length breaks the limit is refused at its header. */
void pinion__ws_decode(struct pinion_ws_decoder *decoder, uint8_t *data, size_t len, size_t *pos,
                       struct pinion_ws_event *event);

/* Write the header of an unmasked, final frame for the frame's body into its headroom. */
void pinion__ws_frame_header(struct pinion_frame *frame);

/* A close (8), ping (9) or pong (10) frame, complete; data at most 125 bytes. NULL when out of memory. */
struct pinion_frame *pinion__ws_control_frame(uint8_t opcode, const void *data, size_t len);

/* A close frame with this code and no reason; code 1005 or 0 makes an empty one. */
struct pinion_frame *pinion__ws_close_frame(uint16_t code);

#endif
