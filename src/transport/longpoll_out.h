/* What a client of long polling is sent: it waits for a poll, as much of it as may. */
#ifndef PINION_TRANSPORT_LONGPOLL_OUT_H
#define PINION_TRANSPORT_LONGPOLL_OUT_H

#include "transport/longpoll_session.h"

void pinion__longpoll_out_init(struct pinion_longpoll_session *session);

/* What waits, for polls. Making a long answer takes its time, and many may poll at once: it has its turn. */
void pinion__longpoll_out_hand_over(struct pinion_longpoll_session *session);

/* So much waits for the client that it has to poll before more of its messages are dispatched. */
bool pinion__longpoll_out_has_to_fetch(struct pinion_longpoll_session *session);

/* pinion_transport.send. Takes the reference of the frame. PINION_ENOTSUP: it is no text, and cannot stand in
 * JSON. PINION_EBUSY: it was dropped. PINION_ECLOSED: the session has ended for it. PINION_ENOMEM. */
int pinion__longpoll_out_send(void *conn, struct pinion_frame *frame);

#endif
