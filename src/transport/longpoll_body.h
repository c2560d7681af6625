/* Bodies that came for a session, and are not dispatched to their end. */
#ifndef PINION_TRANSPORT_LONGPOLL_BODY_H
#define PINION_TRANSPORT_LONGPOLL_BODY_H

#include "base/turns.h"
#include "proto/longpoll_codec.h"
#include "transport/longpoll_exchange.h"

#define PINION_LONGPOLL_BODIES_MAX                                                                           \
    (16u * 1024 * 1024) /* bytes of those of one session; more are not taken                                 \
                         */

struct pinion_longpoll_session;

struct pinion_longpoll_body {
    struct pinion_list node;
    struct pinion_turn turn; /* it waits for another go */
    struct pinion_longpoll_session *session;
    struct pinion_longpoll_exchange *exchange; /* NULL: it got its answer already */
    struct pinion_longpoll_batch frames;       /* those that are not dispatched */
    struct pinion_buf bytes;
};

/* Those of one session, the oldest first. */
struct pinion_longpoll_bodies {
    struct pinion_list list;
    size_t bytes; /* of all */
};

void pinion__longpoll_bodies_init(struct pinion_longpoll_bodies *bodies);
void pinion__longpoll_bodies_release(struct pinion_longpoll_bodies *bodies);

/* Take the body out of the exchange, which waits for it to be dispatched, and append it. `run` is called when
 * it has another go. False: there is no room for it, or no memory. */
bool pinion__longpoll_body_new(struct pinion_longpoll_bodies *bodies, struct pinion_longpoll_session *session,
                               struct pinion_longpoll_exchange *exchange,
                               void (*run)(struct pinion_turn *turn));

/* Its exchange has its answer. */
void pinion__longpoll_body_free(struct pinion_longpoll_bodies *bodies, struct pinion_longpoll_body *body);

/* Answer all of them that they are taken. They wait: the client may send its next poll only when it has its
 * answer. */
void pinion__longpoll_bodies_answer(struct pinion_longpoll_bodies *bodies);

/* The session has ended: answer all of them. `fault`: their last frame may be what ended it. Their memory
 * stays: one may be in the midst of being dispatched. */
void pinion__longpoll_bodies_end(struct pinion_longpoll_bodies *bodies, bool fault);

#endif
