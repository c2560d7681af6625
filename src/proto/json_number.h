/* Makes the numbers that jansson writes and reads look as the client wrote them: jansson prints reals with 17
 * digits, and its integers have no negative zero. */
#ifndef PINION_PROTO_JSON_NUMBER_H
#define PINION_PROTO_JSON_NUMBER_H

#include "base/slice.h"

/* Write each real of this JSON text with the fewest digits that read back as the same real: 0.1 instead of
 * 0.10000000000000001. It works in place. Returns the new length of the text. */
size_t pinion__json_shorten_reals(char *text, size_t len);

/* True when the text has a "-0" that would be read as the integer 0. */
bool pinion__json_has_minus_zero(struct pinion_slice text);

/* Copy the text to `out`, with "-0.0" for each such "-0". out has room for twice the text. Returns the
 * length. */
size_t pinion__json_real_minus_zeros(struct pinion_slice text, char *out);

#endif
