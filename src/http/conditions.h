/* What a request for a file asks of it: conditions (RFC 9110 section 13), and a part (section 14). */
#ifndef PINION_HTTP_CONDITIONS_H
#define PINION_HTTP_CONDITIONS_H

#include "http/open_file.h"
#include "proto/http_range.h"

struct pinion_http_request;

/* The status of the answer: 200, 206, 304, 412 or 416. For 200 and 206 `part` is what is to be sent. `now` is
 * in seconds since 1970. */
int pinion__http_conditions(const struct pinion_http_request *request, const struct pinion_http_file *file,
                            int64_t now, struct pinion_http_part *part);

#endif
