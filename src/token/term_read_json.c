/* Reads terms as JSON in one pass, with a function for each kind of term. The memory it allocates is
 * proportional to the input, because a length is believed only if that many bytes are there (term_read.c). */
#include "proto/utf8.h"
#include "token/term_int.h"
#include "token/term_tags.h"
#include <math.h>
#include <pinion/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_value(struct pinion_term_reader *reader, unsigned depth, json_t **out);

static int give(struct pinion_term_reader *reader, json_t *value, json_t **out)
{
    if (!value)
        return pinion__term_fail(reader, PINION_ENOMEM, "out of memory");
    *out = value;
    return 0;
}

/* --- numbers --- */

static int read_small_integer(struct pinion_term_reader *reader, json_t **out)
{
    uint64_t number = 0;
    int rc = pinion__term_read_number(reader, 1, &number);
    return rc ? rc : give(reader, json_integer((json_int_t)number), out);
}

static int read_integer(struct pinion_term_reader *reader, json_t **out)
{
    uint64_t number = 0;
    int rc = pinion__term_read_number(reader, 4, &number);
    return rc ? rc : give(reader, json_integer((int32_t)(uint32_t)number), out);
}

/* The lowest byte comes first. Returns false if the number needs more than 64 bits. */
static bool magnitude_of(struct pinion_slice bytes, uint64_t *magnitude)
{
    *magnitude = 0;
    for (size_t i = bytes.len; i-- > 0;) {
        if (*magnitude >> 56)
            return false;
        *magnitude = *magnitude << 8 | (unsigned char)bytes.ptr[i];
    }
    return true;
}

/* Read the count of bytes, the sign, and then the bytes. */
static int read_big(struct pinion_term_reader *reader, size_t width, json_t **out)
{
    uint64_t magnitude, sign = 0;
    size_t len = 0;
    int rc = pinion__term_read_count(reader, width, &len);
    if (!rc)
        rc = pinion__term_read_number(reader, 1, &sign);
    if (!rc)
        rc = pinion__term_need(reader, len);
    if (rc)
        return rc;
    struct pinion_slice bytes = pinion__slice((const char *)reader->at, len);
    reader->at += len;
    if (sign > 1)
        return pinion__term_fail(reader, PINION_EPROTO, "an integer's sign is neither 0 nor 1");
    if (!magnitude_of(bytes, &magnitude) || magnitude > (uint64_t)INT64_MAX + sign)
        return pinion__term_fail(reader, PINION_ENOTSUP, "an integer is beyond 64 bits");
    return give(reader, json_integer((json_int_t)(sign ? 0 - magnitude : magnitude)), out);
}

static int read_float(struct pinion_term_reader *reader, json_t **out)
{
    uint64_t bits = 0;
    double number;
    int rc = pinion__term_read_number(reader, 8, &bits);
    if (rc)
        return rc;
    memcpy(&number, &bits, sizeof number);
    if (!isfinite(number))
        return pinion__term_fail(reader, PINION_EPROTO, "a float is not finite");
    return give(reader, json_real(number), out);
}

/* --- text --- */

static int check_text(struct pinion_term_reader *reader, struct pinion_slice text)
{
    if (pinion__utf8_valid(text.ptr, text.len))
        return 0;
    return pinion__term_fail(reader, PINION_ENOTSUP, "a binary inside is not UTF-8");
}

static json_t *string(struct pinion_slice text)
{
    return json_stringn_nocheck(text.ptr, text.len);
}

static int read_string(struct pinion_term_reader *reader, json_t **out)
{
    struct pinion_slice text = { 0 };
    int rc = pinion__term_read_bytes(reader, 4, &text);
    if (!rc)
        rc = check_text(reader, text);
    return rc ? rc : give(reader, string(text), out);
}

static json_t *atom_to_json(struct pinion_slice text)
{
    if (pinion__slice_is(text, "true"))
        return json_true();
    if (pinion__slice_is(text, "false"))
        return json_false();
    return pinion__slice_is(text, "nil") ? json_null() : string(text);
}

static int read_atom(struct pinion_term_reader *reader, json_t **out)
{
    struct pinion_slice text = { 0 };
    int rc = pinion__term_read_atom_text(reader, &text);
    return rc ? rc : give(reader, atom_to_json(text), out);
}

/* --- lists and tuples --- */

static int check_depth(struct pinion_term_reader *reader, unsigned depth)
{
    return depth < PINION_TERM_DEPTH ? 0 : pinion__term_fail(reader, PINION_ENOTSUP, "it is nested too deep");
}

static int append(struct pinion_term_reader *reader, json_t *array, json_t *value)
{
    return json_array_append_new(array, value) ? pinion__term_fail(reader, PINION_ENOMEM, "out of memory")
                                               : 0;
}

static int read_elements(struct pinion_term_reader *reader, size_t count, unsigned depth, json_t *array)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++) {
        json_t *element = NULL;
        rc = read_value(reader, depth + 1, &element);
        if (!rc)
            rc = append(reader, array, element);
    }
    return rc;
}

/* The end of a list is a term too: an empty list, unless the list is improper. */
static int read_tail(struct pinion_term_reader *reader)
{
    int rc = pinion__term_need(reader, 1);
    if (rc || *reader->at++ == PINION_TERM_NIL)
        return rc;
    return pinion__term_fail(reader, PINION_ENOTSUP, "a list is improper");
}

static int read_array(struct pinion_term_reader *reader, size_t width, unsigned depth, bool list,
                      json_t **out)
{
    json_t *array = NULL;
    size_t count = 0;
    int rc = pinion__term_read_count(reader, width, &count);
    if (!rc)
        rc = check_depth(reader, depth);
    if (!rc)
        rc = give(reader, json_array(), &array);
    if (!rc)
        rc = read_elements(reader, count, depth, array);
    if (!rc && list)
        rc = read_tail(reader);
    if (rc)
        json_decref(array);
    else
        *out = array;
    return rc;
}

/* Read a list of bytes. Charlists are written like this. */
static int read_byte_list(struct pinion_term_reader *reader, unsigned depth, json_t **out)
{
    json_t *array = NULL;
    struct pinion_slice bytes = { 0 };
    int rc = pinion__term_read_bytes(reader, 2, &bytes);
    if (!rc)
        rc = check_depth(reader, depth);
    if (!rc)
        rc = give(reader, json_array(), &array);
    for (size_t i = 0; !rc && i < bytes.len; i++)
        rc = append(reader, array, json_integer((unsigned char)bytes.ptr[i]));
    if (rc)
        json_decref(array);
    else
        *out = array;
    return rc;
}

/* --- maps --- */

static int read_integer_key(struct pinion_term_reader *reader, struct pinion_slice *key)
{
    json_t *integer = NULL;
    int rc = read_value(reader, PINION_TERM_DEPTH, &integer);
    if (rc)
        return rc;
    snprintf(reader->scratch, sizeof reader->scratch, "%" JSON_INTEGER_FORMAT, json_integer_value(integer));
    json_decref(integer);
    *key = pinion__slice_str(reader->scratch);
    return 0;
}

static int read_key(struct pinion_term_reader *reader, struct pinion_slice *key)
{
    int tag = pinion__term_next_tag(reader);
    if (tag < 0)
        return pinion__term_need(reader, 1);
    if (pinion__term_is_atom(tag))
        return pinion__term_read_atom_text(reader, key);
    if (tag == PINION_TERM_SMALL_INTEGER || tag == PINION_TERM_INTEGER || tag == PINION_TERM_SMALL_BIG ||
        tag == PINION_TERM_LARGE_BIG)
        return read_integer_key(reader, key);
    if (tag != PINION_TERM_BINARY)
        return pinion__term_fail(reader, PINION_ENOTSUP,
                                 "a map has a key that is not a binary, an atom or an integer");
    int rc = pinion__term_read_binary(reader, key);
    return rc ? rc : check_text(reader, *key);
}

/* Copy the key into a string of its own, because the value is read before the key is needed. */
static int copy_key(struct pinion_term_reader *reader, struct pinion_slice key, char **copy)
{
    if (memchr(key.ptr, '\0', key.len))
        return pinion__term_fail(reader, PINION_ENOTSUP, "a map has a key with U+0000 in it");
    *copy = calloc(1, key.len + 1);
    if (!*copy)
        return pinion__term_fail(reader, PINION_ENOMEM, "out of memory");
    memcpy(*copy, key.ptr, key.len);
    return 0;
}

static int read_pair(struct pinion_term_reader *reader, unsigned depth, json_t *object)
{
    struct pinion_slice key = pinion__slice_str("");
    json_t *value = NULL;
    char *name = NULL;
    int rc = read_key(reader, &key);
    if (!rc)
        rc = copy_key(reader, key, &name);
    if (!rc && json_object_get(object, name))
        rc = pinion__term_fail(reader, PINION_ENOTSUP, "a map has keys that are equal, or would be in JSON");
    if (!rc)
        rc = read_value(reader, depth + 1, &value);
    if (!rc && json_object_set_new_nocheck(object, name, value))
        rc = pinion__term_fail(reader, PINION_ENOMEM, "out of memory");
    free(name);
    return rc;
}

static int read_object(struct pinion_term_reader *reader, unsigned depth, json_t **out)
{
    json_t *object = NULL;
    size_t pairs = 0;
    int rc = pinion__term_read_count(reader, 4, &pairs);
    if (!rc)
        rc = check_depth(reader, depth);
    if (!rc)
        rc = give(reader, json_object(), &object);
    for (size_t i = 0; !rc && i < pairs; i++)
        rc = read_pair(reader, depth, object);
    if (rc)
        json_decref(object);
    else
        *out = object;
    return rc;
}

/* --- any term --- */

/* Refuse terms of Erlang that JSON does not have, by name. */
static int refuse(struct pinion_term_reader *reader, int tag)
{
    switch (tag) {
    case PINION_TERM_FLOAT:
        return pinion__term_fail(reader, PINION_ENOTSUP,
                                 "a float is written as text, as before Erlang/OTP 17");
    case PINION_TERM_BIT_BINARY:
        return pinion__term_fail(reader, PINION_ENOTSUP, "a bitstring is not a whole number of bytes");
    case PINION_TERM_PID:
    case PINION_TERM_NEW_PID:
    case PINION_TERM_PORT:
    case PINION_TERM_NEW_PORT:
    case PINION_TERM_V4_PORT:
    case PINION_TERM_REFERENCE:
    case PINION_TERM_NEW_REFERENCE:
    case PINION_TERM_NEWER_REFERENCE:
        return pinion__term_fail(reader, PINION_ENOTSUP, "it contains a pid, a port or a reference");
    case PINION_TERM_FUN:
    case PINION_TERM_NEW_FUN:
    case PINION_TERM_EXPORT:
        return pinion__term_fail(reader, PINION_ENOTSUP, "it contains a function");
    case PINION_TERM_LOCAL:
        return pinion__term_fail(reader, PINION_ENOTSUP, "it can be read only where it was written");
    default:
        return pinion__term_fail(reader, PINION_EPROTO, "no term begins with this byte");
    }
}

static int read_value(struct pinion_term_reader *reader, unsigned depth, json_t **out)
{
    int rc = pinion__term_need(reader, 1);
    if (rc)
        return rc;
    if (pinion__term_is_atom(*reader->at))
        return read_atom(reader, out);
    int tag = *reader->at++;
    switch (tag) {
    case PINION_TERM_SMALL_INTEGER:
        return read_small_integer(reader, out);
    case PINION_TERM_INTEGER:
        return read_integer(reader, out);
    case PINION_TERM_SMALL_BIG:
        return read_big(reader, 1, out);
    case PINION_TERM_LARGE_BIG:
        return read_big(reader, 4, out);
    case PINION_TERM_NEW_FLOAT:
        return read_float(reader, out);
    case PINION_TERM_BINARY:
        return read_string(reader, out);
    case PINION_TERM_NIL:
        return give(reader, json_array(), out);
    case PINION_TERM_STRING:
        return read_byte_list(reader, depth, out);
    case PINION_TERM_LIST:
        return read_array(reader, 4, depth, true, out);
    case PINION_TERM_SMALL_TUPLE:
        return read_array(reader, 1, depth, false, out);
    case PINION_TERM_LARGE_TUPLE:
        return read_array(reader, 4, depth, false, out);
    case PINION_TERM_MAP:
        return read_object(reader, depth, out);
    default:
        return refuse(reader, tag);
    }
}

int pinion__term_read_json(struct pinion_term_reader *reader, json_t **out)
{
    return read_value(reader, 0, out);
}
