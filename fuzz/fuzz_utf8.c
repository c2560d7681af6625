/* UTF-8: a second decoder computes the character, and checks that it is allowed and as short as possible.
 * However the text is cut, the answer is the same. The first byte says where it is cut.
 *
 * Fuzzes: src/proto/utf8.c */
#include "fuzz.h"
#include "proto/utf8.h"

/* The length of the character that starts here; 0 when there is none. */
static size_t char_len(struct pinion_slice text)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint8_t first = (uint8_t)text.ptr[0];
    size_t len = first < 0x80             ? 1
                 : (first & 0xE0) == 0xC0 ? 2
                 : (first & 0xF0) == 0xE0 ? 3
                 : (first & 0xF8) == 0xF0 ? 4
                                          : 0;
    uint32_t code = len == 1 ? first : first & 0xFFu >> (len + 1);
    if (len == 0 || len > text.len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        uint8_t byte = (uint8_t)text.ptr[i];
        if (byte < 0x80 || byte >= 0xC0)
            return 0;
        code = code << 6 | (byte & 0x3F);
    }
    bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code >= least[len] && code <= 0x10FFFF && !surrogate ? len : 0;
}

static size_t valid_length(struct pinion_slice text, bool ascii)
{
    size_t at = 0;
    while (at < text.len) {
        size_t len = char_len(pinion__slice(text.ptr + at, text.len - at));
        if (len == 0 || (len == 1 && !ascii))
            break;
        at += len;
    }
    return at;
}

/* Byte by byte: the answer becomes false at the first byte with which no text can continue, and stays
 * false. */
static void check_bytewise(struct pinion_slice text, bool valid)
{
    struct pinion_utf8 state = { 0 };
    size_t good = valid_length(text, true);
    bool open = true;
    for (size_t i = 0; i < text.len && open; i++) {
        open = pinion__utf8_feed(&state, text.ptr + i, 1);
        REQUIRE(open || i >= good);
        REQUIRE(i >= good || pinion__utf8_complete(&state) ==
                                 (valid_length(pinion__slice(text.ptr, i + 1), true) == i + 1));
    }
    REQUIRE(valid == (open && pinion__utf8_complete(&state)));
}

static void check_cut(struct pinion_slice text, size_t cut, bool valid)
{
    struct pinion_utf8 state = { 0 };
    bool open =
        pinion__utf8_feed(&state, text.ptr, cut) && pinion__utf8_feed(&state, text.ptr + cut, text.len - cut);
    REQUIRE(valid == (open && pinion__utf8_complete(&state)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    size_t cut = input_byte(&input);
    struct pinion_slice given = input_rest(&input);
    char *exact = copy_exactly(given);
    struct pinion_slice text = pinion__slice(exact, given.len);
    bool valid = valid_length(text, true) == text.len;
    REQUIRE(pinion__utf8_valid(text.ptr, text.len) == valid);
    REQUIRE(pinion__utf8_name(text.ptr, text.len) == valid);
    REQUIRE(pinion__utf8_span(text.ptr, text.len) == valid_length(text, false));
    check_cut(text, cut < text.len ? cut : text.len, valid);
    if (text.len <= 512)
        check_bytewise(text, valid);
    free(exact);
    return 0;
}
