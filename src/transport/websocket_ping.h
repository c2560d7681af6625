/* Pings to a quiet WebSocket client: so that proxies do not cut its connection, and to find out that it has
 * gone before the idle time is over. Only where the mount asks for it. */
#ifndef PINION_TRANSPORT_WEBSOCKET_PING_H
#define PINION_TRANSPORT_WEBSOCKET_PING_H

#include "engine/socket.h"

struct pinion_ping {
    struct pinion_timer timer;
    uint64_t asked_at; /* when a ping was sent, ms; 0: none is out */
    const struct pinion_socket *socket;
    void *ws;
    void (*ask)(void *ws);    /* expected to send a ping */
    void (*silent)(void *ws); /* expected to end the connection; stop is called then */
};

/* Begin, for a socket that has just opened. */
void pinion__ping_start(struct pinion_ping *ping);
void pinion__ping_stop(struct pinion_ping *ping);

#endif
