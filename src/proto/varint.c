#include "proto/varint.h"
#include <pinion/error.h>

size_t pinion__varint_len(uint64_t value)
{
    size_t len = 1;
    while (value >>= 7)
        len++;
    return len;
}

size_t pinion__varint_write(char *out, uint64_t value)
{
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        out[len++] = (char)(value | 0x80);
    out[len++] = (char)value;
    return len;
}

int pinion__varint_append(struct pinion_buf *out, uint64_t value)
{
    char bytes[PINION_VARINT_MAX];
    return pinion__buf_append(out, bytes, pinion__varint_write(bytes, value));
}

/* The last byte must not be zero, because a shorter encoding exists. The tenth byte has room for one bit. */
static bool ends_well(unsigned char last, size_t index)
{
    if (index > 0 && last == 0)
        return false;
    return index < PINION_VARINT_MAX - 1 || last == 1;
}

int pinion__varint_read(struct pinion_slice *in, uint64_t *value)
{
    uint64_t result = 0;
    for (size_t i = 0; i < in->len && i < PINION_VARINT_MAX; i++) {
        unsigned char byte = (unsigned char)in->ptr[i];
        result |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte & 0x80)
            continue;
        if (!ends_well(byte, i))
            return PINION_EPROTO;
        *in = pinion__slice(in->ptr + i + 1, in->len - i - 1);
        *value = result;
        return 0;
    }
    return PINION_EPROTO;
}
