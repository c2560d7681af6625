/* {i} is the number of the innermost repeat, {transport} what the server calls the transport, {unique} a word
 * of this replay, {c*n} the character c, n times. Expanded in one pass from left to right: none of them makes
 * another. */
#include "vectors/steps.h"
#include <stdio.h>
#include <stdlib.h>

struct text {
    char *data;
    size_t len;
};

static void append(struct text *text, const char *bytes, size_t len)
{
    text->data = realloc(text->data, text->len + len + 1);
    assert_non_null(text->data);
    memcpy(text->data + text->len, bytes, len);
    text->len += len;
}

static void append_times(struct text *text, char byte, size_t times)
{
    text->data = realloc(text->data, text->len + times + 1);
    assert_non_null(text->data);
    memset(text->data + text->len, byte, times);
    text->len += times;
}

/* Expand what stands at `at`, which is a '{'. Returns how many characters it was, 0 for no expansion. */
static size_t expand_at(struct text *out, const char *at, size_t left, const char *i)
{
    char *end;
    if (i && left >= 3 && memcmp(at, "{i}", 3) == 0) {
        append(out, i, strlen(i));
        return 3;
    }
    if (left >= 11 && memcmp(at, "{transport}", 11) == 0) {
        append(out, ":loopback", 9);
        return 11;
    }
    if (left >= 8 && memcmp(at, "{unique}", 8) == 0) {
        append(out, "only", 4); /* each replay has an endpoint of its own */
        return 8;
    }
    if (left < 5 || at[2] != '*' || at[3] < '0' || at[3] > '9')
        return 0;
    unsigned long times = strtoul(at + 3, &end, 10);
    if (*end != '}')
        return 0;
    append_times(out, at[1], times);
    return (size_t)(end + 1 - at);
}

static json_t *expand_string(const json_t *string, const char *i)
{
    const char *from = json_string_value(string);
    size_t len = json_string_length(string);
    struct text out = { NULL, 0 };
    append(&out, "", 0);
    for (size_t at = 0; at < len;) {
        size_t used = from[at] == '{' ? expand_at(&out, from + at, len - at, i) : 0;
        if (used == 0) {
            append(&out, from + at, 1);
            used = 1;
        }
        at += used;
    }
    json_t *expanded = json_stringn(out.data, out.len);
    free(out.data);
    return expanded;
}

json_t *expand_value(const json_t *value, const char *i)
{
    size_t index;
    const char *key;
    json_t *member, *copy;
    if (json_is_string(value))
        return expand_string(value, i);
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, index, member) json_array_append_new(copy, expand_value(member, i));
        return copy;
    }
    if (json_is_object(value)) {
        copy = json_object();
        json_object_foreach((json_t *)value, key, member)
            json_object_set_new(copy, key, expand_value(member, i));
        return copy;
    }
    return json_incref((json_t *)value);
}
