/* A session of long polling ends, from the engine's side or the transport's. */
#ifndef PINION_TRANSPORT_LONGPOLL_END_H
#define PINION_TRANSPORT_LONGPOLL_END_H

#include "transport/longpoll_session.h"

void pinion__longpoll_end_init(struct pinion_longpoll_session *session);

/* End the session of a socket that the engine has ended. The polls that wait get what is queued. The client
 * learns of the end from its next poll, which finds no session. `fault`: something that the client sent may
 * be the cause. */
void pinion__longpoll_end(struct pinion_longpoll_session *session, bool fault);

/* End the session and its socket, which the engine still has. */
void pinion__longpoll_end_socket(struct pinion_longpoll_session *session, pinion_reason reason);

#endif
