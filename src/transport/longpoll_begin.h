/* A session of long polling begins. From then on it is the transport of its socket. */
#ifndef PINION_TRANSPORT_LONGPOLL_BEGIN_H
#define PINION_TRANSPORT_LONGPOLL_BEGIN_H

#include "transport/longpoll_exchange.h"

/* Begin a session on this loop. The exchange is answered with the session's token or with the refusal, now or
 * when the application has decided. params and info are borrowed for this call. */
void pinion__longpoll_begin(struct pinion_longpoll_exchange *exchange, const pinion_payload *params,
                            const pinion_connect_info *info);

extern const struct pinion_transport pinion__longpoll;

#endif
