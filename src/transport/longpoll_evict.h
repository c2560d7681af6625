/* A session of long polling gets its seat (longpoll_seats.h). Another session may have to end for it. */
#ifndef PINION_TRANSPORT_LONGPOLL_EVICT_H
#define PINION_TRANSPORT_LONGPOLL_EVICT_H

#include "transport/longpoll_session.h"

/* Take a seat for the session. Errors as pinion__longpoll_seats_take. */
int pinion__longpoll_take_seat(struct pinion_longpoll_session *session,
                               const struct pinion_longpoll_client *client);

#endif
