/* WebSocket subprotocols (RFC 6455 section 4.2.2), and the token that Phoenix's clients send among them to
 * keep it out of URLs: "base64url.bearer.phx." followed by the token in base64. */
#ifndef PINION_PROTO_WS_PROTOCOLS_H
#define PINION_PROTO_WS_PROTOCOLS_H

#include "proto/http1.h"

struct pinion_ws_protocols {
    struct pinion_slice chosen; /* to be named in the answer; empty: none */
    struct pinion_slice token;  /* as it was sent; ptr NULL: none */
};

/* Choose the first of `configured` (may be NULL) that the request offers. With `auth_token`, "phoenix" is
 * chosen before all others, and the token does not count as an offer. A request without the header is
 * accepted, and so is any request if nothing is configured. PINION_EACCES: the request offers none of
 * ours. */
int pinion__ws_protocols(const struct pinion_http_request *request, const char *const *configured,
                         bool auth_token, struct pinion_ws_protocols *out);

/* Decode a token, with the alphabet of either base64, padded or not. out has room for text.len bytes.
 * PINION_EPROTO: it is not valid. */
int pinion__ws_token_decode(struct pinion_slice text, char *out, size_t *len);

#endif
