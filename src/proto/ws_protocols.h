/* WebSocket subprotocols (RFC 6455 section 4.2.2), and the token that Phoenix's clients send among them so
 * that it stays out of URLs: "base64url.bearer.phx." and the token in base64. */
#ifndef PINION_PROTO_WS_PROTOCOLS_H
#define PINION_PROTO_WS_PROTOCOLS_H

#include "proto/http1.h"

struct pinion_ws_protocols {
    struct pinion_slice chosen; /* to be named in the answer; empty: none */
    struct pinion_slice token;  /* as sent; ptr NULL: none */
};

/* Choose among what the request offers: the first of `configured` (NULL: nothing is) that it names. With
 * `auth_token` "phoenix" comes before them, and the token is no offer. A request without the header is fine,
 * as is any where nothing is configured. PINION_EACCES: it offers none of ours. */
int pinion__ws_protocols(const struct pinion_http_request *request, const char *const *configured,
                         bool auth_token, struct pinion_ws_protocols *out);

/* Decode a token, with the alphabet of either base64, padded or not; out has room for text.len bytes.
 * PINION_EPROTO: it is none. */
int pinion__ws_token_decode(struct pinion_slice text, char *out, size_t *len);

#endif
