/* Dates in the headers of HTTP (RFC 9110 section 5.6.7), in seconds since 1970. */
#ifndef PINION_PROTO_HTTP_DATE_H
#define PINION_PROTO_HTTP_DATE_H

#include "base/slice.h"
#include <stdint.h>

#define PINION_HTTP_DATE 30 /* bytes of a date as text, with the terminator */

/* Write a date of the years 0 to 9999: "Sun, 06 Nov 1994 08:49:37 GMT". */
void pinion__http_date_write(int64_t seconds, char out[PINION_HTTP_DATE]);

/* Read a date in any of the three forms. Old ones have two digits of the year: then a date that would be more
 * than 50 years after `now` is taken for one of the century before. The day of the week must be one, but need
 * not be the right one. False: it is not a date. */
bool pinion__http_date_read(struct pinion_slice text, int64_t now, int64_t *seconds);

#endif
