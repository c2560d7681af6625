/* The content codings that a client takes (Accept-Encoding, RFC 9110 section 12.5.3). */
#ifndef PINION_PROTO_HTTP_ACCEPT_H
#define PINION_PROTO_HTTP_ACCEPT_H

#include "proto/http1.h"

#define PINION_HTTP_UNNAMED (-1)

/* How much the client likes this coding: from 0, which refuses it, to 1000. "*" stands for codings that are
 * not named; "x-gzip" is "gzip". PINION_HTTP_UNNAMED: it says nothing about this one. `coding` must be in
 * lower case. */
int pinion__http_accept_weight(const struct pinion_http_request *request, const char *coding);

#endif
