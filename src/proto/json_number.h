/* Reads the numbers of a JSON text, and writes those of jansson with fewer digits: it prints reals with 17.
 */
#ifndef PINION_PROTO_JSON_NUMBER_H
#define PINION_PROTO_JSON_NUMBER_H

#include "base/slice.h"
#include <stdint.h>

/* Write each real of this JSON text with the fewest digits that read back as the same real: 0.1 instead of
 * 0.10000000000000001. It works in place. Returns the new length of the text. */
size_t pinion__json_shorten_reals(char *text, size_t len);

/* A number of a text that the scanner has accepted: without white space, -?[0-9]+ with or without a fraction
 * and an exponent. */

enum pinion_json_number {
    PINION_JSON_INTEGER,
    PINION_JSON_REAL,
    PINION_JSON_WIDE,      /* an integer beyond 64 bits: it is read as a real, which may be infinite */
    PINION_JSON_NO_NUMBER, /* out of memory */
};

/* The number at the start of this text. */
struct pinion_slice pinion__json_number_at(struct pinion_slice text);

/* Read it into the one or the other, as the return value says. "-0" is a real: C has no other negative zero.
 * The locale does not matter. */
enum pinion_json_number pinion__json_read_number(struct pinion_slice number, int64_t *integer, double *real);

#endif
