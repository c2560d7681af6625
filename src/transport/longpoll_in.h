/* What a client of long polling sends. The frames of its bodies are dispatched one after the other, in goes:
 * no session keeps others waiting. */
#ifndef PINION_TRANSPORT_LONGPOLL_IN_H
#define PINION_TRANSPORT_LONGPOLL_IN_H

#include "transport/longpoll_session.h"

void pinion__longpoll_in_init(struct pinion_longpoll_session *session);

/* Take the body out of an exchange, which is answered when the body is dispatched. False: there is no room,
 * or no memory. */
bool pinion__longpoll_in_take(struct pinion_longpoll_session *session,
                              struct pinion_longpoll_exchange *exchange);

/* Dispatch what was taken, up to the limits of one go. The session may end by this. */
void pinion__longpoll_in_dispatch(struct pinion_longpoll_session *session);

/* This is pinion_transport.pause. */
void pinion__longpoll_in_pause(void *conn, bool paused);

#endif
