/* The gossip between nodes: keeps the set of a shard in step with those of the same shard on the other nodes.
 *
 * Every heartbeat_ms it ticks: it tells the others what is new, or, when nothing was for a while, that this
 * node lives; it asks those of whom it lacks something; it takes those it has not heard of for down_ms as
 * down, and forgets them after remove_ms. In between it takes in what the others send. A node that is heard
 * of for the first time is asked for what it has at once, and told of this one at the next tick.
 *
 * What comes in is posted to the shard's loop, where all of this happens, with the shard's lock held.
 */
#ifndef PINION_PRESENCE_GOSSIP_H
#define PINION_PRESENCE_GOSSIP_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/task.h"
#include "base/wheel.h"
#include <pinion/endpoint.h>
#include <stdatomic.h>

struct pinion_presence_shard;

struct pinion_gossip {
    struct pinion_presence_shard *shard;
    struct pinion_task start;
    struct pinion_timer tick;
    unsigned silent;          /* ticks since the last heartbeat */
    unsigned silent_max;      /* after so many there is one in any case */
    struct pinion_buf packet; /* being sent */
};

void pinion__gossip_init(struct pinion_gossip *gossip, struct pinion_presence_shard *shard);

/* Begin, once the loop runs; nothing happens where the endpoint has no adapter. The shard must live until the
 * loop has ended. PINION_ECLOSED: it has. */
int pinion__gossip_begin(struct pinion_gossip *gossip);

/* Tell the others that this node's presences have left. Thread: the loop's, which ends. */
void pinion__gossip_say_goodbye(struct pinion_gossip *gossip);

/* No thread of the endpoint runs any more. Harmless for one that is all zero. */
void pinion__gossip_release(struct pinion_gossip *gossip);

/* A packet for this shard has come from a node: post it. Thread: the adapter's. */
void pinion__gossip_receive(struct pinion_gossip *gossip, struct pinion_slice node,
                            struct pinion_slice packet);

#endif
