/* An HTTP request becomes an exchange of long polling, and the answer of the exchange becomes the answer to
 * the request. */
#ifndef PINION_TRANSPORT_LONGPOLL_HTTP_EXCHANGE_H
#define PINION_TRANSPORT_LONGPOLL_HTTP_EXCHANGE_H

#include "http/http.h"
#include "transport/entrance.h"
#include "transport/longpoll_exchange.h"

#define PINION_LONGPOLL_ANY_ORIGIN "access-control-allow-origin: *\r\n"

/* Make an exchange that is addressed to the session of the request's token. NULL: the request has no token of
 * ours, or there is no memory. */
struct pinion_longpoll_exchange *pinion__longpoll_http_exchange(const struct pinion_entrance *entrance,
                                                                const struct pinion_http_request *request,
                                                                const pinion_payload *params);

/* Let the request wait for an exchange, which the caller then sends off. `answered` is called when the
 * exchange comes back. Its owner is the connection. */
void pinion__longpoll_http_await(struct pinion_http *http, struct pinion_longpoll_exchange *exchange,
                                 void (*answered)(struct pinion_longpoll_exchange *exchange));

/* Answer with what the exchange came back with. */
void pinion__longpoll_http_answer(struct pinion_http *http, const struct pinion_longpoll_exchange *exchange);

/* Answer {"status":N}. */
void pinion__longpoll_http_status(struct pinion_http *http, int status, bool keep_alive);

#endif
