/* The generator: one thread, one ring, many clients, and what is measured. */
#ifndef LOAD_LOAD_H
#define LOAD_LOAD_H

#include "client.h"
#include "clock.h"
#include "measure.h"
#include "options.h"
#include "pacer.h"
#include "ring.h"
#include <jansson.h>

struct load {
    struct options options;
    const struct dialect *dialect;
    struct sockaddr_in address;
    char *request; /* the upgrade request */
    struct ring ring;

    struct conversation *conversations; /* one for each topic */
    unsigned conversation_count;
    struct client *clients;
    size_t client_count;
    const struct client_events *events;

    uint64_t now;          /* when the completions came that are being handled */
    uint64_t heard;        /* when the last completion came */
    uint64_t longest_turn; /* since the measurement began; messages may have waited so long for us */
    uint64_t opened;       /* connections so far */

    struct measurement measurement;
    void *state; /* for the scenario */
};

/* One turn: submit, wait until something comes or until that time, and handle it. Ends the program when
 * nothing has come for half a minute. */
void load_turn(struct load *load, uint64_t until);

/* Take turns until that time. */
void load_run_until(struct load *load, uint64_t until);

/* Have the clients `first` to `first + count - 1` connect and join, a few at a time, spread over `topics`
 * topics from `topic` on. Then they expect deliveries. If one fails, the program ends. */
void load_join(struct load *load, size_t first, size_t count, unsigned topic, unsigned topics);

/* Make room for clients and topics. To be called once, before anything else. */
void load_make(struct load *load, size_t clients, unsigned topics);

static inline uint64_t seconds_ns(double seconds)
{
    return (uint64_t)(seconds * (double)NS_PER_SECOND);
}

#endif
