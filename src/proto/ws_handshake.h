/* The WebSocket opening handshake (RFC 6455 section 4) for a server. */
#ifndef PINION_PROTO_WS_HANDSHAKE_H
#define PINION_PROTO_WS_HANDSHAKE_H

#include "proto/http1.h"

/* Check that the request is a valid upgrade: GET, HTTP/1.1, Upgrade: websocket, Connection: upgrade, version
 * 13, a key of 16 bytes. Returns NULL if it is. Otherwise it returns a sentence for the body of the 400, in
 * the words of Phoenix's adapters, for example "'connection' header must contain 'upgrade', got []". The
 * sentence is written to `text` (size > 0 bytes) and cut to fit. For a method other than GET it is "". */
const char *pinion__ws_handshake_check(const struct pinion_http_request *request, char *text, size_t size);

/* True when the request names another version of the protocol than ours. The answer must then name ours in
 * Sec-WebSocket-Version (RFC 6455 section 4.2.2, 4). */
bool pinion__ws_other_version(const struct pinion_http_request *request);

/* Write Sec-WebSocket-Accept for a key: 28 characters and a terminator. PINION_EIO: the digest failed. */
int pinion__ws_accept_key(struct pinion_slice key, char out[29]);

/* Write the 101 response to `out`. `protocol` is the subprotocol to name, or an empty slice. Returns its
 * length, or PINION_ETOOBIG. */
long pinion__ws_handshake_response(struct pinion_slice key, struct pinion_slice protocol, char *out,
                                   size_t size);

#endif
