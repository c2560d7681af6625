/* The hub: the engine's part of an endpoint. It has the pubsub, the worker threads, and a shard for each
 * loop. It is the first member of the endpoint, which src/endpoint defines. */
#ifndef PINION_ENGINE_HUB_H
#define PINION_ENGINE_HUB_H

#include "base/pool.h"
#include "base/scheduler.h"
#include "base/stock.h"
#include "base/turns.h"
#include "base/workers.h"
#include "engine/begun.h"
#include "engine/definitions.h"
#include "engine/endpoint_timer.h"
#include "engine/meter.h"
#include "engine/spoken.h"
#include "engine/tally.h"
#include "pubsub/pubsub.h"
#include "token/secret.h"
#include <pinion/endpoint.h>

struct pinion_actors;
struct pinion_audience;
struct pinion_callback;
struct pinion_channel;
struct pinion_extension;
struct pinion_socket;
struct pinion_socket_class;
struct pinion_sweep;

/* The counts of one loop. Only the loop writes them; any thread reads them. */
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
    atomic_uint_fast64_t turned_away; /* clients that were refused before they had a socket, or by connect */
    atomic_uint_fast64_t
        bytes_received; /* over all connections; this and the next two: at the end of turns */
    atomic_uint_fast64_t bytes_sent;
    atomic_size_t queue_peak; /* the most bytes that waited for one client */
};

/* The clients of a loop that are behind: behind.h. */
struct pinion_behind {
    struct pinion_scheduler *scheduler;
    struct pinion_socket **due; /* those that are looked at soon; each is held */
    size_t due_count;
    size_t max;   /* there is room for so many */
    size_t count; /* of all that are behind */
    struct pinion_task task;
    bool looking; /* the task runs */
};

/* The engine's part of one loop. Everything in it belongs to that loop, unless it says otherwise. */
struct pinion_shard {
    struct pinion_hub *hub;
    struct pinion_scheduler *scheduler;
    struct pinion_pubsub_loop pubsub;
    struct pinion_pool pool;                     /* memory for sockets, channels and transports */
    struct pinion_stock stock;                   /* memory for frames, payloads and broadcasts */
    struct pinion_sweep *sweeps;                 /* the sockets that have not ended: sweep.h */
    struct pinion_audience *audiences;           /* see audience.h */
    struct pinion_socket_class *_Atomic classes; /* see socket_class.h; any thread reads it */
    struct pinion_gather *gathers;               /* see gather.h */
    struct pinion_definitions definitions;       /* the transports that have connected here */
    struct pinion_turns turns;          /* clients that wait: their messages are large, or reach many */
    struct pinion_spoken spoken;        /* how much clients caused in this turn of the loop */
    struct pinion_behind behind;        /* clients for which much waits */
    struct pinion_list subscriptions;   /* made by pinion_endpoint_subscribe */
    struct pinion_list timers;          /* made by pinion_endpoint_send_after */
    bool timers_over;                   /* no such timer starts any more */
    struct pinion_begun begun;          /* work for this loop that is not done; any thread adds to it */
    bool closing;                       /* no socket connects any more */
    struct pinion_callback *callback;   /* the one that runs now; NULL between callbacks */
    struct pinion_meter *meter;         /* NULL: nothing is measured */
    uint64_t next_subscriber_id;        /* unique in the process: each shard counts from a block of its own */
    const struct pinion_socket *ending; /* NULL: none; see tally.h, as for the next */
    enum pinion_cause cause;
    struct pinion_counters counters;
};

struct pinion_hub {
    struct pinion_pubsub pubsub;
    struct pinion_workers *workers;
    struct pinion_shard *shards[PINION_LOOPS_MAX];
    unsigned shard_count;
    void *context;                  /* of pinion_endpoint_options; borrowed */
    pinion_telemetry_fn *telemetry; /* of pinion_endpoint_options; NULL: nobody wants to know */
    void *telemetry_data;
    const char *const *filter; /* words that hide a parameter from the log: log_params.h; owned */
    struct pinion_secret secret;
    struct pinion_list extensions; /* complete before any thread runs */
    struct pinion_endpoint_timers timers;
    atomic_size_t works; /* begun by pinion_endpoint_work, and not done */
    size_t max_work;
    struct pinion_actors *actors;       /* src/actor/actors.h; NULL: an engine without */
    atomic_size_t actor_count;          /* actors that have been opened and have not ended */
    atomic_uint_fast64_t actor_busy;    /* messages that were refused since a mailbox was full */
    atomic_uint_fast64_t refused_calls; /* see refused.h */
    bool sealed;                        /* threads run or have run, so that it cannot be extended any more */
};

/* Every pinion_endpoint begins with its hub (src/endpoint/endpoint.h asserts it). The engine knows nothing
 * else of it. NULL gives NULL. */
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

/* Add the shard of one loop, before any thread runs. It takes a reference on the scheduler, and becomes its
 * owner. PINION_ENOMEM. */
int pinion__hub_add_shard(struct pinion_hub *hub, struct pinion_scheduler *scheduler);

/* All sockets have ended, all schedulers are closed, and no thread of a loop runs any more. */
void pinion__hub_release(struct pinion_hub *hub);

/* Close sockets of this loop with this code, at most `max` of them. The terminate of their channels runs
 * before it returns. True when more are left. Others may connect meanwhile, unless `closing` was set before.
 */
bool pinion__shard_close_sockets(struct pinion_shard *shard, uint16_t code, size_t max);

/* Add to a counter of the shard. This is cheap, since only the shard's loop writes. */
#define PINION_COUNT(shard, name, n)                                                                         \
    atomic_store_explicit(&(shard)->counters.name,                                                           \
                          atomic_load_explicit(&(shard)->counters.name, memory_order_relaxed) + (n),         \
                          memory_order_relaxed)

#endif
