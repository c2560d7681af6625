#include "proto/http1_body.h"
#include <pinion/error.h>

#define OVERHEAD_MAX (16u * 1024)
#define DIGITS_MAX   15 /* so that a size fits */

enum state {
    PLAIN,   /* data of a known length */
    SIZE,    /* hexadecimal digits */
    EXT,     /* what follows them on the line */
    SIZE_LF, /* its line feed */
    DATA,
    DATA_CR, /* the line end behind the data */
    DATA_LF,
    TRAILER, /* the start of a line behind the last chunk */
    FIELD,   /* in a trailer field */
    FIELD_LF,
    LAST_LF, /* of the empty line */
    END,
    BROKEN,
};

void pinion__http_body_init(struct pinion_http_body *body, const struct pinion_http_request *request)
{
    *body = (struct pinion_http_body){ .left = request->chunked ? 0 : request->content_length,
                                       .state = request->chunked ? SIZE : PLAIN };
}

static int hex_value(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static enum state after_digit(struct pinion_http_body *body, uint8_t byte)
{
    int value = hex_value(byte);
    if (value >= 0) {
        body->left = body->left * 16 + (unsigned)value;
        return ++body->digits > DIGITS_MAX ? BROKEN : SIZE;
    }
    if (body->digits == 0)
        return BROKEN;
    return byte == '\r' ? SIZE_LF : byte == ';' || byte == ' ' || byte == '\t' ? EXT : BROKEN;
}

/* Extensions and trailer fields: anything but the controls that could end a line for another reader. */
static enum state after_text(struct pinion_http_body *body, uint8_t byte, enum state stay,
                             enum state line_end)
{
    if (++body->overhead > OVERHEAD_MAX)
        return BROKEN;
    if (byte == '\r')
        return line_end;
    return (byte < ' ' && byte != '\t') || byte == 0x7f ? BROKEN : stay;
}

static enum state after_size(struct pinion_http_body *body, uint8_t byte)
{
    body->digits = 0;
    if (byte != '\n')
        return BROKEN;
    return body->left > 0 ? DATA : TRAILER;
}

/* One byte that is no data. */
static enum state step(struct pinion_http_body *body, uint8_t byte)
{
    switch ((enum state)body->state) {
    case SIZE:
        return after_digit(body, byte);
    case EXT:
        return after_text(body, byte, EXT, SIZE_LF);
    case SIZE_LF:
        return after_size(body, byte);
    case DATA_CR:
        return byte == '\r' ? DATA_LF : BROKEN;
    case DATA_LF:
        return byte == '\n' ? SIZE : BROKEN;
    case TRAILER:
        return after_text(body, byte, FIELD, LAST_LF);
    case FIELD:
        return after_text(body, byte, FIELD, FIELD_LF);
    case FIELD_LF:
        return byte == '\n' ? TRAILER : BROKEN;
    case LAST_LF:
        return byte == '\n' ? END : BROKEN;
    case PLAIN:
    case DATA:
    case END:
    case BROKEN:
        break;
    }
    return BROKEN;
}

static struct pinion_slice take_data(struct pinion_http_body *body, const uint8_t *bytes, size_t len,
                                     size_t *pos)
{
    size_t n = len - *pos < body->left ? len - *pos : (size_t)body->left;
    struct pinion_slice piece = pinion__slice((const char *)bytes + *pos, n);
    *pos += n;
    body->left -= n;
    if (body->left == 0 && body->state == DATA)
        body->state = DATA_CR;
    return piece;
}

int pinion__http_body_read(struct pinion_http_body *body, const uint8_t *bytes, size_t len, size_t *pos,
                           struct pinion_slice *piece)
{
    if (body->state == PLAIN && body->left == 0)
        body->state = END;
    while (body->state != END) {
        if (body->state == BROKEN)
            return PINION_EPROTO;
        if (*pos == len)
            return PINION_EAGAIN;
        if (body->state == PLAIN || body->state == DATA) {
            *piece = take_data(body, bytes, len, pos);
            return 1;
        }
        body->state = (uint8_t)step(body, bytes[(*pos)++]);
    }
    return 0;
}
