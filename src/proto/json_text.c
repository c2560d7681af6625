/* Rewrites JSON text: unescapes, quotes, compacts. The input was checked by the scanner, or is UTF-8 to be
 * quoted, so nothing here looks for mistakes. */
#include "proto/json_scan.h"
#include "proto/json_word.h"

/* --- unescaping --- */

static unsigned hex4(const char *digits)
{
    unsigned unit = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)digits[i];
        unit = unit * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return unit;
}

static size_t put_utf8(char *out, unsigned code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)((0xF00 >> len) | code);
    return len;
}

/* The character of an escape \uXXXX, or of a surrogate pair. Moves *at behind it. */
static unsigned read_utf16(const char **at)
{
    unsigned unit = hex4(*at + 2);
    *at += 6;
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit;
    unsigned low = hex4(*at + 2);
    *at += 6;
    return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

/* Read the escape whose backslash is at *at, and move *at behind it. Returns the number of bytes it stands
 * for. */
static size_t read_escape(const char **at, char out[4])
{
    char c = (*at)[1];
    if (c == 'u')
        return put_utf8(out, read_utf16(at));
    *at += 2;
    out[0] = c == 'b' ? '\b' : c == 'f' ? '\f' : c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
    return 1;
}

int pinion__json_unescape(const struct pinion_json_value *string, char *scratch, size_t scratch_len,
                          struct pinion_slice *out)
{
    const char *at = string->text.ptr + 1;
    const char *end = string->text.ptr + string->text.len - 1;
    size_t len = 0;

    if (!string->escaped) {
        *out = pinion__slice(at, (size_t)(end - at));
        return 0;
    }
    while (at < end) {
        char bytes[4] = { *at };
        size_t n = 1;
        if (*at == '\\')
            n = read_escape(&at, bytes);
        else
            at++;
        if (n > scratch_len - len)
            return PINION_ETOOBIG;
        memcpy(scratch + len, bytes, n);
        len += n;
    }
    *out = pinion__slice(scratch, len);
    return 0;
}

/* --- quoting --- */

/* For control characters that have a short escape: its letter. */
static const char short_escapes[256] = {
    ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\',
};

static bool is_escaped(unsigned char c)
{
    return short_escapes[c] || c < ' ';
}

/* True when all characters stand for themselves. They are read a word at a time; the last word ends where
 * they end. For fewer than eight bytes the answer is always false. */
static bool is_plain(struct pinion_slice chars)
{
    uint64_t word;
    if (chars.len < sizeof word)
        return false;
    for (size_t i = 0; i + sizeof word < chars.len; i += sizeof word) {
        memcpy(&word, chars.ptr + i, sizeof word);
        if (pinion__bytes_escaped(word))
            return false;
    }
    memcpy(&word, chars.ptr + chars.len - sizeof word, sizeof word);
    return !pinion__bytes_escaped(word);
}

size_t pinion__json_quoted_len(struct pinion_slice chars)
{
    size_t len = chars.len + 2;
    if (is_plain(chars))
        return len;
    for (size_t i = 0; i < chars.len; i++) {
        unsigned char c = (unsigned char)chars.ptr[i];
        len += short_escapes[c] ? 1 : c < ' ' ? 5 : 0;
    }
    return len;
}

static char *put_escaped(char *out, unsigned char c)
{
    static const char digits[] = "0123456789ABCDEF";
    if (short_escapes[c]) {
        out[0] = '\\';
        out[1] = short_escapes[c];
        return out + 2;
    }
    memcpy(out, "\\u00", 4);
    out[4] = digits[c >> 4];
    out[5] = digits[c & 15];
    return out + 6;
}

static char *put_characters(char *out, struct pinion_slice chars)
{
    for (size_t i = 0; i < chars.len; i++) {
        unsigned char c = (unsigned char)chars.ptr[i];
        if (is_escaped(c))
            out = put_escaped(out, c);
        else
            *out++ = (char)c;
    }
    return out;
}

char *pinion__json_quote(char *out, struct pinion_slice chars)
{
    *out++ = '"';
    out = is_plain(chars) ? pinion__slice_put(out, chars) : put_characters(out, chars);
    *out++ = '"';
    return out;
}

/* --- compacting --- */

/* Move past the run of tokens that starts here, to the next white space between tokens or to the end. */
static const char *skip_tokens(const char *at, const char *end)
{
    while (at < end && *at != ' ' && *at != '\t' && *at != '\n' && *at != '\r')
        at = *at == '"' ? pinion__json_skip_string(at) : at + 1;
    return at;
}

char *pinion__json_compact(char *out, struct pinion_slice text)
{
    const char *at = text.ptr;
    const char *end = at + text.len;

    while (at < end) {
        const char *run_end = skip_tokens(at, end);
        size_t run = (size_t)(run_end - at);
        memcpy(out, at, run);
        out += run;
        at = run_end < end ? run_end + 1 : end;
    }
    return out;
}
