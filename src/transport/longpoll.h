/* The long-polling transport: a socket over HTTP requests. A session holds what waits for the client between
 * its polls. It lives on one loop; a request finds it from any loop, and from any node.
 *
 * A request and its answer are an exchange: the HTTP side makes one (longpoll_exchange.h), begins a session
 * with it (longpoll_begin.h) or addresses it to one, sends it off with _poll, _find or _publish, and gets it
 * back, with its answer, by ->answered. All of this on the loop of the HTTP connection. */
#ifndef PINION_TRANSPORT_LONGPOLL_H
#define PINION_TRANSPORT_LONGPOLL_H

#include "transport/longpoll_exchange.h"

/* The endpoint's loops are all added, and none runs yet. PINION_ENOMEM, PINION_EIO. */
int pinion__longpoll_new(struct pinion_longpoll **out, struct pinion_hub *hub, size_t max_sessions);

/* Every socket has ended, and the loops have. NULL is allowed. */
void pinion__longpoll_free(struct pinion_longpoll *longpoll);

/* Address an exchange to a token's session, whether that is still there or not. False: the token is none of
 * ours. */
bool pinion__longpoll_address(struct pinion_longpoll_exchange *exchange, struct pinion_slice token);

/* Wait for messages of the session it is addressed to. */
void pinion__longpoll_poll(struct pinion_longpoll_exchange *exchange);

/* Is the session there that the exchange is addressed to? */
void pinion__longpoll_find(struct pinion_longpoll_exchange *exchange);

/* From ->answered of a _find: the same exchange, addressed as it was, to be sent off once more. */
struct pinion_longpoll_exchange *pinion__longpoll_again(struct pinion_longpoll_exchange *exchange);

/* Hand the frames of the body to the session it is addressed to. */
void pinion__longpoll_publish(struct pinion_longpoll_exchange *exchange);

/* The owner goes before it got its answer: what would have answered the exchange waits for the next. */
void pinion__longpoll_abandon(struct pinion_longpoll_exchange *exchange);

#endif
