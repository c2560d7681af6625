/* The reader: bytes, counts, atoms, and the pieces of a term that are read one by one. */
#include "proto/utf8.h"
#include "token/term_int.h"
#include "token/term_tags.h"
#include <pinion/error.h>

#define ATOM_CHARS 255

int pinion__term_fail(struct pinion_term_reader *reader, int code, const char *why)
{
    reader->why = why;
    return code;
}

/* --- bytes --- */

static size_t left(const struct pinion_term_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

int pinion__term_need(struct pinion_term_reader *reader, size_t count)
{
    return count <= left(reader) ? 0 : pinion__term_fail(reader, PINION_EPROTO, "it is cut short");
}

int pinion__term_read_number(struct pinion_term_reader *reader, size_t width, uint64_t *number)
{
    int rc = pinion__term_need(reader, width);
    if (rc)
        return rc;
    *number = 0;
    for (size_t i = 0; i < width; i++)
        *number = *number << 8 | *reader->at++;
    return 0;
}

int pinion__term_read_count(struct pinion_term_reader *reader, size_t width, size_t *count)
{
    uint64_t number = 0;
    int rc = pinion__term_read_number(reader, width, &number);
    if (!rc)
        rc = pinion__term_need(reader, (size_t)number);
    if (!rc)
        *count = (size_t)number;
    return rc;
}

int pinion__term_read_bytes(struct pinion_term_reader *reader, size_t width, struct pinion_slice *bytes)
{
    size_t len = 0;
    int rc = pinion__term_read_count(reader, width, &len);
    if (rc)
        return rc;
    *bytes = pinion__slice((const char *)reader->at, len);
    reader->at += len;
    return 0;
}

int pinion__term_next_tag(const struct pinion_term_reader *reader)
{
    return left(reader) ? *reader->at : -1;
}

/* --- atoms --- */

bool pinion__term_is_atom(int tag)
{
    return tag == PINION_TERM_ATOM || tag == PINION_TERM_SMALL_ATOM || tag == PINION_TERM_ATOM_UTF8 ||
           tag == PINION_TERM_SMALL_ATOM_UTF8;
}

static struct pinion_slice latin1_to_utf8(struct pinion_slice text, char *out)
{
    char *end = out;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x80) {
            *end++ = (char)c;
        } else {
            *end++ = (char)(0xC0 | c >> 6);
            *end++ = (char)(0x80 | (c & 0x3F));
        }
    }
    return pinion__slice(out, (size_t)(end - out));
}

static size_t count_chars(struct pinion_slice utf8)
{
    size_t count = 0;
    for (size_t i = 0; i < utf8.len; i++)
        count += ((unsigned char)utf8.ptr[i] & 0xC0) != 0x80;
    return count;
}

int pinion__term_read_atom_text(struct pinion_term_reader *reader, struct pinion_slice *text)
{
    int tag = *reader->at++;
    bool small = tag == PINION_TERM_SMALL_ATOM || tag == PINION_TERM_SMALL_ATOM_UTF8;
    bool utf8 = tag == PINION_TERM_ATOM_UTF8 || tag == PINION_TERM_SMALL_ATOM_UTF8;
    int rc = pinion__term_read_bytes(reader, small ? 1 : 2, text);
    if (rc)
        return rc;
    if (utf8 && !pinion__utf8_valid(text->ptr, text->len))
        return pinion__term_fail(reader, PINION_EPROTO, "an atom is not UTF-8");
    if ((utf8 ? count_chars(*text) : text->len) > ATOM_CHARS)
        return pinion__term_fail(reader, PINION_EPROTO, "an atom is longer than 255 characters");
    if (!utf8)
        *text = latin1_to_utf8(*text, reader->scratch);
    return 0;
}

/* --- pieces --- */

int pinion__term_read_begin(struct pinion_term_reader *reader, struct pinion_slice bytes)
{
    reader->at = (const unsigned char *)bytes.ptr;
    reader->end = bytes.len ? reader->at + bytes.len : reader->at;
    reader->why = "";
    int rc = pinion__term_need(reader, 2);
    if (rc)
        return rc;
    if (*reader->at++ != PINION_TERM_VERSION)
        return pinion__term_fail(reader, PINION_EPROTO, "it does not begin with the version of the format");
    if (*reader->at == PINION_TERM_COMPRESSED)
        return pinion__term_fail(reader, PINION_ENOTSUP, "it is compressed");
    return 0;
}

int pinion__term_read_end(struct pinion_term_reader *reader)
{
    return left(reader) == 0 ? 0 : pinion__term_fail(reader, PINION_EPROTO, "there is more after its end");
}

int pinion__term_read_tuple(struct pinion_term_reader *reader, size_t *arity)
{
    int tag = pinion__term_next_tag(reader);
    if (!pinion__term_next_is_tuple(reader))
        return pinion__term_fail(reader, PINION_EPROTO, "it is not a tuple");
    reader->at++;
    return pinion__term_read_count(reader, tag == PINION_TERM_SMALL_TUPLE ? 1 : 4, arity);
}

int pinion__term_read_map(struct pinion_term_reader *reader, size_t *pairs)
{
    if (pinion__term_next_tag(reader) != PINION_TERM_MAP)
        return pinion__term_fail(reader, PINION_EPROTO, "it is not a map");
    reader->at++;
    return pinion__term_read_count(reader, 4, pairs);
}

int pinion__term_read_binary(struct pinion_term_reader *reader, struct pinion_slice *bytes)
{
    if (!pinion__term_next_is_binary(reader))
        return pinion__term_fail(reader, PINION_EPROTO, "it is not a binary");
    reader->at++;
    return pinion__term_read_bytes(reader, 4, bytes);
}

bool pinion__term_next_is_tuple(const struct pinion_term_reader *reader)
{
    int tag = pinion__term_next_tag(reader);
    return tag == PINION_TERM_SMALL_TUPLE || tag == PINION_TERM_LARGE_TUPLE;
}

bool pinion__term_next_is_binary(const struct pinion_term_reader *reader)
{
    return pinion__term_next_tag(reader) == PINION_TERM_BINARY;
}

bool pinion__term_read_atom(struct pinion_term_reader *reader, const char *name)
{
    struct pinion_term_reader ahead = *reader;
    struct pinion_slice text = { 0 };
    if (!pinion__term_is_atom(pinion__term_next_tag(reader)) || pinion__term_read_atom_text(&ahead, &text) ||
        !pinion__slice_is(text, name))
        return false;
    reader->at = ahead.at;
    return true;
}
