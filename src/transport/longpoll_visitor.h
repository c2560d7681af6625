/* Exchanges of other nodes with sessions of this one. A visitor stands here for each: it owns an exchange on
 * the session's loop, and sends the answer to the node that asked. */
#ifndef PINION_TRANSPORT_LONGPOLL_VISITOR_H
#define PINION_TRANSPORT_LONGPOLL_VISITOR_H

#include "transport/longpoll_message.h"

struct pinion_longpoll_visitors {
    struct pinion_longpoll *longpoll;
    struct pinion_hub *hub;
    struct pinion_map
        loops[1 << PINION_LONGPOLL_LOOP_BITS]; /* the visitors of each loop, by number and node */
};

void pinion__longpoll_visitors_init(struct pinion_longpoll_visitors *visitors,
                                    struct pinion_longpoll *longpoll, struct pinion_hub *hub);

/* The loops must have ended. */
void pinion__longpoll_visitors_release(struct pinion_longpoll_visitors *visitors);

/* Serve a request that came. Call it on the loop that the request is for. */
void pinion__longpoll_visitor_serve(struct pinion_longpoll_visitors *visitors,
                                    const struct pinion_longpoll_message *message);

/* Drop a request: nobody waits for its answer any more. Or call a poll home. Call it on the loop that the
 * request was for. */
void pinion__longpoll_visitor_cancel(struct pinion_longpoll_visitors *visitors,
                                     const struct pinion_longpoll_message *message);

#endif
