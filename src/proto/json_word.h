/* Strings in JSON text: eight characters at a time, and as a whole. */
#ifndef PINION_PROTO_JSON_WORD_H
#define PINION_PROTO_JSON_WORD_H

#include <stdint.h>

#define PINION_EVERY_BYTE(b) (UINT64_MAX / 255 * (b))

/* The top bit of each byte of the word that is less than n. Exact up to the first such byte (the lowest);
 * above it a borrow may mark others. */
static inline uint64_t pinion__bytes_below(uint64_t word, uint8_t n)
{
    return (word - PINION_EVERY_BYTE(n)) & ~word & PINION_EVERY_BYTE(0x80);
}

/* The bytes that no string holds as they are, marked as above: control characters, quotes, backslashes. */
static inline uint64_t pinion__bytes_escaped(uint64_t word)
{
    return pinion__bytes_below(word, ' ') | pinion__bytes_below(word ^ PINION_EVERY_BYTE('"'), 1) |
           pinion__bytes_below(word ^ PINION_EVERY_BYTE('\\'), 1);
}

/* Behind the string whose first quote `at` points to, in text that was checked. */
static inline const char *pinion__json_skip_string(const char *at)
{
    at++;
    while (*at != '"')
        at += *at == '\\' ? 2 : 1;
    return at + 1;
}

#endif
