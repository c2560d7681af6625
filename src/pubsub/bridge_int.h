/* The parts of a bridge: bridge.c has what any thread calls, bridge_thread.c the thread. */
#ifndef PINION_PUBSUB_BRIDGE_INT_H
#define PINION_PUBSUB_BRIDGE_INT_H

#include "pubsub/bridge.h"
#include "pubsub/bridge_frames.h"
#include "pubsub/outgoing.h"
#include <pthread.h>

struct pinion_bridge {
    pinion_pubsub_adapter base;
    struct pinion_bridge_line news;
    const pinion_pubsub_events *events;
    void *core;
    pthread_t thread;
    bool threaded;

    /* Its lock guards the next members too. queue.bytes counts also what the thread has taken and not sent
     * yet. */
    struct pinion_outgoing queue;
    char peer[PINION_NODE_MAX + 1]; /* the other node; "": there is none, and nothing is queued */
    bool settled;                   /* it is known whether there is another node */
    pthread_cond_t settling;

    /* Only the thread uses these. */
    int line;      /* -1: it is over */
    int peer_fd;   /* -1: none */
    uint64_t ends; /* when it must end, ms; 0: it is not to end */
    struct pinion_bridge_reader reader;
    struct pinion_list sending; /* what was taken from the queue */
    size_t sent;                /* bytes of its first frame */

    char node[];
};

/* The thread: runs until the queue is closed. */
void *pinion__bridge_run(void *data);

#endif
