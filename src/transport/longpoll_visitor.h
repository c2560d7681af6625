/* Exchanges of other nodes with a session of this one. Here each is an exchange of the session's own loop,
 * for whose owner, the visitor, the other node stands. */
#ifndef PINION_TRANSPORT_LONGPOLL_VISITOR_H
#define PINION_TRANSPORT_LONGPOLL_VISITOR_H

#include "transport/longpoll_message.h"

struct pinion_longpoll_visitors {
    struct pinion_longpoll *longpoll;
    struct pinion_hub *hub;
    struct pinion_map loops[1 << PINION_LONGPOLL_LOOP_BITS]; /* of each loop, by number and node */
};

void pinion__longpoll_visitors_init(struct pinion_longpoll_visitors *visitors,
                                    struct pinion_longpoll *longpoll, struct pinion_hub *hub);

/* The loops have ended. */
void pinion__longpoll_visitors_release(struct pinion_longpoll_visitors *visitors);

/* A request came. On the loop that it is for. */
void pinion__longpoll_visitor_serve(struct pinion_longpoll_visitors *visitors,
                                    const struct pinion_longpoll_message *message);

/* Nobody waits for its answer any more. On the loop that it was for. */
void pinion__longpoll_visitor_cancel(struct pinion_longpoll_visitors *visitors,
                                     const struct pinion_longpoll_message *message);

#endif
