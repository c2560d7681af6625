/* The end of a session of long polling, from either side. */
#ifndef PINION_TRANSPORT_LONGPOLL_END_H
#define PINION_TRANSPORT_LONGPOLL_END_H

#include "transport/longpoll_session.h"

void pinion__longpoll_end_init(struct pinion_longpoll_session *session);

/* The socket is gone, and the engine knows. The polls that wait get what there is; the client learns of the
 * end from its next one, which finds no session. `fault`: what the client sent may be why. */
void pinion__longpoll_end(struct pinion_longpoll_session *session, bool fault);

/* The transport ends the socket. */
void pinion__longpoll_end_socket(struct pinion_longpoll_session *session, pinion_reason reason);

#endif
