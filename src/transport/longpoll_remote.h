/* Where long polling meets other nodes. It receives their messages (longpoll_message.h), and hands each to
 * the loop that it is for. */
#ifndef PINION_TRANSPORT_LONGPOLL_REMOTE_H
#define PINION_TRANSPORT_LONGPOLL_REMOTE_H

#include "transport/longpoll_asked.h"
#include "transport/longpoll_visitor.h"

struct pinion_longpoll_remote {
    struct pinion_hub *hub;
    struct pinion_longpoll_asked asked;
    struct pinion_longpoll_visitors visitors;
};

/* For an endpoint that has an adapter. PINION_ENOMEM, PINION_EIO. */
int pinion__longpoll_remote_new(struct pinion_longpoll_remote **out, struct pinion_longpoll *longpoll,
                                struct pinion_hub *hub);

/* The loops must have ended. NULL is allowed. */
void pinion__longpoll_remote_free(struct pinion_longpoll_remote *remote);

#endif
