/* WebSocket frames from a server, taken apart as they come: payload is handed on piece by piece and nothing
 * is copied. Strict where a server could be wrong: a frame that is masked, fragmented, of an unknown opcode,
 * with reserved bits or with a length in more bytes than it needs is an error. */
#ifndef LOAD_FRAME_PARSER_H
#define LOAD_FRAME_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opcode { OPCODE_TEXT = 1, OPCODE_BINARY = 2, OPCODE_CLOSE = 8, OPCODE_PING = 9, OPCODE_PONG = 10 };

/* All zero is one before its first frame. */
struct frame_parser {
    uint64_t total;  /* payload bytes of the frame */
    uint64_t offset; /* of them that have come */
    uint8_t head[10];
    uint8_t head_len;
    bool in_payload;
};

/* Some payload of a frame. The last piece has offset + len == total; a frame without payload has one of 0
 * bytes. */
struct frame_piece {
    enum opcode opcode;
    const uint8_t *bytes; /* in the input */
    size_t len;
    uint64_t offset;
    uint64_t total;
};

enum frame_result { FRAME_NEED_MORE, FRAME_PIECE, FRAME_ERROR };

/* Read on from bytes[*at], advancing it. After FRAME_PIECE call again with the rest; after FRAME_NEED_MORE
 * all is consumed. An error is for good. */
enum frame_result frame_parse(struct frame_parser *parser, const uint8_t *bytes, size_t len, size_t *at,
                              struct frame_piece *piece);

#endif
