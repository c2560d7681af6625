/* Exchanges of this node whose session lives on another node, while that node is asked. A request or its
 * answer may be lost: so each has a time limit. */
#ifndef PINION_TRANSPORT_LONGPOLL_ASKED_H
#define PINION_TRANSPORT_LONGPOLL_ASKED_H

#include "transport/longpoll_message.h"

/* The exchanges of one loop. */
struct pinion_longpoll_asked_by_loop {
    struct pinion_map by_number;
    uint64_t count;
};

struct pinion_longpoll_asked {
    struct pinion_hub *hub;
    struct pinion_longpoll_asked_by_loop loops[1 << PINION_LONGPOLL_LOOP_BITS];
};

/* PINION_EIO. */
int pinion__longpoll_asked_init(struct pinion_longpoll_asked *asked, struct pinion_hub *hub);

/* The loops must have ended. */
void pinion__longpoll_asked_release(struct pinion_longpoll_asked *asked);

/* Send an exchange to its node. It comes back as one that goes to another loop does. */
void pinion__longpoll_asked_send(struct pinion_longpoll_asked *asked,
                                 struct pinion_longpoll_exchange *exchange);

/* Call a poll home. If the other node does not answer soon, it cannot be reached. */
void pinion__longpoll_asked_recall(struct pinion_longpoll_asked *asked,
                                   struct pinion_longpoll_exchange *exchange);

/* The owner goes before it has its answer. The other node is told. */
void pinion__longpoll_asked_abandon(struct pinion_longpoll_asked *asked,
                                    struct pinion_longpoll_exchange *exchange);

/* Take an answer that came. Call it on the loop that asked. */
void pinion__longpoll_asked_answered(struct pinion_longpoll_asked *asked,
                                     const struct pinion_longpoll_message *message);

/* Give up what this loop asked of a node that has gone. */
void pinion__longpoll_asked_departed(struct pinion_longpoll_asked *asked, unsigned loop, const char *node);

#endif
