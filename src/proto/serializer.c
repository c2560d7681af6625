/* Which serializer a client asks for. Its `vsn` is a semantic version, read as strictly as Elixir's Version
 * does, since what Phoenix refuses a client may count on being refused. */
#include "proto/serializer.h"

struct version {
    struct pinion_slice major;
    struct pinion_slice minor;
    struct pinion_slice patch;
    bool pre_release;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_identifier_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* Cut `text` at the first `c`: returns what precedes it and leaves what follows. Without one, returns
 * everything and leaves text as it was. */
static struct pinion_slice cut(struct pinion_slice *text, char c, bool *found)
{
    const char *at = text->len ? memchr(text->ptr, c, text->len) : NULL;
    struct pinion_slice before = *text;
    *found = at != NULL;
    if (at) {
        before.len = (size_t)(at - text->ptr);
        *text = pinion__slice(at + 1, text->len - before.len - 1);
    }
    return before;
}

static bool is_number(struct pinion_slice text)
{
    if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i]))
            return false;
    }
    return true;
}

/* One identifier of a pre-release or build; where `strict`, a number has no leading zero. */
static bool is_identifier(struct pinion_slice text, bool strict)
{
    bool digits_only = true;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_identifier_char(text.ptr[i]))
            return false;
        digits_only = digits_only && is_digit(text.ptr[i]);
    }
    return text.len > 0 && (!strict || !digits_only || is_number(text));
}

static bool are_identifiers(struct pinion_slice text, bool strict)
{
    bool more = true;
    while (more) {
        if (!is_identifier(cut(&text, '.', &more), strict))
            return false;
    }
    return true;
}

static bool read_version(struct pinion_slice text, struct version *version)
{
    bool has_build;
    bool has_minor;
    bool has_patch;
    struct pinion_slice build = text;
    struct pinion_slice pre = cut(&build, '+', &has_build);
    struct pinion_slice numbers = cut(&pre, '-', &version->pre_release);
    version->major = cut(&numbers, '.', &has_minor);
    version->minor = cut(&numbers, '.', &has_patch);
    version->patch = numbers;
    return has_minor && has_patch && is_number(version->major) && is_number(version->minor) &&
           is_number(version->patch) && (!version->pre_release || are_identifiers(pre, true)) &&
           (!has_build || are_identifiers(build, false));
}

/* "major.minor". */
static bool read_line(const char *text, struct pinion_slice *major, struct pinion_slice *minor)
{
    bool has_minor;
    *minor = pinion__slice_str(text);
    *major = cut(minor, '.', &has_minor);
    return has_minor && is_number(*major) && is_number(*minor);
}

bool pinion__version_valid(const char *version)
{
    struct pinion_slice major, minor;
    return read_line(version, &major, &minor);
}

/* As "~> major.minor.0" matches. */
static bool is_of_line(const struct version *version, const char *text)
{
    struct pinion_slice major, minor;
    if (!read_line(text, &major, &minor))
        return false;
    return pinion__slice_eq(version->major, major) && pinion__slice_eq(version->minor, minor) &&
           !(version->pre_release && pinion__slice_is(version->patch, "0"));
}

const struct pinion_serializer *pinion__serializer_find(struct pinion_slice vsn,
                                                        const pinion_serializer_route *own)
{
    static const pinion_serializer_route ours[] = { { "1.0", &pinion__serializer_v1 },
                                                    { "2.0", &pinion__serializer_v2 },
                                                    { NULL, NULL } };
    const pinion_serializer_route *const tables[] = { own, ours };
    struct version version;
    if (!read_version(vsn.len > 0 ? vsn : pinion__slice_str("1.0.0"), &version))
        return NULL;
    for (size_t t = 0; t < 2; t++) {
        for (const pinion_serializer_route *entry = tables[t]; entry && entry->vsn; entry++) {
            if (is_of_line(&version, entry->vsn))
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
