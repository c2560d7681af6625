/* Erlang terms in the external term format, as far as tokens use them, and their form in JSON.
 *
 *   Erlang                            JSON, read                    written from JSON as
 *   binary of UTF-8                   string                        binary
 *   true, false, nil                  true, false, null             the same atoms
 *   another atom                      string                        –
 *   integer of 64 bits, float         number                        the same
 *   list (a charlist is one), tuple   array                         list
 *   map                               object                        map with binaries for keys
 *
 * The keys of a map may be binaries, atoms and integers (in decimal). Terms that have no form in JSON are
 * refused: bytes that are not UTF-8, integers beyond 64 bits, improper lists, maps in which two keys would be
 * equal, pids and the like. Compressed terms are refused too, and what Erlang has not written since release
 * 17 (floats as text).
 *
 * https://www.erlang.org/doc/apps/erts/erl_ext_dist.html */
#ifndef PINION_TOKEN_TERM_H
#define PINION_TOKEN_TERM_H

#include "base/buf.h"
#include "base/slice.h"
#include <jansson.h>
#include <stdint.h>

#define PINION_TERM_DEPTH 128 /* levels of lists, tuples and maps, the same as for JSON */

/* ---- reading: one term after another, from bytes that must stay ---- */

struct pinion_term_reader {
    const unsigned char *at;
    const unsigned char *end;
    const char *why;   /* after a failure: what was wrong; static text */
    char scratch[512]; /* a short text that is converted; until the next one */
};

/* Errors of every reading function: PINION_EPROTO: the bytes are not such a term; PINION_ENOTSUP: the term
 * has no form here; PINION_ENOMEM. After a failure, the position of the reader is undefined. */

/* Begin to read a whole term, whose first byte is the version of the format. */
int pinion__term_read_begin(struct pinion_term_reader *reader, struct pinion_slice bytes);

/* Check that nothing is left. */
int pinion__term_read_end(struct pinion_term_reader *reader);

/* Read any term as JSON. *out is a new reference. */
int pinion__term_read_json(struct pinion_term_reader *reader, json_t **out);

/* Read the head of a tuple. Its elements follow. */
int pinion__term_read_tuple(struct pinion_term_reader *reader, size_t *arity);

/* Read the head of a map. As many keys follow, each with its value. */
int pinion__term_read_map(struct pinion_term_reader *reader, size_t *pairs);

/* Read a binary. It stays where it is. */
int pinion__term_read_binary(struct pinion_term_reader *reader, struct pinion_slice *bytes);

/* True if a tuple comes next. False also at the end, and for malformed bytes. */
bool pinion__term_next_is_tuple(const struct pinion_term_reader *reader);
bool pinion__term_next_is_binary(const struct pinion_term_reader *reader);

/* If this atom (ASCII) comes next, read it and return true. Otherwise nothing is read. */
bool pinion__term_read_atom(struct pinion_term_reader *reader, const char *name);

/* ---- writing: in the form of Erlang/OTP 26 and later ---- */

/* All functions append. PINION_ETOOBIG: over the buffer's cap, or deeper than PINION_TERM_DEPTH;
 * PINION_ENOMEM. After an error, what was written is of no use. */

/* Write the version byte, with which a term begins. */
int pinion__term_write_begin(struct pinion_buf *out);

/* Write the head of a tuple of at most 255 elements, which must follow. */
int pinion__term_write_tuple(struct pinion_buf *out, uint8_t arity);

int pinion__term_write_integer(struct pinion_buf *out, int64_t value);

/* Write an atom of at most 255 bytes. */
int pinion__term_write_atom(struct pinion_buf *out, const char *name);

int pinion__term_write_binary(struct pinion_buf *out, struct pinion_slice bytes);

/* Write a tree. The keys of an object are in the order in which Erlang writes a map of up to 32 keys. For
 * larger maps Erlang uses a hash of its own, and any order will do. */
int pinion__term_write_json(struct pinion_buf *out, const json_t *value);

#endif
