/* A join that is answered later. This keeps what the answer needs. Meanwhile the socket's frames are held
 * back. */
#ifndef PINION_ENGINE_LATE_JOIN_H
#define PINION_ENGINE_LATE_JOIN_H

#include "engine/channel.h"

/* A channel that a join replaces. */
struct pinion_replaced {
    bool any;
    struct pinion_slice join_ref; /* as its client sent it */
};

struct pinion_late_join {
    struct pinion_waiter waiter; /* for the topic's subscription at the broker */
    struct pinion_channel *channel;
    bool accepted;         /* join said ok; the join waits until broadcasts of other nodes come in */
    pinion_payload *reply; /* what join said, once accepted */
    pinion_payload *params;
    struct pinion_slice ref; /* of the join message */
    struct pinion_replaced replaced;
    char text[]; /* ref, then the replaced channel's join_ref */
};

/* The channel's join waits from now on. Everything is copied. PINION_ENOMEM. */
int pinion__late_join_keep(struct pinion_channel *channel, struct pinion_slice ref,
                           const struct pinion_replaced *replaced, const pinion_payload *params);

/* The join no longer waits: the caller frees what this returns, and calls pinion__socket_unwait. NULL: the
 * join did not wait. */
struct pinion_late_join *pinion__late_join_take(struct pinion_channel *channel);
void pinion__late_join_free(struct pinion_late_join *late);

/* True when join has said ok, and the reply waits until the topic's broadcasts of other nodes come in. */
bool pinion__late_join_accepted(const struct pinion_channel *channel);

/* The socket or the channel ended before the answer came. */
void pinion__late_join_abandon(struct pinion_channel *channel);

#endif
