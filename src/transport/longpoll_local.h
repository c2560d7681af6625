/* Exchanges with a session of this node, on whichever of its loops. An exchange waits in the session for what
 * it asks, and no longer than the socket's window. */
#ifndef PINION_TRANSPORT_LONGPOLL_LOCAL_H
#define PINION_TRANSPORT_LONGPOLL_LOCAL_H

#include "transport/longpoll_exchange.h"

/* Send an exchange, whose kind is set, to the session of its id on its loop. It comes back gone where that is
 * not there, or is another mount's. */
void pinion__longpoll_local_send(struct pinion_longpoll_exchange *exchange);

/* The owner goes before it got its answer: what would have answered the exchange waits for the next. */
void pinion__longpoll_local_abandon(struct pinion_longpoll_exchange *exchange);

#endif
