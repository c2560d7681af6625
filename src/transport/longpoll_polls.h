/* The polls that wait in a session, what they are answered, and how long the session waits for the next one.
 */
#ifndef PINION_TRANSPORT_LONGPOLL_POLLS_H
#define PINION_TRANSPORT_LONGPOLL_POLLS_H

#include "transport/longpoll_session.h"

/* Answer the latest poll, which there is, with all that is queued. Returns the answer's length. */
size_t pinion__longpoll_polls_answer(struct pinion_longpoll_session *session);

/* Answer a poll that nothing came. */
void pinion__longpoll_polls_answer_empty(struct pinion_longpoll_session *session,
                                         struct pinion_longpoll_exchange *exchange);

/* Answer all of them: the session has ended. */
void pinion__longpoll_polls_end(struct pinion_longpoll_session *session);

/* Wait for the next poll of a client that has so many bytes of an answer to read before. */
void pinion__longpoll_polls_expect(struct pinion_longpoll_session *session, size_t answered);

#endif
