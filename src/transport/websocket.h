/* The WebSocket transport: a connection after its HTTP request, until it is closed. */
#ifndef PINION_TRANSPORT_WEBSOCKET_H
#define PINION_TRANSPORT_WEBSOCKET_H

#include "engine/socket.h"
#include "io/loop.h"
#include "proto/http1.h"

struct pinion_websocket_request {
    struct pinion_shard *shard;
    const struct pinion_mount *mount;
    const struct pinion_http_request *head; /* a valid upgrade (pinion__ws_handshake_check) */
    struct pinion_slice protocol;           /* to be named in the 101; empty: none */
    const pinion_payload *params;
    const pinion_connect_info *info;

    pinion_payload *reason; /* out: of a refusal, or NULL; the caller's to unref */
};

/* Connect the socket and take the connection over: 0 when its events are the transport's from now on (the 101
 * is queued, or comes when the application has answered). PINION_EACCES: refused, answer 403; PINION_ENOMEM,
 * PINION_EIO: answer 500. The connection is still the caller's then. */
int pinion__websocket_open(struct pinion_conn *conn, struct pinion_websocket_request *request);

extern const struct pinion_transport pinion__websocket;

#endif
