/* The texts of messages. A text to be sent is built once, as a masked frame. A text that must come is
 * compared byte for byte. Both may contain one number of NUMBER_DIGITS digits, which tells one message from
 * the next. */
#ifndef LOAD_TEXT_H
#define LOAD_TEXT_H

#include "frame_parser.h"

#define NUMBER_DIGITS 10
#define NO_NUMBER     SIZE_MAX

/* Stands in a format where the text has its number. */
#define NUMBER "0000000000"

struct text {
    char *chars;
    size_t len;
    size_t number_at; /* the index of the number, or NO_NUMBER */
};

/* Make a text as printf does. The first NUMBER in it is the place of its number. */
struct text text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
void text_release(struct text *text);

/* A masked frame of a client. */
struct frame {
    uint8_t *bytes;
    size_t len;
    size_t number_at; /* the index of the number in `bytes`, or NO_NUMBER */
};

/* Make a frame around a text. Consumes the text. */
struct frame frame_new(uint8_t opcode, struct text text);
void frame_release(struct frame *frame);

/* Write the frame with this number in it: frame->len bytes. */
void frame_write(const struct frame *frame, uint64_t number, uint8_t *out);

/* A message that must come. */
struct pattern {
    struct text text;
    bool open; /* after the text anything may follow */
};

/* True when this piece of a message is right. The piece in which the number begins sets *number to 0; each
 * piece adds its digits. */
bool pattern_matches(const struct pattern *pattern, const struct frame_piece *piece, uint64_t *number);

#endif
