/* The polls that wait in a session, their answers, and the time until the next one. */
#ifndef PINION_TRANSPORT_LONGPOLL_POLLS_H
#define PINION_TRANSPORT_LONGPOLL_POLLS_H

#include "transport/longpoll_session.h"

/* True when messages are about to answer this poll. */
bool pinion__longpoll_polls_is_next(const struct pinion_longpoll_session *session,
                                    const struct pinion_longpoll_exchange *exchange);

/* Answer the latest poll with all that is queued. A poll must wait. Returns the length of the answer. */
size_t pinion__longpoll_polls_answer(struct pinion_longpoll_session *session);

/* Answer this poll: nothing came. */
void pinion__longpoll_polls_answer_empty(struct pinion_longpoll_session *session,
                                         struct pinion_longpoll_exchange *exchange);

/* Answer all polls: the session has ended. */
void pinion__longpoll_polls_end(struct pinion_longpoll_session *session);

/* Expect the next poll of a client that first has so many bytes of an answer to read. The session ends
 * without it. */
void pinion__longpoll_polls_expect(struct pinion_longpoll_session *session, size_t answered);

#endif
