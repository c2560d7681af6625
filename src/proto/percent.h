/* Percent-encoding (RFC 3986 section 2.1), decoded. */
#ifndef PINION_PROTO_PERCENT_H
#define PINION_PROTO_PERCENT_H

#include "base/slice.h"

/* Decode text into out (at least text.len bytes, not terminated). `form`: as
 * application/x-www-form-urlencoded is read everywhere, '+' is a space and a '%' that begins no escape stands
 * for itself. Returns the length, or PINION_EPROTO for a NUL, escaped or not, and outside forms for a broken
 * escape. */
long pinion__percent_decode(struct pinion_slice text, bool form, char *out);

#endif
