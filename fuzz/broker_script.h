/* What the targets with a simulated broker share (fuzz_redis.c, fuzz_nats.c): acts of the node, through
 * broker_user.h, and acts of other nodes on the broker. */
#ifndef PINION_FUZZ_BROKER_SCRIPT_H
#define PINION_FUZZ_BROKER_SCRIPT_H

#include "fuzz.h"
#include <stdbool.h>

#define SCRIPT_ACTS 16 /* acts of the node and of other nodes; the acts after them belong to the target */

/* The simulated server. */
struct script_server {
    /* Another client publishes. `forced`: the node receives it even without a subscription. */
    void (*publish)(const char *subject, struct pinion_slice bytes, bool forced);

    /* Set who receives what the node publishes. Each server has its own choices. */
    void (*others)(unsigned choice);

    /* What the node has subscribed to: this; how much in all; of it, more than topics. */
    bool (*has)(const char *subject);
    unsigned (*subscriptions)(void);
    unsigned more;
};

void script_begin(const struct script_server *server);

/* `what` is below SCRIPT_ACTS. */
void script_act(unsigned what, unsigned byte, struct input *input);

/* Was there another node with this node's name? */
bool script_had_namesake(void);

/* The server has the subscriptions that the node wants, and no others. */
bool script_is_in_step(void);

/* Send a message for all nodes in each direction. When both have come, all is well. */
void script_probe(void);

#endif
