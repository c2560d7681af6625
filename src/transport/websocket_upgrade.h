/* The request that becomes a WebSocket. */
#ifndef PINION_TRANSPORT_WEBSOCKET_UPGRADE_H
#define PINION_TRANSPORT_WEBSOCKET_UPGRADE_H

#include "http/http.h"
#include "transport/entrance.h"

/* Connect its socket and take the connection over, or answer it. */
void pinion__websocket_upgrade(struct pinion_http *http, const struct pinion_entrance *entrance,
                               const struct pinion_http_request *request);

#endif
