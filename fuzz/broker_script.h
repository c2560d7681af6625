/* What the targets that play a broker have in common (fuzz_redis.c, fuzz_nats.c): acts of the node, by way of
 * broker_user.h, and of other nodes on the broker. */
#ifndef PINION_FUZZ_BROKER_SCRIPT_H
#define PINION_FUZZ_BROKER_SCRIPT_H

#include "fuzz.h"
#include <stdbool.h>

#define SCRIPT_ACTS 16 /* of the node and of other nodes; what comes after them is the target's */

/* The server that is played. */
struct script_server {
    /* Another client publishes; forced: the node has it, whether it wants it or not. */
    void (*publish)(const char *subject, struct pinion_slice bytes, bool forced);

    /* Who is there for what the node publishes, by whatever choice there is. */
    void (*others)(unsigned choice);

    /* What the node has subscribed to: this; how much in all; of it, more than topics. */
    bool (*has)(const char *subject);
    unsigned (*subscriptions)(void);
    unsigned more;
};

void script_begin(const struct script_server *server);

/* `what` is below SCRIPT_ACTS. */
void script_act(unsigned what, unsigned byte, struct input *input);

/* Another node of this one's name was there. */
bool script_had_namesake(void);

/* The server has what the node wants, and nothing else. */
bool script_is_in_step(void);

/* A message each way, for all nodes: when they have come, all is well. */
void script_probe(void);

#endif
