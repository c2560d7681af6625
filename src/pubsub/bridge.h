/* The bridge: an adapter between two processes of one machine, over a stream socket. A supervisor joins its
 * two children by it while one takes over from the other. Mostly there is nobody at the other end. Then the
 * adapter's thread sleeps, and nothing is written.
 *
 * A line tells it of the other end: a descriptor that becomes readable when there is news. Only the line
 * knows who is at its other end (src/process/sibling.h). Another node may take the place of the present one
 * at any time. */
#ifndef PINION_PUBSUB_BRIDGE_H
#define PINION_PUBSUB_BRIDGE_H

#include <pinion/pubsub.h>

#define PINION_BRIDGE_QUEUE    (32u << 20) /* bytes that wait for the other end, and of one message */
#define PINION_BRIDGE_START_MS 2000        /* how long a start waits for the other end */

/* What a line says. */
enum pinion_bridge_news {
    PINION_BRIDGE_NOTHING, /* for now */
    PINION_BRIDGE_ALONE,   /* there is no other node now */
    PINION_BRIDGE_PEER,    /* *peer is a stream socket to another node, for the bridge to own */
    PINION_BRIDGE_OVER     /* no node will come by this line any more */
};

struct pinion_bridge_line {
    /* Open it: a descriptor, which the bridge owns; -1: no other node will ever come. Called by the adapter's
     * start. */
    int (*open)(void *context);

    /* Read the news. It does not wait. Called on the adapter's thread. */
    enum pinion_bridge_news (*hear)(void *context, int line, int *peer);

    void *context; /* outlives the adapter */
};

/* Make an adapter for a node of this name. PINION_ENOMEM, PINION_EIO. */
int pinion__bridge_new(pinion_pubsub_adapter **out, const char *node, const struct pinion_bridge_line *line);

#endif
