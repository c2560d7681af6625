/* Query strings and percent escapes, with any bytes. A second decoder of escapes must agree. The parameters
 * of an accepted query are written as a query again, which must mean the same. (fuzz_http1 has queries and
 * paths in requests.)
 *
 * Fuzzes: src/proto/query.c src/proto/percent.c src/proto/path.c */
#include "fuzz.h"
#include "proto/path.h"
#include "proto/percent.h"
#include "proto/query.h"
#include <ctype.h>
#include <jansson.h>
#include <pinion/error.h>

/* ---- percent escapes ---- */

/* No escape begins inside another, so each '%' can be looked at alone. */
static bool is_escape(struct pinion_slice text, size_t at)
{
    return text.ptr[at] == '%' && text.len - at > 2 && isxdigit((unsigned char)text.ptr[at + 1]) &&
           isxdigit((unsigned char)text.ptr[at + 2]);
}

static bool is_digit_of_escape(struct pinion_slice text, size_t at)
{
    return (at >= 1 && is_escape(text, at - 1)) || (at >= 2 && is_escape(text, at - 2));
}

static char byte_at(struct pinion_slice text, size_t at, bool form)
{
    char digits[3] = { 0 };
    if (is_escape(text, at)) {
        memcpy(digits, text.ptr + at + 1, 2);
        return (char)strtol(digits, NULL, 16);
    }
    return form && text.ptr[at] == '+' ? ' ' : text.ptr[at];
}

/* Returns the length, or -1. */
static long decode(struct pinion_slice text, bool form, char *out)
{
    long len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (is_digit_of_escape(text, i))
            continue;
        out[len] = byte_at(text, i, form);
        if (out[len++] == '\0' || (!form && text.ptr[i] == '%' && !is_escape(text, i)))
            return -1;
    }
    return len;
}

static void check_decode(struct pinion_slice text, bool form)
{
    char *expected = allocate(text.len), *out = allocate(text.len);
    char *in_place = copy_exactly(text);
    long expected_len = decode(text, form, expected);
    long len = pinion__percent_decode(text, form, out);
    REQUIRE(len == (expected_len < 0 ? PINION_EPROTO : expected_len));
    REQUIRE(len == pinion__percent_decode(pinion__slice(in_place, text.len), form, in_place));
    if (len > 0)
        REQUIRE(memcmp(out, expected, (size_t)len) == 0 && memcmp(in_place, expected, (size_t)len) == 0);
    free(in_place);
    free(out);
    free(expected);
}

/* ---- queries ---- */

struct writer {
    char name[4096]; /* of the parameter, as far as it is known */
    char *out;
    size_t len, room;
    size_t count; /* of parameters */
};

static void put(struct writer *writer, char c)
{
    if (writer->len == writer->room) {
        writer->room = writer->room ? 2 * writer->room : 256;
        writer->out = realloc(writer->out, writer->room);
        REQUIRE(writer->out);
    }
    writer->out[writer->len++] = c;
}

/* Escape every byte that is not a letter or a digit. Some bytes that need no escape stay. */
static void put_encoded(struct writer *writer, const char *text, size_t len)
{
    char escape[4];
    for (size_t i = 0; i < len; i++) {
        if (isalnum((unsigned char)text[i])) {
            put(writer, text[i]);
            continue;
        }
        snprintf(escape, sizeof escape, i % 2 ? "%%%02X" : "%%%02x", (unsigned char)text[i]);
        for (const char *at = escape; *at; at++)
            put(writer, *at);
    }
}

static void write_value(struct writer *writer, size_t name_len, const json_t *value);

static void write_under(struct writer *writer, size_t name_len, const char *key, const json_t *value)
{
    char *end = writer->name + name_len;
    size_t room = sizeof writer->name - name_len;
    int len = snprintf(end, room, name_len == 0 ? "%s" : "[%s]", key);
    REQUIRE(len >= 0);
    if ((size_t)len < room)
        write_value(writer, name_len + (size_t)len, value);
}

static void write_value(struct writer *writer, size_t name_len, const json_t *value)
{
    size_t i;
    const char *key;
    json_t *child;
    json_array_foreach(value, i, child) write_under(writer, name_len, "", child);
    json_object_foreach((json_t *)value, key, child) write_under(writer, name_len, key, child);
    if (!json_is_string(value))
        return;
    put_encoded(writer, writer->name, name_len);
    put(writer, '=');
    put_encoded(writer, json_string_value(value), json_string_length(value));
    put(writer, '&');
    writer->count++;
}

/* The name of a member of the whole query is not in brackets, and may be empty. */
static void write_query(struct writer *writer, const json_t *params)
{
    const char *key;
    json_t *child;
    json_object_foreach((json_t *)params, key, child)
    {
        size_t len = strlen(key);
        if (len >= sizeof writer->name)
            return; /* a larger buffer is not worth it */
        memcpy(writer->name, key, len + 1);
        if (len > 0 || json_is_string(child))
            write_value(writer, len, child);
    }
}

static void check_written(const json_t *params)
{
    struct writer writer = { .out = NULL };
    json_t *again = NULL;
    write_query(&writer, params);
    char *exact = copy_exactly(pinion__slice(writer.out, writer.len));
    REQUIRE(pinion__query_parse(pinion__slice(exact, writer.len), &again) == 0);
    REQUIRE(json_equal(params, again));
    json_decref(again);
    free(exact);
    free(writer.out);
}

static void check_query(struct pinion_slice query)
{
    json_t *params = NULL;
    int rc = pinion__query_parse(query, &params);
    REQUIRE(rc == 0 || rc == PINION_EPROTO || rc == PINION_ETOOBIG);
    if (rc == 0)
        check_written(params);
    json_decref(params);
}

/* ---- paths ---- */

/* Cutting a prefix off takes its segments, and the rest has those that are left. */
static void check_path(struct pinion_slice path)
{
    struct pinion_slice rest = path;
    bool begins = pinion__path_skip(&rest, "/a//b/");
    REQUIRE(lies_in(rest, path) && (begins || pinion__slice_eq(rest, path)));
    REQUIRE(!pinion__path_is(path, "/a/b") || (begins && !pinion__path_is(path, "/a")));
    REQUIRE(begins || !pinion__path_is(path, "a/b"));
    if (begins)
        REQUIRE(pinion__path_is(path, "a/b/") == pinion__path_is(rest, "/"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *exact = copy_exactly(pinion__slice((const char *)data, size));
    struct pinion_slice text = pinion__slice(exact, size);
    check_decode(text, false);
    check_decode(text, true);
    check_query(text);
    check_path(text);
    free(exact);
    return 0;
}
