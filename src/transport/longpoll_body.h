/* The bodies that came for a session. Each stays until its frames are dispatched. */
#ifndef PINION_TRANSPORT_LONGPOLL_BODY_H
#define PINION_TRANSPORT_LONGPOLL_BODY_H

#include "base/turns.h"
#include "proto/longpoll_codec.h"
#include "transport/longpoll_exchange.h"

struct pinion_longpoll_session;

struct pinion_longpoll_body {
    struct pinion_list node;
    struct pinion_turn turn; /* it waits for another go */
    struct pinion_longpoll_session *session;
    struct pinion_longpoll_exchange *exchange; /* NULL: it has its answer */
    struct pinion_longpoll_batch frames;       /* that are not dispatched yet */
    struct pinion_buf bytes;
};

/* The bodies of one session, the oldest first. */
struct pinion_longpoll_bodies {
    struct pinion_list list;
    size_t bytes; /* of all of them */
};

void pinion__longpoll_bodies_init(struct pinion_longpoll_bodies *bodies);
void pinion__longpoll_bodies_release(struct pinion_longpoll_bodies *bodies);

/* Take the body out of the exchange and append it. The exchange waits for the end of its dispatch. `run` is
 * called when the body has another go. False: there is no room, or no memory. */
bool pinion__longpoll_body_new(struct pinion_longpoll_bodies *bodies, struct pinion_longpoll_session *session,
                               struct pinion_longpoll_exchange *exchange,
                               void (*run)(struct pinion_turn *turn));

/* Its exchange must have its answer. */
void pinion__longpoll_body_free(struct pinion_longpoll_bodies *bodies, struct pinion_longpoll_body *body);

/* Answer all exchanges: their bodies are taken, and wait for a poll. The client may send that only when it
 * has its answer. */
void pinion__longpoll_bodies_answer(struct pinion_longpoll_bodies *bodies);

/* Answer all exchanges: the session has ended. `fault`: a frame may have ended it. The bodies stay in memory,
 * since one of them may just be dispatched. */
void pinion__longpoll_bodies_end(struct pinion_longpoll_bodies *bodies, bool fault);

#endif
