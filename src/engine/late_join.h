/* A join that is answered later: what the answer needs meanwhile. Its socket's frames are held back. */
#ifndef PINION_ENGINE_LATE_JOIN_H
#define PINION_ENGINE_LATE_JOIN_H

#include "engine/channel.h"

/* A channel that a join replaces. */
struct pinion_replaced {
    bool any;
    struct pinion_slice join_ref; /* as its client sent it */
};

/* Of a join that is accepted already, and waits until what other nodes broadcast comes in, it has the reply
 * too. */
struct pinion_late_join {
    struct pinion_waiter waiter;
    struct pinion_channel *channel;
    bool accepted;
    pinion_payload *reply;
    pinion_payload *params;
    struct pinion_slice ref;
    struct pinion_replaced replaced;
    char text[]; /* ref, then the replaced channel's join_ref */
};

/* The channel's join waits from now on; all is copied. PINION_ENOMEM. */
int pinion__late_join_keep(struct pinion_channel *channel, struct pinion_slice ref,
                           const struct pinion_replaced *replaced, const pinion_payload *params);

/* It waits no more: the caller frees it, and lets the socket's frames go. NULL: it did not wait. */
struct pinion_late_join *pinion__late_join_take(struct pinion_channel *channel);
void pinion__late_join_free(struct pinion_late_join *late);

/* join has let the client in, and its reply waits until what other nodes broadcast on the topic comes in. */
bool pinion__late_join_accepted(const struct pinion_channel *channel);

/* The socket or the channel went before the answer came. */
void pinion__late_join_abandon(struct pinion_channel *channel);

#endif
