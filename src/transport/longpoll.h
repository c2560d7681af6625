/* The long-polling transport: a socket over HTTP requests. A session keeps what waits for the client between
 * its polls. It lives on one loop. Requests find it from any loop, and from any node.
 *
 * A request and its answer are an exchange (longpoll_exchange.h). The HTTP side makes one. It begins a
 * session with it (longpoll_begin.h), or addresses it to one and sends it off with _poll, _find or _publish.
 * The exchange comes back with its answer by ->answered. All of this happens on the loop of the HTTP
 * connection. */
#ifndef PINION_TRANSPORT_LONGPOLL_H
#define PINION_TRANSPORT_LONGPOLL_H

#include "transport/longpoll_exchange.h"

/* For an endpoint whose loops are all added, and do not run yet. PINION_ENOMEM, PINION_EIO. */
int pinion__longpoll_new(struct pinion_longpoll **out, struct pinion_hub *hub, size_t max_sessions);

/* Every socket must have ended, and every loop. NULL is allowed. */
void pinion__longpoll_free(struct pinion_longpoll *longpoll);

/* How many sessions there are, on all loops. Thread: any. */
size_t pinion__longpoll_sessions(struct pinion_longpoll *longpoll);

/* Address an exchange to the session of a token. The session may have ended. False: we did not make this
 * token. */
bool pinion__longpoll_address(struct pinion_longpoll_exchange *exchange, struct pinion_slice token);

/* Wait for messages of the session it is addressed to. */
void pinion__longpoll_poll(struct pinion_longpoll_exchange *exchange);

/* Ask whether the session is there that the exchange is addressed to. */
void pinion__longpoll_find(struct pinion_longpoll_exchange *exchange);

/* Take the exchange back in ->answered of a _find, to send it off once more. Its address stays. */
struct pinion_longpoll_exchange *pinion__longpoll_again(struct pinion_longpoll_exchange *exchange);

/* Hand the frames of the body to the session it is addressed to. */
void pinion__longpoll_publish(struct pinion_longpoll_exchange *exchange);

/* Call a poll home: its client sends no more, and may not be there for what would come later. It comes back
 * with the messages that are there, or with none (204). None is lost on the way. */
void pinion__longpoll_recall(struct pinion_longpoll_exchange *exchange);

/* The owner goes before it has its answer. What would have answered the exchange waits for the next one. */
void pinion__longpoll_abandon(struct pinion_longpoll_exchange *exchange);

#endif
