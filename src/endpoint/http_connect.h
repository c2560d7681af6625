/* A request for a socket, before the socket is asked: what is known of it, and the checks that come first. */
#ifndef PINION_ENDPOINT_HTTP_CONNECT_H
#define PINION_ENDPOINT_HTTP_CONNECT_H

#include "endpoint/http.h"
#include "transport/longpoll_seats.h"
#include <netinet/in.h>
#include <pinion/transport.h>

struct pinion_http_connect {
    struct pinion_connect_info info;
    struct pinion_slice protocol; /* agreed on; empty: none */
    char peer[INET6_ADDRSTRLEN];
    char *auth_token;
    struct pinion_longpoll_client client; /* its address, where it has one */
};

/* Look at the request, and check its origin and (for a WebSocket) its subprotocols and token. 0;
 * PINION_EACCES: refused, and logged why; PINION_ENOMEM. Lifetime: the request's, until release, which is due
 * in any case. */
int pinion__http_connect_init(struct pinion_http_connect *connect, const struct pinion_http *http,
                              const struct pinion_mount *mount, const struct pinion_http_request *request,
                              const char *transport);
void pinion__http_connect_release(struct pinion_http_connect *connect);

#endif
