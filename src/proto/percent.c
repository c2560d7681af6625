#include "proto/percent.h"
#include <pinion/error.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte for which the escape at `at` stands, or -1. */
static int escaped_byte(struct pinion_slice text, size_t at)
{
    if (text.len - at < 3)
        return -1;
    int high = hex_digit(text.ptr[at + 1]);
    int low = hex_digit(text.ptr[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

long pinion__percent_decode(struct pinion_slice text, bool form, char *out)
{
    long len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int byte = (unsigned char)text.ptr[i];
        if (byte == '%' && !(form && escaped_byte(text, i) < 0)) {
            byte = escaped_byte(text, i);
            i += 2;
        } else if (byte == '+' && form) {
            byte = ' ';
        }
        if (byte <= 0)
            return PINION_EPROTO;
        out[len++] = (char)byte;
    }
    return len;
}

/* The next byte that the text stands for, or -1: an escape is not valid. */
static int next_byte(struct pinion_slice text, size_t *at)
{
    int byte = (unsigned char)text.ptr[*at];
    if (byte == '%') {
        byte = escaped_byte(text, *at);
        *at += 2;
    }
    ++*at;
    return byte;
}

bool pinion__percent_same(struct pinion_slice one, struct pinion_slice other)
{
    size_t i = 0, j = 0;
    while (i < one.len && j < other.len) {
        int byte = next_byte(one, &i);
        if (byte < 0 || byte != next_byte(other, &j))
            return false;
    }
    return i == one.len && j == other.len;
}
