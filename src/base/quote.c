#include "base/quote.h"
#include <stdio.h>

#define PIECE 5 /* the most bytes that one byte becomes: \xNN and the terminator */
#define TAIL  (sizeof "\"..." + PIECE)

static size_t put(char out[PIECE], unsigned char byte)
{
    if (byte == '"' || byte == '\\')
        return (size_t)snprintf(out, PIECE, "\\%c", byte);
    if (byte >= 0x20 && byte < 0x7f)
        return (size_t)snprintf(out, PIECE, "%c", byte);
    return (size_t)snprintf(out, PIECE, "\\x%02x", byte);
}

const char *pinion__quote(char out[PINION_QUOTED], struct pinion_slice text)
{
    size_t at = 1, i = 0;
    out[0] = '"';
    for (; i < text.len && at + TAIL < PINION_QUOTED; i++)
        at += put(out + at, (unsigned char)text.ptr[i]);
    snprintf(out + at, PINION_QUOTED - at, "\"%s", i < text.len ? "..." : "");
    return out;
}
