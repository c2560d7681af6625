/* Checks the value of a Host header, and the authority of a target (RFC 9110 section 7.2, RFC 3986 section
 * 3.2). */
#ifndef PINION_PROTO_HTTP1_HOST_H
#define PINION_PROTO_HTTP1_HOST_H

#include "base/slice.h"

/* True for "host", "host:port" and "[IPv6 address]:port". The host must not be empty, its percent escapes
 * must be complete, and the port must be empty or a number up to 65535. A user part is refused: it does not
 * belong in a request. */
bool pinion__http1_is_host(struct pinion_slice text);

#endif
