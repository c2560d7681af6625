/* What a client of long polling is sent. It waits for a poll, up to a limit; then engine/admit.h decides. */
#ifndef PINION_TRANSPORT_LONGPOLL_OUT_H
#define PINION_TRANSPORT_LONGPOLL_OUT_H

#include "transport/longpoll_session.h"

void pinion__longpoll_out_init(struct pinion_longpoll_session *session);

/* Answer the polls that wait with what is queued. A long answer takes its time, and many clients may poll at
 * once: so it has its turn. */
void pinion__longpoll_out_hand_over(struct pinion_longpoll_session *session);

/* True when so much waits for the client that it has to poll before more of its messages are dispatched. */
bool pinion__longpoll_out_has_to_fetch(struct pinion_longpoll_session *session);

/* These are pinion_transport.waiting, .queued, .flush, .drop, .allowance and .send_gathered. */
size_t pinion__longpoll_out_waiting(void *conn);
size_t pinion__longpoll_out_queued(void *conn);
void pinion__longpoll_out_flush(void *conn);
size_t pinion__longpoll_out_drop(void *conn, size_t most);
size_t pinion__longpoll_out_allowance(void *conn);
void pinion__longpoll_out_send_gathered(void *conn);

/* This is pinion_transport.send. It takes the reference of the frame. PINION_ENOTSUP: the frame is not text,
 * and JSON cannot hold it. PINION_EBUSY: the frame was dropped. PINION_ECLOSED: the client is too slow, and
 * its session has ended. PINION_ENOMEM. */
int pinion__longpoll_out_send(void *conn, struct pinion_frame *frame);

#endif
