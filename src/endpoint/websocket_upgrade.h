/* The request that becomes a WebSocket. */
#ifndef PINION_ENDPOINT_WEBSOCKET_UPGRADE_H
#define PINION_ENDPOINT_WEBSOCKET_UPGRADE_H

#include "endpoint/entrance.h"
#include "endpoint/http.h"

/* Connect its socket and take the connection over, or answer it. */
void pinion__websocket_upgrade(struct pinion_http *http, const struct pinion_entrance *entrance,
                               const struct pinion_http_request *request);

#endif
