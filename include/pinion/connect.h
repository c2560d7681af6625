/* What is known about a client when it connects: where it comes from, and the request that it sent.
 *
 * Lifetime: everything here is valid during the call of connect (or check_origin) only.
 *
 * Thread: the thread of the callback. */
#ifndef PINION_CONNECT_H
#define PINION_CONNECT_H

#include <pinion/error.h>
#include <pinion/slice.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is known of the connection; connect gets it. */
typedef struct pinion_connect_info pinion_connect_info;

/* The name of the transport: "websocket", "longpoll", … */
PINION_API const char *pinion_connect_transport(const pinion_connect_info *info);

/* The client's address as text ("192.0.2.7", "2001:db8::7"), or "" if there is none. It is the address of the
 * connection's other end. If that is a trusted proxy (pinion_endpoint_options.trusted_proxies), it is the
 * address that the proxy names. */
PINION_API const char *pinion_connect_peer(const pinion_connect_info *info);

/* The client's port; 0 when it is not known. */
PINION_API uint16_t pinion_connect_peer_port(const pinion_connect_info *info);

/* The URI of a request. Scheme, host and port are those that the client used, as far as a trusted proxy tells
 * them. Without a request everything is empty. */
typedef struct pinion_uri {
    pinion_slice scheme; /* "http" or "https" */
    pinion_slice host;   /* a name or an address, without the port */
    uint16_t port;       /* the scheme's default port if none was given */
    pinion_slice path;   /* not decoded */
    pinion_slice query;  /* without the '?', not decoded */
} pinion_uri;

/* The URI of the request that brought the client. */
PINION_API const pinion_uri *pinion_connect_uri(const pinion_connect_info *info);

/* The value of the first header of this name, in lower case ("user-agent", "x-request-id"). ptr is NULL when
 * there is none. */
PINION_API pinion_slice pinion_connect_header(const pinion_connect_info *info, const char *name);

/* Takes a header. */
typedef void pinion_header_fn(pinion_slice name, pinion_slice value, void *data);

/* Call fn for each header whose name begins with prefix, in lower case ("x-", "sec-websocket-"). Names are
 * passed as they were sent.
 *
 * Order: the order of the request. */
PINION_API void pinion_connect_headers(const pinion_connect_info *info, const char *prefix,
                                       pinion_header_fn *fn, void *data);

/* The token that a client sends with its option authToken, on a mount with auth_token. It is UTF-8, with a
 * terminator behind it; often it is a token of pinion/token.h. ptr is NULL when the client sent none. If the
 * token is not UTF-8, the client is refused (403) before connect. */
PINION_API pinion_slice pinion_connect_auth_token(const pinion_connect_info *info);

#ifdef __cplusplus
}
#endif
#endif
