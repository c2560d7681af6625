/* Percent-encoding (RFC 3986 section 2.1), decoded. */
#ifndef PINION_PROTO_PERCENT_H
#define PINION_PROTO_PERCENT_H

#include "base/slice.h"

/* Decode text into out (at least text.len bytes, not terminated), '+' to a space if asked. Returns the
 * length, or PINION_EPROTO for a broken escape or a NUL, escaped or not. */
long pinion__percent_decode(struct pinion_slice text, bool plus_is_space, char *out);

#endif
