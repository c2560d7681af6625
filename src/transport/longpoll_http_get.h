/* A GET of long polling is a poll, or begins a session. It has no body; one that has is read and dropped
 * first (RFC 9110 section 9.3.1: it means nothing).
 *
 * A poll whose session has gone is answered 500: every phoenix.js then closes its socket, connects and joins
 * again. Phoenix begins a new session instead (410 and a token), from which phoenix.js 1.3 to 1.8.0 does not
 * learn that its channels have gone: what it sends to them is "unmatched topic" from then on. */
#ifndef PINION_TRANSPORT_LONGPOLL_HTTP_GET_H
#define PINION_TRANSPORT_LONGPOLL_HTTP_GET_H

#include "http/http.h"
#include "transport/connect_request.h"

/* `connect` is what was read of the request, `head` the request as it was received. */
void pinion__longpoll_http_get(struct pinion_http *http, const struct pinion_entrance *entrance,
                               const struct pinion_http_request *request, const pinion_payload *params,
                               const struct pinion_connect_request *connect, struct pinion_slice head);

#endif
