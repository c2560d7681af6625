#include "text.h"
#include "die.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- texts ---- */

struct text text_format(const char *format, ...)
{
    struct text text = { .number_at = NO_NUMBER };
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text.chars, format, args);
    va_end(args);
    if (len < 0)
        die("out of memory");
    text.len = (size_t)len;
    const char *number = strstr(text.chars, NUMBER);
    if (number)
        text.number_at = (size_t)(number - text.chars);
    return text;
}

void text_release(struct text *text)
{
    free(text->chars);
    *text = (struct text){ .number_at = NO_NUMBER };
}

/* ---- frames ---- */

/* All frames have the same mask, since unmasking costs the same with any. */
static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

static size_t write_head(uint8_t *out, uint8_t opcode, size_t len)
{
    size_t extra = len < 126 ? 0 : len < 65536 ? 2 : 8;
    out[0] = 0x80 | opcode;
    out[1] = (uint8_t)(0x80 | (extra == 0 ? len : extra == 2 ? 126 : 127));
    for (size_t i = 0; i < extra; i++)
        out[2 + i] = (uint8_t)(len >> 8 * (extra - 1 - i));
    memcpy(out + 2 + extra, mask, sizeof mask);
    return 2 + extra + sizeof mask;
}

struct frame frame_new(uint8_t opcode, struct text text)
{
    struct frame frame = { .bytes = must_calloc(1, 14 + text.len), .number_at = NO_NUMBER };
    size_t head = write_head(frame.bytes, opcode, text.len);
    for (size_t i = 0; i < text.len; i++)
        frame.bytes[head + i] = (uint8_t)text.chars[i] ^ mask[i & 3];
    frame.len = head + text.len;
    if (text.number_at != NO_NUMBER)
        frame.number_at = head + text.number_at;
    text_release(&text);
    return frame;
}

void frame_release(struct frame *frame)
{
    free(frame->bytes);
    *frame = (struct frame){ .number_at = NO_NUMBER };
}

/* The frame has masked zeros where the number goes, so only the lower half of each digit needs to be put in.
 */
void frame_write(const struct frame *frame, uint64_t number, uint8_t *out)
{
    memcpy(out, frame->bytes, frame->len);
    if (frame->number_at == NO_NUMBER)
        return;
    for (int i = NUMBER_DIGITS - 1; i >= 0; i--) {
        out[frame->number_at + (size_t)i] ^= (uint8_t)(number % 10);
        number /= 10;
    }
}

/* ---- patterns ---- */

/* Compare bytes with the text, from `at` on. */
static bool same(const struct text *text, size_t at, const uint8_t *bytes, size_t len)
{
    return memcmp(text->chars + at, bytes, len) == 0;
}

static bool read_digits(const uint8_t *digits, size_t len, uint64_t *number)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t digit = (uint8_t)(digits[i] - '0');
        if (digit > 9)
            return false;
        *number = *number * 10 + digit;
    }
    return true;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Compare the bytes at `at` of the message: those before the number, the number, and those after it. */
static bool matches_at(const struct text *text, size_t at, const uint8_t *bytes, size_t len, uint64_t *number)
{
    size_t begin = least(text->number_at, text->len);
    size_t end = begin < text->len ? begin + NUMBER_DIGITS : begin;
    size_t before = at < begin ? least(begin - at, len) : 0;
    if (!same(text, at, bytes, before))
        return false;
    at += before, bytes += before, len -= before;
    size_t digits = at < end ? least(end - at, len) : 0;
    if (digits > 0 && at == begin)
        *number = 0;
    if (!read_digits(bytes, digits, number))
        return false;
    return same(text, at + digits, bytes + digits, len - digits);
}

bool pattern_matches(const struct pattern *pattern, const struct frame_piece *piece, uint64_t *number)
{
    const struct text *text = &pattern->text;
    if (piece->opcode != OPCODE_TEXT)
        return false;
    if (pattern->open ? piece->total < text->len : piece->total != text->len)
        return false;
    if (piece->offset >= text->len)
        return true;
    size_t len = least(piece->len, text->len - (size_t)piece->offset);
    return matches_at(text, (size_t)piece->offset, piece->bytes, len, number);
}
