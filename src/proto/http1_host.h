/* The value of a Host header, and the authority of a target (RFC 9110 section 7.2, RFC 3986 section 3.2). */
#ifndef PINION_PROTO_HTTP1_HOST_H
#define PINION_PROTO_HTTP1_HOST_H

#include "base/slice.h"

/* True for "host", "host:port" and "[IPv6 address]:port". The host is not empty, its percent escapes are
 * whole, the port is a number up to 65535 or empty. No user is taken: it belongs in no request. */
bool pinion__http1_is_host(struct pinion_slice text);

#endif
