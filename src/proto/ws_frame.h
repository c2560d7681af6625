/* WebSocket framing (RFC 6455 section 5) for a server. What a client sends is unmasked, checked and
 * reassembled; what we send gets its header. There is no I/O: bytes come in, events go out. The result does
 * not depend on how the input was cut. */
#ifndef PINION_PROTO_WS_FRAME_H
#define PINION_PROTO_WS_FRAME_H

#include "base/buf.h"
#include "base/frame.h"
#include "proto/utf8.h"

enum pinion_ws_event_type {
    PINION_WS_NEED_MORE, /* all input is consumed */
    PINION_WS_MESSAGE,   /* a complete message: opcode, data */
    PINION_WS_PING,      /* data must be sent back */
    PINION_WS_PONG,
    PINION_WS_CLOSE, /* close_code is what the peer sent, 1005 for none */
    PINION_WS_ERROR, /* close_code is what to close with: 1002, 1007, 1009, 1011 */
};

struct pinion_ws_event {
    enum pinion_ws_event_type type;
    uint8_t opcode; /* of a message: enum pinion_opcode */
    uint16_t close_code;
    const char *data;  /* the payload of a message, ping or pong, or the reason of a close. It lies in the
                          input or in */
    size_t len;        /* the decoder's memory. Lifetime: until the next call. */
    bool utf8_checked; /* False for a text message that came whole in one piece of input: the JSON scanner
                          checks it in its one pass. All other texts were checked as they came. */
};

/* A connection has one while it receives a message. Memory that it allocates is freed with the message or
 * control frame that needed it. */
struct pinion_ws_decoder {
    struct pinion_buf
        message; /* fragments, and the part of a frame that has come; its max is the limit of a message */
    uint64_t remaining;      /* payload bytes of the frame that are still to come */
    uint8_t *control;        /* the payload of a control frame that did not come whole */
    uint8_t header[14];      /* of the current frame */
    uint8_t header_len;      /* bytes of the header that have come */
    uint8_t message_opcode;  /* of the message being gathered; 0: none */
    uint8_t mask[4];         /* rotated, so that mask[0] is for the next payload byte */
    struct pinion_utf8 utf8; /* of the text so far; complete between messages */
    uint8_t control_len;
    bool in_payload;
    bool finished; /* a close or an error was returned: nothing more is read */
};

void pinion__ws_decoder_init(struct pinion_ws_decoder *decoder, size_t max_message);

/* Free the decoder's memory, including the data of the last event. It may be called again. */
void pinion__ws_decoder_release(struct pinion_ws_decoder *decoder);

/* Free the data of the last event, as the next decode would. */
void pinion__ws_decoder_forget(struct pinion_ws_decoder *decoder);

/* True between messages, before the end. A new decoder would then go on just as well, so this one need not be
 * kept. A decoder may be copied; then only the copy may be used. */
bool pinion__ws_decoder_idle(const struct pinion_ws_decoder *decoder);

/* True when more than `large` bytes of a message have come and the next `len` bytes may end it. */
bool pinion__ws_decoder_may_end(const struct pinion_ws_decoder *decoder, size_t large, size_t len);

/* Read on from data[*pos], and advance *pos. The data is unmasked in place. Each call returns one event; call
 * it again with the rest until NEED_MORE. After CLOSE or ERROR, every call consumes all input and returns
 * NEED_MORE. When memory runs out, the result is ERROR with 1011. A frame whose announced length exceeds the
 * limit is refused at its header. */
void pinion__ws_decode(struct pinion_ws_decoder *decoder, uint8_t *data, size_t len, size_t *pos,
                       struct pinion_ws_event *event);

/* Write the WebSocket header of a final, unmasked frame into the headroom. */
void pinion__ws_frame_header(struct pinion_frame *frame);

/* A complete close (8), ping (9) or pong (10) frame. The data has at most 125 bytes. NULL when out of
 * memory. */
struct pinion_frame *pinion__ws_control_frame(uint8_t opcode, const void *data, size_t len);

/* A close frame with this code and no reason; for code 1005 or 0 it is empty. */
struct pinion_frame *pinion__ws_close_frame(uint16_t code);

#endif
