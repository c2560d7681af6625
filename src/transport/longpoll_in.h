/* What a client of long polling sends: the frames of its bodies are dispatched one after the other, so many
 * at a time. */
#ifndef PINION_TRANSPORT_LONGPOLL_IN_H
#define PINION_TRANSPORT_LONGPOLL_IN_H

#include "transport/longpoll_session.h"

void pinion__longpoll_in_init(struct pinion_longpoll_session *session);

/* Take the body out of an exchange, which is answered when it is dispatched. False: there is no room for it.
 */
bool pinion__longpoll_in_take(struct pinion_longpoll_session *session,
                              struct pinion_longpoll_exchange *exchange);

/* Dispatch what was taken, as much of it as one go may. The session may have ended then. */
void pinion__longpoll_in_dispatch(struct pinion_longpoll_session *session);

/* pinion_transport.pause. */
void pinion__longpoll_in_pause(void *conn, bool paused);

#endif
