/* Three bytes become four characters. One or two bytes at the end become two or three characters. */
#include "proto/base64url.h"
#include <pinion/error.h>
#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#define NO_DIGIT 64

/* --- encoding --- */

/* Put up to three bytes into the top of 24 bits. */
static uint32_t gather_bytes(const char *bytes, size_t count)
{
    uint32_t group = 0;
    for (size_t i = 0; i < count; i++)
        group |= (uint32_t)(unsigned char)bytes[i] << (16 - 8 * i);
    return group;
}

static char *put_digits(char *out, uint32_t group, size_t count)
{
    for (size_t i = 0; i < count; i++)
        *out++ = alphabet[group >> (18 - 6 * i) & 63];
    return out;
}

char *pinion__base64url_encode(char *out, struct pinion_slice bytes)
{
    size_t rest = bytes.len % 3;
    size_t whole = bytes.len - rest;
    for (size_t i = 0; i < whole; i += 3)
        out = put_digits(out, gather_bytes(bytes.ptr + i, 3), 4);
    return rest ? put_digits(out, gather_bytes(bytes.ptr + whole, rest), rest + 1) : out;
}

/* --- decoding --- */

static uint32_t digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52;
    return c == '-' ? 62 : c == '_' ? 63 : NO_DIGIT;
}

/* Put the values of up to four characters into the top of 24 bits. Returns false when one of them is not in
 * the alphabet. */
static bool gather_digits(const char *text, size_t count, uint32_t *group)
{
    *group = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t digit = digit_of(text[i]);
        if (digit == NO_DIGIT)
            return false;
        *group |= digit << (18 - 6 * i);
    }
    return true;
}

static char *put_bytes(char *out, uint32_t group, size_t count)
{
    for (size_t i = 0; i < count; i++)
        *out++ = (char)(group >> (16 - 8 * i));
    return out;
}

/* Decode the last characters, fewer than four. */
static bool decode_rest(char **out, const char *text, size_t count)
{
    uint32_t group;
    if (count == 0)
        return true;
    if (count == 1 || !gather_digits(text, count, &group))
        return false;
    *out = put_bytes(*out, group, count - 1);
    return (group << (8 * (count - 1)) & 0xFFFFFFu) == 0;
}

int pinion__base64url_decode(char *out, struct pinion_slice text, size_t *len)
{
    char *end = out;
    size_t rest = text.len % 4;
    size_t whole = text.len - rest;
    for (size_t i = 0; i < whole; i += 4) {
        uint32_t group;
        if (!gather_digits(text.ptr + i, 4, &group))
            return PINION_EPROTO;
        end = put_bytes(end, group, 3);
    }
    if (!decode_rest(&end, text.ptr + whole, rest))
        return PINION_EPROTO;
    *len = (size_t)(end - out);
    return 0;
}
