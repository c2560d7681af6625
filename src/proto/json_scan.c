/* The scanner is a cursor that only moves forward. There is a function for each production of the grammar,
 * which leaves the cursor after what it has read. Containers are not read by recursion: the closing
 * characters of the open ones lie on a small stack, whose height is the nesting limit.
 *
 * peek() returns NUL at the end of the text. No production accepts a NUL, so the end needs no test of its
 * own. */
#include "proto/json_scan.h"
#include "base/work.h"
#include "proto/json_word.h"
#include "proto/utf8.h"
#include <endian.h>

enum {
    SPACE = 1, /* between tokens */
    DIGIT = 2,
    HEX = 4,
    PLAIN = 8, /* stands for itself in a string, and is ASCII */
};

static const uint8_t classes[256] = {
    ['\t'] = SPACE,
    ['\n'] = SPACE,
    ['\r'] = SPACE,
    [' '] = SPACE | PLAIN,
    ['!'] = PLAIN,
    ['#' ... '/'] = PLAIN,
    ['0' ... '9'] = PLAIN | DIGIT | HEX,
    [':' ... '@'] = PLAIN,
    ['A' ... 'F'] = PLAIN | HEX,
    ['G' ... '['] = PLAIN,
    [']' ... '`'] = PLAIN,
    ['a' ... 'f'] = PLAIN | HEX,
    ['g' ... 0x7F] = PLAIN,
};

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool spaced;        /* white space was skipped since this was last cleared */
    unsigned max_depth; /* of the values in the text's own array or object */
};

static inline bool is(uint8_t c, uint8_t class)
{
    return (classes[c] & class) != 0;
}

static inline uint8_t peek(const struct cursor *cursor)
{
    return cursor->at < cursor->end ? *cursor->at : 0;
}

static inline bool take(struct cursor *cursor, uint8_t c)
{
    if (peek(cursor) != c)
        return false;
    cursor->at++;
    return true;
}

static inline void skip_space(struct cursor *cursor)
{
    while (is(peek(cursor), SPACE)) {
        cursor->at++;
        cursor->spaced = true;
    }
}

static bool take_word(struct cursor *cursor, const char *word, size_t len)
{
    if ((size_t)(cursor->end - cursor->at) < len || memcmp(cursor->at, word, len) != 0)
        return false;
    cursor->at += len;
    return true;
}

/* --- strings --- */

/* Mark the bytes that are not PLAIN. The marks are exact up to the first such byte. */
static inline uint64_t bytes_not_plain(uint64_t word)
{
    return pinion__bytes_escaped(word) | (word & PINION_EVERY_BYTE(0x80));
}

static inline void skip_plain(struct cursor *cursor)
{
    const uint8_t *at = cursor->at;
    uint64_t word;
    for (; cursor->end - at >= (ptrdiff_t)sizeof word; at += sizeof word) {
        memcpy(&word, at, sizeof word);
        uint64_t stops = bytes_not_plain(le64toh(word));
        if (stops) {
            cursor->at = at + __builtin_ctzll(stops) / 8;
            return;
        }
    }
    while (at < cursor->end && is(*at, PLAIN))
        at++;
    cursor->at = at;
}

/* The value of the four digits of \uXXXX; -1 when they are not four hexadecimal digits. */
static int scan_hex4(struct cursor *cursor)
{
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = peek(cursor);
        if (!is(c, HEX))
            return -1;
        unit = unit * 16 + (is(c, DIGIT) ? c - '0' : (c | 0x20) - 'a' + 10);
        cursor->at++;
    }
    return unit;
}

/* After \u: read one UTF-16 unit, or a whole surrogate pair. */
static bool scan_utf16(struct cursor *cursor)
{
    int unit = scan_hex4(cursor);
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit >= 0;
    if (unit > 0xDBFF || !take(cursor, '\\') || !take(cursor, 'u'))
        return false;
    int low = scan_hex4(cursor);
    return low >= 0xDC00 && low <= 0xDFFF;
}

static bool scan_escape(struct cursor *cursor)
{
    cursor->at++;
    switch (peek(cursor)) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        cursor->at++;
        return true;
    case 'u':
        cursor->at++;
        return scan_utf16(cursor);
    default:
        return false;
    }
}

static bool scan_string(struct cursor *cursor, bool *escaped)
{
    if (!take(cursor, '"'))
        return false;
    for (;;) {
        skip_plain(cursor);
        if (take(cursor, '"'))
            return true;
        if (peek(cursor) == '\\') {
            *escaped = true;
            if (!scan_escape(cursor))
                return false;
            continue;
        }
        size_t beyond_ascii = pinion__utf8_span(cursor->at, (size_t)(cursor->end - cursor->at));
        if (beyond_ascii == 0)
            return false;
        cursor->at += beyond_ascii;
    }
}

/* --- numbers --- */

static bool scan_digits(struct cursor *cursor)
{
    const uint8_t *start = cursor->at;
    while (is(peek(cursor), DIGIT))
        cursor->at++;
    return cursor->at > start;
}

/* After the e. The exponent is clipped to a value that no text is long enough to reach. */
static bool scan_exponent(struct cursor *cursor, int64_t *exponent)
{
    bool negative = take(cursor, '-');
    if (!negative)
        take(cursor, '+');
    if (!is(peek(cursor), DIGIT))
        return false;
    int64_t value = 0;
    for (; is(peek(cursor), DIGIT); cursor->at++) {
        if (value < INT64_MAX / 100)
            value = value * 10 + (*cursor->at - '0');
    }
    *exponent = negative ? -value : value;
    return true;
}

/* The smallest number that rounds to infinity, 2^1024 - 2^970, with its 309 digits. */
static const char infinite[] =
    "1797693134862315807937289714053034150799341327100378269361737789804449682927647509466490179775872070"
    "9633028641669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447"
    "5730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904"
    "174497792";
enum { INFINITE_MAGNITUDE = sizeof infinite - 1 };

/* True when digits * 10^exponent is too large for a double. `point` is where the digits' point is, or would
 * be. This number and the limit are compared as 0.ddd * 10^magnitude, where the first d is not 0. */
static bool overflows(const uint8_t *digits, const uint8_t *point, const uint8_t *end, int64_t exponent)
{
    while (digits < end && (*digits == '0' || *digits == '.'))
        digits++;
    if (digits == end)
        return false;
    int64_t magnitude = exponent + (point - digits) + (digits > point);
    if (magnitude != INFINITE_MAGNITUDE)
        return magnitude > INFINITE_MAGNITUDE;

    for (const char *limit = infinite; *limit; limit++) {
        if (digits < end && *digits == '.')
            digits++;
        char digit = digits < end ? (char)*digits++ : '0';
        if (digit != *limit)
            return digit > *limit;
    }
    return true;
}

static bool scan_number(struct cursor *cursor)
{
    take(cursor, '-');
    const uint8_t *digits = cursor->at;
    if (!take(cursor, '0') && !scan_digits(cursor))
        return false;
    const uint8_t *point = cursor->at;
    if (take(cursor, '.') && !scan_digits(cursor))
        return false;
    const uint8_t *end = cursor->at;
    int64_t exponent = 0;
    if ((take(cursor, 'e') || take(cursor, 'E')) && !scan_exponent(cursor, &exponent))
        return false;
    bool integer = cursor->at == point;
    return integer || !overflows(digits, point, end, exponent);
}

/* --- values --- */

static bool scan_scalar(struct cursor *cursor, struct pinion_json_value *value)
{
    switch (peek(cursor)) {
    case '"':
        value->type = PINION_JSON_STRING;
        return scan_string(cursor, &value->escaped);
    case 't':
        value->type = PINION_JSON_BOOL;
        return take_word(cursor, "true", 4);
    case 'f':
        value->type = PINION_JSON_BOOL;
        return take_word(cursor, "false", 5);
    case 'n':
        value->type = PINION_JSON_NULL;
        return take_word(cursor, "null", 4);
    default:
        value->type = PINION_JSON_NUMBER;
        return scan_number(cursor);
    }
}

/* The open containers: the character that will close each, the innermost last. */
struct nesting {
    uint8_t closers[PINION_JSON_DEPTH];
    unsigned depth;
    unsigned max;
};

/* Read the name of a member, up to its value. */
static bool scan_name(struct cursor *cursor, struct pinion_json_value *name)
{
    const uint8_t *start = cursor->at;
    *name = (struct pinion_json_value){ .type = PINION_JSON_STRING };
    if (!scan_string(cursor, &name->escaped))
        return false;
    name->text = pinion__slice((const char *)start, (size_t)(cursor->at - start));
    skip_space(cursor);
    if (!take(cursor, ':'))
        return false;
    skip_space(cursor);
    return true;
}

static bool skip_name(struct cursor *cursor)
{
    struct pinion_json_value name;
    return scan_name(cursor, &name);
}

/* Read from the start of a value to its end, or into a container to the start of its first element. *ended is
 * set to true for the former. */
static bool begin_value(struct cursor *cursor, struct nesting *nesting, bool *ended)
{
    uint8_t opener = peek(cursor);
    *ended = true;
    if (opener != '[' && opener != '{') {
        struct pinion_json_value scalar;
        return scan_scalar(cursor, &scalar);
    }
    if (nesting->depth == nesting->max)
        return false;
    cursor->at++;
    skip_space(cursor);
    uint8_t closer = opener == '[' ? ']' : '}';
    if (take(cursor, closer))
        return true;
    nesting->closers[nesting->depth++] = closer;
    *ended = false;
    return opener == '[' || skip_name(cursor);
}

/* Go from the end of a value to the start of the next one. Containers that end here are closed. If none is
 * open any more, the cursor stays. */
static bool next_value(struct cursor *cursor, struct nesting *nesting)
{
    while (nesting->depth > 0) {
        uint8_t closer = nesting->closers[nesting->depth - 1];
        skip_space(cursor);
        if (take(cursor, ',')) {
            skip_space(cursor);
            return closer == ']' || skip_name(cursor);
        }
        if (!take(cursor, closer))
            return false;
        nesting->depth--;
    }
    return true;
}

static bool scan_container(struct cursor *cursor, unsigned max_depth)
{
    struct nesting nesting;
    nesting.depth = 0;
    nesting.max = max_depth;
    do {
        bool ended;
        if (!begin_value(cursor, &nesting, &ended))
            return false;
        if (ended && !next_value(cursor, &nesting))
            return false;
    } while (nesting.depth > 0);
    return true;
}

static bool scan_value(struct cursor *cursor, unsigned max_depth, struct pinion_json_value *value)
{
    const uint8_t *start = cursor->at;
    uint8_t first = peek(cursor);
    bool valid;

    value->escaped = false;
    cursor->spaced = false;
    if (first == '[' || first == '{') {
        value->type = first == '[' ? PINION_JSON_ARRAY : PINION_JSON_OBJECT;
        valid = scan_container(cursor, max_depth);
    } else {
        valid = scan_scalar(cursor, value);
    }
    value->text = pinion__slice((const char *)start, (size_t)(cursor->at - start));
    value->spaced = cursor->spaced;
    return valid;
}

/* --- texts --- */

static struct cursor begin_text(struct pinion_slice text, unsigned max_depth)
{
    if (text.len == 0)
        text.ptr = "";
    PINION_WORK(text.len);
    struct cursor cursor = { .at = (const uint8_t *)text.ptr, .max_depth = max_depth - 1 };
    cursor.end = cursor.at + text.len;
    skip_space(&cursor);
    return cursor;
}

static bool end_text(struct cursor *cursor)
{
    skip_space(cursor);
    return cursor->at == cursor->end;
}

int pinion__json_scan(struct pinion_slice text, struct pinion_json_value *value)
{
    struct cursor cursor = begin_text(text, PINION_JSON_DEPTH);
    bool valid = scan_value(&cursor, PINION_JSON_DEPTH, value) && end_text(&cursor);
    return valid ? 0 : PINION_EPROTO;
}

static bool scan_elements(struct cursor *cursor, struct pinion_json_value *elements, size_t want)
{
    struct pinion_json_value skipped;
    size_t count = 0;

    if (!take(cursor, '['))
        return false;
    skip_space(cursor);
    if (peek(cursor) == ']')
        return take(cursor, ']') && want == 0;
    do {
        skip_space(cursor);
        if (!scan_value(cursor, cursor->max_depth, count < want ? &elements[count] : &skipped))
            return false;
        skip_space(cursor);
        count++;
    } while (take(cursor, ','));
    return take(cursor, ']') && count >= want;
}

int pinion__json_scan_array(struct pinion_slice text, unsigned max_depth, struct pinion_json_value *elements,
                            size_t want)
{
    struct cursor cursor = begin_text(text, max_depth);
    bool valid = scan_elements(&cursor, elements, want) && end_text(&cursor);
    return valid ? 0 : PINION_EPROTO;
}

/* The index of this name among `names`; `want` when it is not there. */
static size_t find_name(const struct pinion_json_value *name, const char *const *names, size_t want)
{
    char scratch[PINION_JSON_NAME_MAX];
    struct pinion_slice chars;
    if (pinion__json_unescape(name, scratch, sizeof scratch, &chars) != 0)
        return want;
    size_t i = 0;
    while (i < want && !pinion__slice_is(chars, names[i]))
        i++;
    return i;
}

static bool scan_member(struct cursor *cursor, const char *const *names, struct pinion_json_value *values,
                        bool *found, size_t want)
{
    struct pinion_json_value name;
    struct pinion_json_value skipped;
    if (!scan_name(cursor, &name))
        return false;
    size_t i = find_name(&name, names, want);
    bool wanted = i < want && !found[i];
    if (wanted)
        found[i] = true;
    return scan_value(cursor, cursor->max_depth, wanted ? &values[i] : &skipped);
}

static bool scan_members(struct cursor *cursor, const char *const *names, struct pinion_json_value *values,
                         bool *found, size_t want)
{
    if (!take(cursor, '{'))
        return false;
    skip_space(cursor);
    if (take(cursor, '}'))
        return true;
    do {
        skip_space(cursor);
        if (!scan_member(cursor, names, values, found, want))
            return false;
        skip_space(cursor);
    } while (take(cursor, ','));
    return take(cursor, '}');
}

int pinion__json_scan_object(struct pinion_slice text, unsigned max_depth, const char *const *names,
                             struct pinion_json_value *values, bool *found, size_t want)
{
    struct cursor cursor = begin_text(text, max_depth);
    memset(found, 0, want * sizeof *found);
    bool valid = scan_members(&cursor, names, values, found, want) && end_text(&cursor);
    return valid ? 0 : PINION_EPROTO;
}
