/* Unsigned integers of variable length (LEB128): seven bits in each byte, the lowest first. The top bit of a
 * byte says that another one follows.
 *
 * Strict: only the shortest encoding of a number is accepted. */
#ifndef PINION_PROTO_VARINT_H
#define PINION_PROTO_VARINT_H

#include "base/buf.h"
#include "base/slice.h"

#define PINION_VARINT_MAX 10 /* the longest encoding, bytes */

size_t pinion__varint_len(uint64_t value);

/* Write the value to `out`, which must have room for it. Returns its length. */
size_t pinion__varint_write(char *out, uint64_t value);

/* Append the value. Errors: as pinion__buf_append. */
int pinion__varint_append(struct pinion_buf *out, uint64_t value);

/* Take a value from the front of *in. PINION_EPROTO: it is cut off, not the shortest, or exceeds 64 bits; *in
 * is then unchanged. */
int pinion__varint_read(struct pinion_slice *in, uint64_t *value);

#endif
