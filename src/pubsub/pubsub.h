/* Pubsub: publish to a topic, on every loop that has subscribers. What a subscriber is, and how it is
 * delivered to, is the engine's business: each loop hands in a function.
 *
 * Order: broadcasts of one publishing thread reach each loop in the order they were published. At most once.
 */
#ifndef PINION_PUBSUB_PUBSUB_H
#define PINION_PUBSUB_PUBSUB_H

#include "base/scheduler.h"
#include "pubsub/broadcast.h"
#include "pubsub/interest.h"
#include "pubsub/registry.h"

/* Deliver to the subscribers of `topic` on this loop. Must not change the registry before it returns. */
typedef void pinion_deliver_fn(void *context, struct pinion_topic *topic, struct pinion_broadcast *broadcast);

/* One loop's part. */
struct pinion_pubsub_loop {
    struct pinion_registry registry;
    struct pinion_pubsub *pubsub;
    unsigned index;
    struct pinion_scheduler *scheduler;
    pinion_deliver_fn *deliver;
    void *context;
    atomic_size_t topics; /* with subscribers here; written by the loop, read by any thread */
};

struct pinion_pubsub {
    struct pinion_interest interest;
    unsigned loop_count;
    struct pinion_pubsub_loop *loops[PINION_LOOPS_MAX];
    atomic_ulong published;
    atomic_ulong dropped; /* deliveries to a loop whose mailbox was full */
};

int pinion__pubsub_init(struct pinion_pubsub *pubsub);
void pinion__pubsub_release(struct pinion_pubsub *pubsub);

/* Add a loop, before any thread runs. Its memory, and the scheduler, are the caller's. */
int pinion__pubsub_add_loop(struct pinion_pubsub *pubsub, struct pinion_pubsub_loop *loop,
                            struct pinion_scheduler *scheduler, pinion_deliver_fn *deliver, void *context);

/* Publish on this node. `here` is the loop of the calling thread, whose subscribers are delivered to before
 * this returns, or NULL on any other thread. The caller keeps its reference. Thread: any. */
void pinion__pubsub_publish(struct pinion_pubsub *pubsub, struct pinion_pubsub_loop *here,
                            struct pinion_broadcast *broadcast);

#endif
