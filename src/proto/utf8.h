/* UTF-8 (RFC 3629), checked as it comes, even byte by byte. */
#ifndef PINION_PROTO_UTF8_H
#define PINION_PROTO_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* All zero is the start of a text. */
struct pinion_utf8 {
    uint8_t needed; /* continuation bytes that must follow */
    uint8_t low;    /* the bounds of the next byte */
    uint8_t high;
};

/* Feed bytes. Returns false as soon as no valid UTF-8 can begin with the text so far. */
bool pinion__utf8_feed(struct pinion_utf8 *state, const void *bytes, size_t len);

/* True when the text so far ends with a complete character. */
static inline bool pinion__utf8_complete(const struct pinion_utf8 *state)
{
    return state->needed == 0;
}

/* True when the text is valid and complete. */
bool pinion__utf8_valid(const void *bytes, size_t len);

/* The same for a name. Most names are short and ASCII: they are checked a word at a time, without a call. */
static inline bool pinion__utf8_name(const char *name, size_t len)
{
    uint64_t word = 0, seen = 0;
    if (len < sizeof word) {
        for (size_t i = 0; i < len; i++)
            seen |= (uint8_t)name[i];
    } else {
        for (size_t i = 0; i < len - sizeof word; i += sizeof word) {
            memcpy(&word, name + i, sizeof word);
            seen |= word;
        }
        memcpy(&word, name + len - sizeof word, sizeof word);
        seen |= word;
    }
    return !(seen & UINT64_C(0x8080808080808080)) || pinion__utf8_valid(name, len);
}

/* The number of bytes at the start that are complete, valid characters beyond ASCII; 0 when the first is
 * not. */
size_t pinion__utf8_span(const void *bytes, size_t len);

#endif
