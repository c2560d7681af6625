/* A session of long polling gets its seat (longpoll_seats.h). Another session may have to end for it. */
#ifndef PINION_TRANSPORT_LONGPOLL_ADMIT_H
#define PINION_TRANSPORT_LONGPOLL_ADMIT_H

#include "transport/longpoll_session.h"

/* Take a seat for the session. Errors as pinion__longpoll_seats_take. */
int pinion__longpoll_admit(struct pinion_longpoll_session *session,
                           const struct pinion_longpoll_client *client);

#endif
