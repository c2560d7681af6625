/* The WebSocket opening handshake (RFC 6455 section 4), the server's side. */
#ifndef PINION_PROTO_WS_HANDSHAKE_H
#define PINION_PROTO_WS_HANDSHAKE_H

#include "proto/http1.h"

/* Check that the request is a valid upgrade: GET, HTTP/1.1, Upgrade: websocket, Connection: upgrade, version
 * 13, a key of 16 bytes. NULL when it is; else the sentence for the body of the 400 (as Phoenix's adapters
 * say it, e.g.
 * "'connection' header must contain 'upgrade', got []"), written into text (size > 0 bytes, cut to fit). A
 * method other than GET has no sentence: "". */
const char *pinion__ws_handshake_check(const struct pinion_http_request *request, char *text, size_t size);

/* True when the request names another version of the protocol than ours: the answer names the one that is
 * spoken here, in Sec-WebSocket-Version (RFC 6455 section 4.2.2, 4). */
bool pinion__ws_other_version(const struct pinion_http_request *request);

/* Sec-WebSocket-Accept for a key: 28 characters and a terminator. PINION_EIO when the digest fails. */
int pinion__ws_accept_key(struct pinion_slice key, char out[29]);

/* The 101 response, into out. `protocol` is the subprotocol to name, or an empty slice.
 * Returns its length, or PINION_ETOOBIG. */
long pinion__ws_handshake_response(struct pinion_slice key, struct pinion_slice protocol, char *out,
                                   size_t size);

#endif
