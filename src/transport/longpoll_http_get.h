/* A GET of long polling polls, or begins a session. If it has a body, that is read and dropped first: it
 * means nothing (RFC 9110 section 9.3.1).
 *
 * A poll whose session has gone is answered 500. Every phoenix.js then closes its socket, connects and joins
 * again. Phoenix begins a new session instead, and answers 410 and a token. phoenix.js 1.3 to 1.8.0 does not
 * learn from this that its channels have gone, and all that it sends to them gets "unmatched topic". */
#ifndef PINION_TRANSPORT_LONGPOLL_HTTP_GET_H
#define PINION_TRANSPORT_LONGPOLL_HTTP_GET_H

#include "http/http.h"
#include "transport/connect_request.h"

/* Serve a GET. `connect` was read from the request. `head` is the request as it was received. */
void pinion__longpoll_http_get(struct pinion_http *http, const struct pinion_entrance *entrance,
                               const struct pinion_http_request *request, const pinion_payload *params,
                               const struct pinion_connect_request *connect, struct pinion_slice head);

#endif
