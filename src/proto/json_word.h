/* Helpers for strings in JSON text: eight characters at a time, and whole strings. */
#ifndef PINION_PROTO_JSON_WORD_H
#define PINION_PROTO_JSON_WORD_H

#include <stdint.h>

#define PINION_EVERY_BYTE(b) (UINT64_MAX / 255 * (b))

/* Set the top bit of each byte of the word that is less than n. This is exact up to the first such byte (the
 * lowest); a borrow may set bits above it. */
static inline uint64_t pinion__bytes_below(uint64_t word, uint8_t n)
{
    return (word - PINION_EVERY_BYTE(n)) & ~word & PINION_EVERY_BYTE(0x80);
}

/* Mark, as above, the bytes that must be escaped in a string: control characters, quotes, backslashes. */
static inline uint64_t pinion__bytes_escaped(uint64_t word)
{
    return pinion__bytes_below(word, ' ') | pinion__bytes_below(word ^ PINION_EVERY_BYTE('"'), 1) |
           pinion__bytes_below(word ^ PINION_EVERY_BYTE('\\'), 1);
}

/* The position after the string whose first quote is at `at`. The text was checked before. */
static inline const char *pinion__json_skip_string(const char *at)
{
    at++;
    while (*at != '"')
        at += *at == '\\' ? 2 : 1;
    return at + 1;
}

#endif
