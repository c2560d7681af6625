/* The checkers of this layer (base/check.h). */
#ifndef PINION_TRANSPORT_CHECK_H
#define PINION_TRANSPORT_CHECK_H

#include "base/check.h"
#include "transport/longpoll_session.h"

#ifdef PINION_CHECKS

const char *pinion__rank_check(const struct pinion_rank *rank);
const char *pinion__longpoll_queue_check(const struct pinion_longpoll_queue *queue);
const char *pinion__longpoll_seats_check(struct pinion_longpoll_seats *seats);
const char *pinion__longpoll_session_check(const struct pinion_longpoll_session *session);

/* The sessions of one loop, and the seats of all. */
const char *pinion__longpoll_check(struct pinion_longpoll *longpoll, unsigned loop);

#endif

#endif
