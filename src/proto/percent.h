/* Decodes percent-encoding (RFC 3986 section 2.1). */
#ifndef PINION_PROTO_PERCENT_H
#define PINION_PROTO_PERCENT_H

#include "base/slice.h"

/* Decode text to out, which has room for text.len bytes and gets no terminator. With `form`, as in
 * application/x-www-form-urlencoded, '+' is a space, and a '%' that does not begin an escape stays. Returns
 * the length. PINION_EPROTO: a NUL, escaped or not; or a broken escape without `form`. */
long pinion__percent_decode(struct pinion_slice text, bool form, char *out);

/* True when both stand for the same bytes ("%61" and "a"), and their escapes are valid. */
bool pinion__percent_same(struct pinion_slice one, struct pinion_slice other);

#endif
