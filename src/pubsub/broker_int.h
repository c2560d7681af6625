/* What the two parts of a broker share: broker.c, its life and what the endpoint calls, and broker_thread.c.
 */
#ifndef PINION_PUBSUB_BROKER_INT_H
#define PINION_PUBSUB_BROKER_INT_H

#include "pubsub/broker.h"
#include "pubsub/outgoing.h"
#include "pubsub/topics.h"
#include <pthread.h>

struct pinion_broker_state {
    struct pinion_outgoing queue; /* its lock is also that of the next few */
    struct pinion_topics topics;  /* that are to come in */
    bool stopping;
    bool decided; /* the first attempt to connect is over */
    int outcome;  /* of it */
    struct pinion_broker_problem problem;
    pthread_cond_t decision;

    pthread_mutex_t receiving; /* of what follows; held while a message is handed over */
    bool taking;

    const pinion_pubsub_events *events;
    void *core;
    pthread_t thread;
    char node[PINION_NODE_MAX + 1];
};

/* The thread, from start to stop; `data` is the broker. */
void *pinion__broker_run(void *data);

#endif
