/* Quotes a text that a peer chose, for a line of the log. It is cut to a length, and nothing in it can end
 * the quotes or the line. */
#ifndef PINION_BASE_QUOTE_H
#define PINION_BASE_QUOTE_H

#include "base/slice.h"

#define PINION_QUOTED 200 /* bytes, with the terminator */

/* Write `text` to `out` in quotes. A quote and a backslash get a backslash in front of them. Bytes that are
 * not printable ASCII become \xNN. If the text is cut, "..." follows the closing quote. Returns out. */
const char *pinion__quote(char out[PINION_QUOTED], struct pinion_slice text);

/* For the arguments of a log line. The text lives until the end of the enclosing block. */
#define PINION_QUOTE(slice) pinion__quote((char[PINION_QUOTED]){ 0 }, slice)

#endif
