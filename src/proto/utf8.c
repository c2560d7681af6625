/* UTF-8 as a small state: how many continuation bytes are missing, and the bounds of the next one. Overlong
 * forms, surrogates and code points above U+10FFFF all show in the second byte: bounds narrower than 80..BF
 * exclude them. */
#include "proto/utf8.h"
#include "base/work.h"
#include <string.h>

/* Set the state for the first byte of a character of several bytes. Returns false when no character begins
 * with it. */
static bool begin_char(struct pinion_utf8 *state, uint8_t lead)
{
    if (lead < 0xC2 || lead > 0xF4)
        return false;
    state->needed = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    state->low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    state->high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    return true;
}

static bool continue_char(struct pinion_utf8 *state, uint8_t byte)
{
    if (byte < state->low || byte > state->high)
        return false;
    state->needed--;
    state->low = 0x80;
    state->high = 0xBF;
    return true;
}

static const uint8_t *skip_ascii(const uint8_t *at, const uint8_t *end)
{
    uint64_t word;
    for (; end - at >= (ptrdiff_t)sizeof word; at += sizeof word) {
        memcpy(&word, at, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    while (at < end && *at < 0x80)
        at++;
    return at;
}

bool pinion__utf8_feed(struct pinion_utf8 *state, const void *bytes, size_t len)
{
    if (len == 0)
        return true;
    PINION_WORK(len);
    const uint8_t *at = bytes;
    const uint8_t *end = at + len;

    while (at < end) {
        if (state->needed == 0) {
            at = skip_ascii(at, end);
            if (at < end && !begin_char(state, *at++))
                return false;
        } else if (!continue_char(state, *at++)) {
            return false;
        }
    }
    return true;
}

bool pinion__utf8_valid(const void *bytes, size_t len)
{
    struct pinion_utf8 state = { 0 };
    return pinion__utf8_feed(&state, bytes, len) && pinion__utf8_complete(&state);
}

/* The length of the character beyond ASCII that starts here; 0 when it is not valid or not complete. */
static size_t wide_char_len(const uint8_t *at, size_t len)
{
    struct pinion_utf8 state;
    if (!begin_char(&state, at[0]) || len <= state.needed || at[1] < state.low || at[1] > state.high)
        return 0;
    for (size_t i = 2; i <= state.needed; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    }
    return 1u + state.needed;
}

size_t pinion__utf8_span(const void *bytes, size_t len)
{
    const uint8_t *text = bytes;
    size_t span = 0;
    while (span < len) {
        size_t char_len = wide_char_len(text + span, len - span);
        if (char_len == 0)
            break;
        span += char_len;
    }
    return span;
}
