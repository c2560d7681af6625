#include "proto/http1_body.h"
#include "base/work.h"
#include "proto/http1_char.h"
#include <pinion/error.h>

#define OVERHEAD_MAX (16u * 1024)
#define DIGITS_MAX   15 /* a size of that many digits fits into 64 bits */

enum state {
    PLAIN,  /* data of a known length */
    SIZE,   /* the hexadecimal digits of a chunk's size */
    BLANKS, /* blanks after the size or after an extension's value: a semicolon must follow */
    EXT,    /* after a semicolon: blanks, then the extension's name */
    EXT_NAME,
    EXT_WS, /* blanks after a name, before '=' or ';' */
    EXT_EQ, /* after '=': blanks, then the value */
    EXT_VALUE,
    EXT_QUOTED,
    EXT_ESCAPED, /* after a backslash in quotes */
    EXT_END,     /* after the closing quote */
    SIZE_LF,     /* the line feed after a size line */
    DATA,
    DATA_CR, /* the line end after the data */
    DATA_LF,
    TRAILER, /* the start of a line after the last chunk */
    FIELD,   /* in the name of a trailer field */
    VALUE,   /* after its colon */
    FIELD_LF,
    LAST_LF, /* the line feed of the empty line */
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

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static bool is_text(uint8_t byte)
{
    return byte >= ' ' ? byte != 0x7f : byte == '\t';
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
    return byte == '\r' ? SIZE_LF : byte == ';' ? EXT : is_blank(byte) ? BLANKS : BROKEN;
}

/* The state after a name or a value, where an extension may end. */
static enum state after_extension(uint8_t byte, enum state blanks)
{
    return byte == '\r' ? SIZE_LF : byte == ';' ? EXT : is_blank(byte) ? blanks : BROKEN;
}

/* chunk-ext (RFC 9112 section 7.1.1): *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ). This
 * function reads the part before a value. */
static enum state in_extension(enum state state, uint8_t byte)
{
    if (is_blank(byte) && state != EXT_NAME)
        return state;
    if (state == BLANKS)
        return byte == ';' ? EXT : BROKEN;
    if (state == EXT)
        return pinion__http1_is_token((char)byte) ? EXT_NAME : BROKEN;
    if (byte == '=')
        return EXT_EQ;
    if (state == EXT_WS)
        return byte == ';' ? EXT : BROKEN;
    return pinion__http1_is_token((char)byte) ? EXT_NAME : after_extension(byte, EXT_WS);
}

static enum state in_value(enum state state, uint8_t byte)
{
    if (state == EXT_EQ && is_blank(byte))
        return EXT_EQ;
    if (state == EXT_EQ && byte == '"')
        return EXT_QUOTED;
    if (state != EXT_END && pinion__http1_is_token((char)byte))
        return EXT_VALUE;
    return state == EXT_EQ ? BROKEN : after_extension(byte, BLANKS);
}

static enum state in_quotes(enum state state, uint8_t byte)
{
    if (!is_text(byte))
        return BROKEN;
    if (state == EXT_ESCAPED)
        return EXT_QUOTED;
    return byte == '"' ? EXT_END : byte == '\\' ? EXT_ESCAPED : EXT_QUOTED;
}

/* A trailer field is checked as strictly as a header: a name, a colon, and no control character that could
 * end a line for another reader. */
static enum state in_trailer(enum state state, uint8_t byte)
{
    switch (state) {
    case TRAILER:
        return byte == '\r' ? LAST_LF : pinion__http1_is_token((char)byte) ? FIELD : BROKEN;
    case FIELD:
        return byte == ':' ? VALUE : pinion__http1_is_token((char)byte) ? FIELD : BROKEN;
    default: /* VALUE */
        return byte == '\r' ? FIELD_LF : is_text(byte) ? VALUE : BROKEN;
    }
}

/* Extensions and trailers are dropped after reading, so there is a limit for both together. */
static bool is_too_much(struct pinion_http_body *body)
{
    return ++body->overhead > OVERHEAD_MAX;
}

static enum state after_size(struct pinion_http_body *body, uint8_t byte)
{
    body->digits = 0;
    if (byte != '\n')
        return BROKEN;
    return body->left > 0 ? DATA : TRAILER;
}

/* Read one byte that is not data. */
static enum state step(struct pinion_http_body *body, uint8_t byte)
{
    switch ((enum state)body->state) {
    case SIZE:
        return after_digit(body, byte);
    case BLANKS:
    case EXT:
    case EXT_NAME:
    case EXT_WS:
        return is_too_much(body) ? BROKEN : in_extension((enum state)body->state, byte);
    case EXT_EQ:
    case EXT_VALUE:
    case EXT_END:
        return is_too_much(body) ? BROKEN : in_value((enum state)body->state, byte);
    case EXT_QUOTED:
    case EXT_ESCAPED:
        return is_too_much(body) ? BROKEN : in_quotes((enum state)body->state, byte);
    case SIZE_LF:
        return after_size(body, byte);
    case DATA_CR:
        return byte == '\r' ? DATA_LF : BROKEN;
    case DATA_LF:
        return byte == '\n' ? SIZE : BROKEN;
    case TRAILER:
    case FIELD:
    case VALUE:
        return is_too_much(body) ? BROKEN : in_trailer((enum state)body->state, byte);
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
        PINION_WORK(1);
        if (body->state == BROKEN)
            return PINION_EPROTO;
        if (*pos == len)
            return PINION_MORE;
        if (body->state == PLAIN || body->state == DATA) {
            *piece = take_data(body, bytes, len, pos);
            return 1;
        }
        body->state = (uint8_t)step(body, bytes[(*pos)++]);
    }
    return 0;
}
