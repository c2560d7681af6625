/* The engine's part of an endpoint: the pubsub, the worker threads, and a shard for each loop. The endpoint
 * (src/endpoint: listeners, threads, mounts) has it as its first member. */
#ifndef PINION_ENGINE_HUB_H
#define PINION_ENGINE_HUB_H

#include "base/pool.h"
#include "base/scheduler.h"
#include "base/stock.h"
#include "base/turns.h"
#include "base/workers.h"
#include "engine/definitions.h"
#include "engine/spoken.h"
#include "pubsub/pubsub.h"
#include "token/secret.h"
#include <pinion/endpoint.h>

struct pinion_audience;
struct pinion_callback;
struct pinion_channel;
struct pinion_extension;
struct pinion_sweep;

/* Counts of one loop, written by it and read by any thread. */
struct pinion_counters {
    atomic_size_t connections;
    atomic_size_t sockets;
    atomic_size_t channels;
    atomic_uint_fast64_t deliveries;
    atomic_uint_fast64_t dropped;
    atomic_uint_fast64_t unencodable;
    atomic_uint_fast64_t slow_closed;
    atomic_uint_fast64_t skipped;
    atomic_uint_fast64_t rate_limited;
    atomic_uint_fast64_t held_back;
    atomic_uint_fast64_t refused;
    atomic_uint_fast64_t longpoll_evicted;
};

/* The engine's share on one loop. Everything in it belongs to that loop. */
struct pinion_shard {
    struct pinion_hub *hub;
    struct pinion_scheduler *scheduler;
    struct pinion_pubsub_loop pubsub;
    struct pinion_pool pool;               /* for sockets, channels, and what carries them */
    struct pinion_stock stock;             /* for frames, payloads, broadcasts */
    struct pinion_sweep *sweeps;           /* the sockets that have not ended */
    struct pinion_audience *audiences;     /* see audience.h */
    struct pinion_definitions definitions; /* of transports */
    struct pinion_turns turns;             /* of clients with large messages, or who speak to many */
    struct pinion_spoken spoken;           /* what clients cause in this turn of the loop */
    struct pinion_list subscriptions;      /* of pinion_endpoint_subscribe */
    bool closing;                          /* no socket connects any more */
    struct pinion_callback *callback;      /* that runs now; NULL between callbacks */
    uint64_t next_subscriber_id;           /* unique in the process: the loop's index is in the top bits */
    struct pinion_counters counters;
};

struct pinion_hub {
    struct pinion_pubsub pubsub;
    struct pinion_workers *workers;
    struct pinion_shard *shards[PINION_LOOPS_MAX];
    unsigned shard_count;
    void *context;             /* of pinion_endpoint_options, borrowed */
    const char *const *filter; /* of parameters in the log, see pinion__log_params; owned */
    struct pinion_secret secret;
    struct pinion_list extensions;      /* complete before any thread runs */
    atomic_uint_fast64_t refused_calls; /* see refused.h */
    bool sealed;                        /* threads run, or have run: it can no longer be extended */
};

/* Every pinion_endpoint begins with its hub (src/endpoint/endpoint.h asserts it), which is all that the
 * engine knows of it. NULL for NULL. */
static inline struct pinion_hub *pinion__hub_of(const pinion_endpoint *endpoint)
{
    return (struct pinion_hub *)endpoint;
}

static inline pinion_endpoint *pinion__endpoint_of(const struct pinion_hub *hub)
{
    return (pinion_endpoint *)hub;
}

/* PINION_ENOMEM, PINION_EIO. */
int pinion__hub_init(struct pinion_hub *hub, unsigned work_threads);

/* Add the shard of one loop, before any thread runs; takes a reference on the scheduler and becomes its
 * owner. */
int pinion__hub_add_shard(struct pinion_hub *hub, struct pinion_scheduler *scheduler);

/* Every loop must have been closed by pinion__shard_close, and no thread of them run any more. */
void pinion__hub_release(struct pinion_hub *hub);

/* Close sockets of this loop with this code, as many as `max`, and let none connect from now on; their
 * channels' terminate runs before it returns. True when there are more. */
bool pinion__shard_close_sockets(struct pinion_shard *shard, uint16_t code, size_t max);

/* Add to a counter of the shard; cheap, as only its loop writes. */
#define PINION_COUNT(shard, name, n)                                                                         \
    atomic_store_explicit(&(shard)->counters.name,                                                           \
                          atomic_load_explicit(&(shard)->counters.name, memory_order_relaxed) + (n),         \
                          memory_order_relaxed)

#endif
