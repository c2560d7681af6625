/* Texts that travel: what is sent, built once as a masked frame, and what must come back, compared byte for
 * byte as it comes. Either may hold one number, NUMBER_DIGITS digits long, which tells one message from the
 * next. */
#ifndef LOAD_TEXT_H
#define LOAD_TEXT_H

#include "frame_parser.h"

#define NUMBER_DIGITS 10
#define NO_NUMBER     SIZE_MAX

/* Where a text that text_format makes has its number. */
#define NUMBER "0000000000"

struct text {
    char *chars;
    size_t len;
    size_t number_at; /* NO_NUMBER: it has none */
};

/* A text as printf makes it; the first NUMBER in it is its number's place. */
struct text text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
void text_release(struct text *text);

/* A client's frame around a text, masked. */
struct frame {
    uint8_t *bytes;
    size_t len;
    size_t number_at; /* in bytes */
};

/* Consumes the text. */
struct frame frame_new(uint8_t opcode, struct text text);
void frame_release(struct frame *frame);

/* Write frame->len bytes: the frame with this number in it. */
void frame_write(const struct frame *frame, uint64_t number, uint8_t *out);

/* What must come. An open one goes on after the text with whatever the server likes. */
struct pattern {
    struct text text;
    bool open;
};

/* Is this piece of a message as it must be? Adds the digits in it to *number, which is set to 0 by the piece
 * in which the number begins. */
bool pattern_matches(const struct pattern *pattern, const struct frame_piece *piece, uint64_t *number);

#endif
