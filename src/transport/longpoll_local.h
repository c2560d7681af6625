/* Exchanges with the sessions of this node, on any of its loops. An exchange waits in its session for what it
 * asked for, and no longer than the window of the socket's options. */
#ifndef PINION_TRANSPORT_LONGPOLL_LOCAL_H
#define PINION_TRANSPORT_LONGPOLL_LOCAL_H

#include "transport/longpoll_exchange.h"

/* Send an exchange to the session of its id, on the loop of its index. Its kind must be set. It comes back
 * `gone` when the session does not exist, or belongs to another mount. */
void pinion__longpoll_local_send(struct pinion_longpoll_exchange *exchange);

/* Call a poll home, with the messages that are there or with none. */
void pinion__longpoll_local_recall(struct pinion_longpoll_exchange *exchange);

/* The owner goes before it has its answer. What would have answered the exchange waits for the next one. */
void pinion__longpoll_local_abandon(struct pinion_longpoll_exchange *exchange);

#endif
