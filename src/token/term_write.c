/* A term can be written in several ways. This file uses the one that Erlang uses: the smallest integers, byte
 * lists, short atoms. */
#include "token/term.h"
#include "token/term_tags.h"
#include <pinion/error.h>
#include <stdlib.h>
#include <string.h>

#define BYTE_LIST_MAX 65535

static int write_value(struct pinion_buf *out, const json_t *value, unsigned depth);

/* Write a tag, and a number of at most eight bytes, the highest first. */
static int put(struct pinion_buf *out, unsigned char tag, uint64_t number, size_t width)
{
    unsigned char bytes[1 + 8] = { tag };
    for (size_t i = 0; i < width; i++)
        bytes[1 + i] = (unsigned char)(number >> (8 * (width - 1 - i)));
    return pinion__buf_append(out, bytes, 1 + width);
}

/* --- simple terms --- */

/* Write a sign, and as few bytes as possible, the lowest first. */
static int write_big(struct pinion_buf *out, int64_t value)
{
    unsigned char bytes[3 + 8] = { PINION_TERM_SMALL_BIG, 0, value < 0 };
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    for (; magnitude; magnitude >>= 8)
        bytes[3 + bytes[1]++] = (unsigned char)magnitude;
    return pinion__buf_append(out, bytes, 3u + bytes[1]);
}

int pinion__term_write_integer(struct pinion_buf *out, int64_t value)
{
    if (value >= 0 && value <= UINT8_MAX)
        return put(out, PINION_TERM_SMALL_INTEGER, (uint64_t)value, 1);
    if (value >= INT32_MIN && value <= INT32_MAX)
        return put(out, PINION_TERM_INTEGER, (uint64_t)value, 4);
    return write_big(out, value);
}

static int write_float(struct pinion_buf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return put(out, PINION_TERM_NEW_FLOAT, bits, 8);
}

int pinion__term_write_atom(struct pinion_buf *out, const char *name)
{
    size_t len = strlen(name);
    int rc = put(out, PINION_TERM_SMALL_ATOM_UTF8, len, 1);
    return rc ? rc : pinion__buf_append(out, name, len);
}

int pinion__term_write_binary(struct pinion_buf *out, struct pinion_slice bytes)
{
    if (bytes.len > UINT32_MAX)
        return PINION_ETOOBIG;
    int rc = put(out, PINION_TERM_BINARY, bytes.len, 4);
    return rc ? rc : pinion__buf_append(out, bytes.ptr, bytes.len);
}

/* --- lists --- */

static bool is_byte(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= UINT8_MAX;
}

static bool is_byte_list(const json_t *array)
{
    size_t i, size = json_array_size(array);
    for (i = 0; i < size && is_byte(json_array_get(array, i)); i++)
        continue;
    return i == size && size <= BYTE_LIST_MAX;
}

static int write_byte_list(struct pinion_buf *out, const json_t *array)
{
    size_t size = json_array_size(array);
    int rc = put(out, PINION_TERM_STRING, size, 2);
    for (size_t i = 0; !rc && i < size; i++)
        rc = pinion__buf_append_char(out, (char)json_integer_value(json_array_get(array, i)));
    return rc;
}

static int write_list(struct pinion_buf *out, const json_t *array, unsigned depth)
{
    size_t size = json_array_size(array);
    if (size == 0)
        return put(out, PINION_TERM_NIL, 0, 0);
    if (is_byte_list(array))
        return write_byte_list(out, array);
    if (size > UINT32_MAX)
        return PINION_ETOOBIG;
    int rc = put(out, PINION_TERM_LIST, size, 4);
    for (size_t i = 0; !rc && i < size; i++)
        rc = write_value(out, json_array_get(array, i), depth + 1);
    return rc ? rc : put(out, PINION_TERM_NIL, 0, 0);
}

/* --- maps --- */

/* Erlang orders binaries as strcmp orders strings, and the names in a json_t are strings. */
static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **sorted_names(const json_t *object)
{
    json_t *any = (json_t *)object; /* iterators can also change the object, so it has no const */
    const char **names = malloc(json_object_size(object) * sizeof *names);
    size_t count = 0;
    if (!names)
        return NULL;
    for (void *at = json_object_iter(any); at; at = json_object_iter_next(any, at))
        names[count++] = json_object_iter_key(at);
    qsort(names, count, sizeof *names, compare_names);
    return names;
}

static int write_pair(struct pinion_buf *out, const char *name, const json_t *value, unsigned depth)
{
    int rc = pinion__term_write_binary(out, pinion__slice_str(name));
    return rc ? rc : write_value(out, value, depth + 1);
}

static int write_map(struct pinion_buf *out, const json_t *object, unsigned depth)
{
    size_t size = json_object_size(object);
    if (size == 0)
        return put(out, PINION_TERM_MAP, 0, 4);
    if (size > UINT32_MAX)
        return PINION_ETOOBIG;
    const char **names = sorted_names(object);
    if (!names)
        return PINION_ENOMEM;
    int rc = put(out, PINION_TERM_MAP, size, 4);
    for (size_t i = 0; !rc && i < size; i++)
        rc = write_pair(out, names[i], json_object_get(object, names[i]), depth);
    free(names);
    return rc;
}

/* --- any value --- */

static int write_container(struct pinion_buf *out, const json_t *value, unsigned depth)
{
    if (depth == PINION_TERM_DEPTH)
        return PINION_ETOOBIG;
    return json_is_array(value) ? write_list(out, value, depth) : write_map(out, value, depth);
}

static int write_value(struct pinion_buf *out, const json_t *value, unsigned depth)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        return write_container(out, value, depth);
    case JSON_STRING:
        return pinion__term_write_binary(out,
                                         pinion__slice(json_string_value(value), json_string_length(value)));
    case JSON_INTEGER:
        return pinion__term_write_integer(out, json_integer_value(value));
    case JSON_REAL:
        return write_float(out, json_real_value(value));
    case JSON_TRUE:
        return pinion__term_write_atom(out, "true");
    case JSON_FALSE:
        return pinion__term_write_atom(out, "false");
    default:
        return pinion__term_write_atom(out, "nil");
    }
}

int pinion__term_write_begin(struct pinion_buf *out)
{
    return put(out, PINION_TERM_VERSION, 0, 0);
}

int pinion__term_write_tuple(struct pinion_buf *out, uint8_t arity)
{
    return put(out, PINION_TERM_SMALL_TUPLE, arity, 1);
}

int pinion__term_write_json(struct pinion_buf *out, const json_t *value)
{
    return write_value(out, value, 0);
}
