/* A request for a socket, before the socket is asked: what is known of it, and the checks that come first. */
#ifndef PINION_TRANSPORT_CONNECT_REQUEST_H
#define PINION_TRANSPORT_CONNECT_REQUEST_H

#include "io/loop.h"
#include "proto/http1.h"
#include "transport/entrance.h"
#include "transport/longpoll_seats.h"
#include <netinet/in.h>
#include <pinion/transport.h>

struct pinion_connect_request {
    struct pinion_connect_info info;
    const struct pinion_http_request *head;
    const struct pinion_conn *conn; /* whose address is looked up when somebody asks; NULL: it is known */
    struct pinion_slice protocol;   /* agreed on; empty: none */
    char peer[INET6_ADDRSTRLEN];
    char *auth_token;
    struct pinion_longpoll_client client; /* its address, where it has one */
};

/* Look at the request, and check its origin and (for a WebSocket) its subprotocols and token. 0;
 * PINION_EACCES: refused, and logged why; PINION_ENOMEM. Lifetime: the request's, until release, which is due
 * in any case. */
int pinion__connect_request_init(struct pinion_connect_request *connect,
                                 const struct pinion_entrance *entrance, const struct pinion_conn *conn,
                                 const struct pinion_http_request *request, const char *transport);

/* What is told of a client that comes without a connection: the test kit's. */
struct pinion_told {
    const char *transport;
    const char *peer; /* its address, or "" */
    uint16_t peer_port;
    const char *scheme;     /* of its request */
    const char *auth_token; /* decoded; NULL: none */
};

/* The same for such a client. The origin and the token are checked, and the subprotocols are not. */
int pinion__connect_request_told(struct pinion_connect_request *connect, struct pinion_shard *shard,
                                 const struct pinion_mount *mount, const struct pinion_http_request *request,
                                 const struct pinion_told *told);

void pinion__connect_request_release(struct pinion_connect_request *connect);

#endif
