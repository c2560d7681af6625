/* What a peer chose, in a line of the log: in quotes, cut, and such that nothing in it can end the quotes or
 * the line. */
#ifndef PINION_BASE_QUOTE_H
#define PINION_BASE_QUOTE_H

#include "base/slice.h"

#define PINION_QUOTED 200 /* bytes, with the terminator */

/* Write text to out as "text": a quote and a backslash get a backslash before them, bytes that are no
 * printable ASCII become \xNN; what is too long ends in ... behind the quotes. Returns out. */
const char *pinion__quote(char out[PINION_QUOTED], struct pinion_slice text);

#endif
