/* Erlang terms in the external term format, as far as tokens hold them, and as JSON has a place for them.
 *
 *   Erlang                            JSON, read                    written from JSON as
 *   binary of UTF-8                   string                        binary
 *   true, false, nil                  true, false, null             the same atoms
 *   another atom                      string                        –
 *   integer of 64 bits, float         number                        the same
 *   list (a charlist is one), tuple   array                         list
 *   map                               object                        map with binaries for keys
 *
 * A map's keys may be binaries, atoms, and integers (in decimal). What has no place is refused: bytes that
 * are no UTF-8, integers beyond 64 bits, improper lists, maps of which two keys would be one, pids and the
 * like. So are compressed terms and what Erlang has not written since release 17 (floats as text).
 *
 * https://www.erlang.org/doc/apps/erts/erl_ext_dist.html
 */
#ifndef PINION_TOKEN_TERM_H
#define PINION_TOKEN_TERM_H

#include "base/buf.h"
#include "base/slice.h"
#include <jansson.h>
#include <stdint.h>

#define PINION_TERM_DEPTH 128 /* levels of lists, tuples and maps, as with JSON */

/* ---- reading: one term after another, from bytes that must last ---- */

struct pinion_term_reader {
    const unsigned char *at;
    const unsigned char *end;
    const char *why;   /* after a failure, what was wrong: static text */
    char scratch[512]; /* a short text that is not in the bytes as it is wanted, until the next one */
};

/* Every reading function: PINION_EPROTO: the bytes are no such term; PINION_ENOTSUP: they may be, but it has
 * no place here; PINION_ENOMEM. After a failure the reader stands anywhere. */

/* Begin with a whole term, whose first byte is the version of the format. */
int pinion__term_read_begin(struct pinion_term_reader *reader, struct pinion_slice bytes);

/* Nothing may be left. */
int pinion__term_read_end(struct pinion_term_reader *reader);

/* Any term, as JSON. *out is a new reference. */
int pinion__term_read_json(struct pinion_term_reader *reader, json_t **out);

/* The head of a tuple: its elements follow. */
int pinion__term_read_tuple(struct pinion_term_reader *reader, size_t *arity);

/* The head of a map: so many keys follow, each with its value. */
int pinion__term_read_map(struct pinion_term_reader *reader, size_t *pairs);

/* A binary, where it lies. */
int pinion__term_read_binary(struct pinion_term_reader *reader, struct pinion_slice *bytes);

/* What comes next; false at the end and where it is malformed, too. */
bool pinion__term_next_is_tuple(const struct pinion_term_reader *reader);
bool pinion__term_next_is_binary(const struct pinion_term_reader *reader);

/* True, and the reader is behind it, when this atom (ASCII) comes next; else nothing was read. */
bool pinion__term_read_atom(struct pinion_term_reader *reader, const char *name);

/* ---- writing: as Erlang/OTP 26 and later does ---- */

/* All append to out. PINION_ETOOBIG: over the buffer's cap, or deeper than PINION_TERM_DEPTH; PINION_ENOMEM.
 * What was written then is of no use. */

/* The version byte, with which a term begins. */
int pinion__term_write_begin(struct pinion_buf *out);

/* The head of a tuple of at most 255 elements, which are to follow. */
int pinion__term_write_tuple(struct pinion_buf *out, uint8_t arity);

int pinion__term_write_integer(struct pinion_buf *out, int64_t value);

/* An atom of at most 255 bytes. */
int pinion__term_write_atom(struct pinion_buf *out, const char *name);

int pinion__term_write_binary(struct pinion_buf *out, struct pinion_slice bytes);

/* A tree, with the keys of each object in the order in which Erlang writes a map of up to 32; of a larger one
 * its order is that of a hash of its own, and any will do. */
int pinion__term_write_json(struct pinion_buf *out, const json_t *value);

#endif
