/* Pings to a quiet WebSocket client: so that proxies do not cut its connection, and to find out that it has
 * gone before the idle time is over. Only where the mount asks for it. */
#ifndef PINION_TRANSPORT_WEBSOCKET_PING_H
#define PINION_TRANSPORT_WEBSOCKET_PING_H

#include "base/wheel.h"

struct pinion_websocket;

struct pinion_ping {
    struct pinion_timer timer;
    uint64_t asked_at; /* when a ping was sent, ms; 0: none is out */
    struct pinion_websocket *ws;
};

/* Send pings from now on, where the mount asks for them: of a connection that has just opened. Without memory
 * none are sent. */
void pinion__websocket_start_pings(struct pinion_websocket *ws);

/* Send no more of them. */
static inline void pinion__ping_stop(struct pinion_ping *ping)
{
    pinion__timer_cancel(&ping->timer);
}

#endif
