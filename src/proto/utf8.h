/* UTF-8 (RFC 3629): checked as it comes, one byte at a time if need be. */
#ifndef PINION_PROTO_UTF8_H
#define PINION_PROTO_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* All zero is the start of a text. */
struct pinion_utf8 {
    uint8_t needed; /* continuation bytes still to come */
    uint8_t low;    /* the bounds of the next one */
    uint8_t high;
};

/* Feed bytes. False as soon as the text so far cannot be the start of valid UTF-8. */
bool pinion__utf8_feed(struct pinion_utf8 *state, const void *bytes, size_t len);

/* True when the text so far ends at the end of a character. */
static inline bool pinion__utf8_complete(const struct pinion_utf8 *state)
{
    return state->needed == 0;
}

/* True for a whole text that is valid. */
bool pinion__utf8_valid(const void *bytes, size_t len);

/* The same for a name, most of which are short and ASCII: a word at a time, and no call for those. */
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

/* How many bytes at the start are whole, valid characters beyond ASCII; 0 when the first is none. */
size_t pinion__utf8_span(const void *bytes, size_t len);

#endif
