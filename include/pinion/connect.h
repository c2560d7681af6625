/* What is known of a connection when a client connects: where it comes from, and the request that brought it.
 * Lifetime: everything here is valid for the call of connect only. */
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

/* The client's address as text ("192.0.2.7", "2001:db8::7"), or "" where there is none. That of the
 * connection's other end; of one that is a trusted proxy (pinion_endpoint_options.trusted_proxies), what the
 * proxy says. */
PINION_API const char *pinion_connect_peer(const pinion_connect_info *info);

/* Its port; 0: not known. */
PINION_API uint16_t pinion_connect_peer_port(const pinion_connect_info *info);

/* The request's URI. Scheme, host and port are those the client used, as far as a trusted proxy tells. Where
 * there is no request, everything is empty. */
typedef struct pinion_uri {
    pinion_slice scheme; /* "http" or "https" */
    pinion_slice host;   /* a name or an address, without the port */
    uint16_t port;       /* the scheme's own where none was given */
    pinion_slice path;   /* not decoded */
    pinion_slice query;  /* without the '?', not decoded */
} pinion_uri;
PINION_API const pinion_uri *pinion_connect_uri(const pinion_connect_info *info);

/* The value of a request header (the name in lower case: "user-agent", "traceparent", "x-request-id", …), of
 * the first of that name; ptr NULL when it was not sent. */
PINION_API pinion_slice pinion_connect_header(const pinion_connect_info *info, const char *name);

/* Call fn for each header whose name begins with prefix ("x-", "sec-websocket-"; in lower case), in their
 * order. Names come as they were sent. */
typedef void pinion_header_fn(pinion_slice name, pinion_slice value, void *data);
PINION_API void pinion_connect_headers(const pinion_connect_info *info, const char *prefix,
                                       pinion_header_fn *fn, void *data);

/* The token of a client with the option authToken, on a mount with auth_token: UTF-8, and a terminator behind
 * it; ptr NULL when it sent none. Who sends a token that is not UTF-8 is refused (403) before connect. Often
 * one of pinion/token.h. */
PINION_API pinion_slice pinion_connect_auth_token(const pinion_connect_info *info);

#ifdef __cplusplus
}
#endif
#endif
