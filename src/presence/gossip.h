/* Gossip keeps the set of a shard in step with the sets of the same shard on the other nodes.
 *
 * It ticks every heartbeat_ms. In a tick it sends the others what is new, or after a quiet time only that
 * this node is alive. It sends requests to nodes of which it lacks something. It takes nodes that were silent
 * for down_ms as down, and forgets them after remove_ms. Between ticks it merges what the others send. When a
 * node is heard of for the first time, it is asked at once for what it has, and hears of this node at the
 * next tick.
 *
 * What comes in is posted to the shard's loop. All of this happens there, with the shard's lock held. */
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
    atomic_bool starting; /* `start` is posted */
    struct pinion_timer tick;
    unsigned silent;          /* ticks since the last heartbeat */
    unsigned silent_max;      /* a heartbeat is sent after this many ticks in any case */
    struct pinion_buf packet; /* the packet being sent */
};

void pinion__gossip_init(struct pinion_gossip *gossip, struct pinion_presence_shard *shard);

/* Begin once the loop runs. Without an adapter nothing happens; with a bridge it is called again when another
 * node has come, and gossip ends when that has gone. The shard must live until the loop has ended.
 * PINION_ECLOSED: it has ended. Thread: any. */
int pinion__gossip_begin(struct pinion_gossip *gossip);

/* Tell the others that this node's presences have left. Thread: the loop's, while it ends. */
void pinion__gossip_say_goodbye(struct pinion_gossip *gossip);

/* Release it when no thread of the endpoint runs any more. It may be all zero. */
void pinion__gossip_release(struct pinion_gossip *gossip);

/* A packet for this shard has come from a node: post it to the loop. Thread: the adapter's. */
void pinion__gossip_receive(struct pinion_gossip *gossip, struct pinion_slice node,
                            struct pinion_slice packet);

#endif
