/* Unsigned integers of variable length (LEB128): seven bits a byte, the lowest first, the top bit of a byte
 * says that another follows.
 *
 * Strict: a number has one encoding, the shortest.
 */
#ifndef PINION_PROTO_VARINT_H
#define PINION_PROTO_VARINT_H

#include "base/buf.h"
#include "base/slice.h"

#define PINION_VARINT_MAX 10 /* bytes of the largest */

size_t pinion__varint_len(uint64_t value);

/* Write it to `out`, which has room for it; returns its length. */
size_t pinion__varint_write(char *out, uint64_t value);

/* Append it. Errors as pinion__buf_append. */
int pinion__varint_append(struct pinion_buf *out, uint64_t value);

/* Take one from the front of *in. PINION_EPROTO, and *in untouched: cut off, not the shortest, or beyond 64
 * bits. */
int pinion__varint_read(struct pinion_slice *in, uint64_t *value);

#endif
