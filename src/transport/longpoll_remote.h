/* Exchanges of long polling whose session lives on another node. They travel as messages over the pubsub's
 * direct channel, and so may be lost, as may their answers: each has its time.
 *
 *   message = 1 number loop id kind ndjson path body     a request; a byte each but number, id, path and body
 *           | 2 number flags answer                      what came of it
 *           | 3 number loop                              nobody waits for that any more
 *
 *   number  = varint, the asking node's; its lowest bits are the index of the asking loop
 *   loop    = the index of the session's loop
 *   path    = length (a byte) bytes, of the mount
 */
#ifndef PINION_TRANSPORT_LONGPOLL_REMOTE_H
#define PINION_TRANSPORT_LONGPOLL_REMOTE_H

#include "transport/longpoll_session.h"

struct pinion_longpoll_remote;

/* Of an endpoint that has an adapter. `sessions` has one for each of its loops. PINION_ENOMEM. */
int pinion__longpoll_remote_new(struct pinion_longpoll_remote **out, struct pinion_longpoll *longpoll,
                                struct pinion_hub *hub, struct pinion_longpoll_sessions *sessions);

/* The loops have ended. NULL is allowed. */
void pinion__longpoll_remote_free(struct pinion_longpoll_remote *remote);

/* Send an exchange off to its node; it returns as one that goes to another loop does. */
void pinion__longpoll_remote_ask(struct pinion_longpoll_remote *remote,
                                 struct pinion_longpoll_exchange *exchange);

/* Its owner has gone. */
void pinion__longpoll_remote_abandon(struct pinion_longpoll_remote *remote,
                                     struct pinion_longpoll_exchange *exchange);

#endif
