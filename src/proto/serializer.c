/* Which serializer a client asks for. Its `vsn` is a semantic version, read as strictly as Elixir's Version
 * does: what Phoenix refuses, a client may rely on being refused. */
#include "proto/serializer.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_identifier_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

static size_t count_while(struct pinion_slice text, bool (*is)(char c))
{
    size_t len = 0;
    while (len < text.len && is(text.ptr[len]))
        len++;
    return len;
}

static void skip(struct pinion_slice *text, size_t len)
{
    *text = pinion__slice(text->ptr + len, text->len - len);
}

/* True for a number without a leading zero. */
static bool is_number(struct pinion_slice text)
{
    return text.len > 0 && count_while(text, is_digit) == text.len && (text.len == 1 || text.ptr[0] != '0');
}

/* If `mark` comes next, skip it and the identifiers after it, which have dots between them. With `strict`,
 * numbers must not have a leading zero. Returns false when they are not valid. */
static bool skip_identifiers(struct pinion_slice *text, char mark, bool strict)
{
    while (text->len > 0 && text->ptr[0] == mark) {
        skip(text, 1);
        struct pinion_slice word = pinion__slice(text->ptr, count_while(*text, is_identifier_char));
        if (word.len == 0 || (strict && count_while(word, is_digit) == word.len && !is_number(word)))
            return false;
        skip(text, word.len);
        mark = '.';
    }
    return true;
}

bool pinion__version_valid(const char *version)
{
    const char *dot = strchr(version, '.');
    return dot && is_number(pinion__slice(version, (size_t)(dot - version))) &&
           is_number(pinion__slice_str(dot + 1));
}

/* Is this version major.minor.patch of this "major.minor", as "~> major.minor.0" matches? A pre-release is
 * less than its release: so 2.0.0-rc.1 does not belong to 2.0, and 2.0.1-rc.1 does. */
static bool is_of_line(struct pinion_slice version, const char *line)
{
    size_t len = strlen(line);
    if (version.len <= len || memcmp(version.ptr, line, len) != 0 || version.ptr[len] != '.')
        return false;
    skip(&version, len + 1);
    struct pinion_slice patch = pinion__slice(version.ptr, count_while(version, is_digit));
    skip(&version, patch.len);
    bool pre_release = version.len > 0 && version.ptr[0] == '-';
    return is_number(patch) && !(pre_release && pinion__slice_is(patch, "0")) &&
           skip_identifiers(&version, '-', true) && skip_identifiers(&version, '+', false) &&
           version.len == 0;
}

const struct pinion_serializer *pinion__serializer_find(struct pinion_slice vsn,
                                                        const pinion_serializer_route *own)
{
    static const pinion_serializer_route ours[] = { { "1.0", &pinion__serializer_v1 },
                                                    { "2.0", &pinion__serializer_v2 },
                                                    { NULL, NULL } };
    const pinion_serializer_route *const tables[] = { own, ours };
    if (vsn.len == 0)
        vsn = pinion__slice_str("1.0.0");
    for (size_t t = 0; t < 2; t++) {
        for (const pinion_serializer_route *entry = tables[t]; entry && entry->vsn; entry++) {
            if (is_of_line(vsn, entry->vsn))
                return entry->serializer;
        }
    }
    return NULL;
}

const pinion_serializer *pinion_serializer_v1(void)
{
    return &pinion__serializer_v1;
}

const pinion_serializer *pinion_serializer_v2(void)
{
    return &pinion__serializer_v2;
}
