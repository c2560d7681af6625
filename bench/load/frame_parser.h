/* Takes apart the WebSocket frames of a server as they come. Payload is handed on piece by piece, and nothing
 * is copied. It is strict: a frame is an error if it is masked or fragmented, or has an unknown opcode,
 * reserved bits, or a length in more bytes than needed. */
#ifndef LOAD_FRAME_PARSER_H
#define LOAD_FRAME_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opcode { OPCODE_TEXT = 1, OPCODE_BINARY = 2, OPCODE_CLOSE = 8, OPCODE_PING = 9, OPCODE_PONG = 10 };

/* All zero before the first frame. */
struct frame_parser {
    uint64_t total;  /* payload bytes of the frame */
    uint64_t offset; /* how many of them have come */
    uint8_t head[10];
    uint8_t head_len;
    bool in_payload;
};

/* A piece of a frame's payload. The last piece has offset + len == total. A frame without payload has one
 * piece of 0 bytes. */
struct frame_piece {
    enum opcode opcode;
    const uint8_t *bytes; /* in the input */
    size_t len;
    uint64_t offset;
    uint64_t total;
};

enum frame_result { FRAME_NEED_MORE, FRAME_PIECE, FRAME_ERROR };

/* Read on from bytes[*at], and advance *at. After FRAME_PIECE call again with the rest. After FRAME_NEED_MORE
 * all bytes are used. After FRAME_ERROR do not call again. */
enum frame_result frame_parse(struct frame_parser *parser, const uint8_t *bytes, size_t len, size_t *at,
                              struct frame_piece *piece);

#endif
