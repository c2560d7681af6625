/* Numbers that C reads and writes, as the client wrote them. jansson's reals are printed with 17 digits, and
 * its integers have no negative zero. */
#ifndef PINION_PROTO_JSON_NUMBER_H
#define PINION_PROTO_JSON_NUMBER_H

#include "base/slice.h"

/* Write each real of this JSON text with the fewest digits that read back as the same real: 0.1 for
 * 0.10000000000000001. In place; returns the text's new length. */
size_t pinion__json_shorten_reals(char *text, size_t len);

/* True when the text has a "-0" that a reader of integers would take for 0. */
bool pinion__json_has_minus_zero(struct pinion_slice text);

/* Copy the text with each such "-0" as "-0.0", into out (at least twice its size). Returns the length. */
size_t pinion__json_real_minus_zeros(struct pinion_slice text, char *out);

#endif
