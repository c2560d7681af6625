#include "engine/hub.h"
#include "base/held.h"
#include "base/log_limit.h"
#include "base/misuse.h"
#include "base/sized.h"
#include "engine/audience.h"
#include "engine/behind.h"
#include "engine/extension.h"
#include "engine/fanout.h"
#include "engine/gather.h"
#include "engine/socket_end.h"
#include "engine/sweep.h"
#include <stdlib.h>

/* No two subscribers in the process have the same id, whatever their loop and endpoint. So a stale id never
 * leaves somebody else out of a broadcast. */
static atomic_uint_fast64_t next_id_block = 1;

int pinion__hub_init(struct pinion_hub *hub, unsigned work_threads)
{
    hub->shard_count = 0;
    hub->workers = NULL;
    hub->sealed = false;
    pinion__list_init(&hub->extensions);
    int rc = pinion__endpoint_timers_init(&hub->timers);
    if (rc)
        return rc;
    rc = pinion__secret_init(&hub->secret);
    if (!rc)
        rc = pinion__workers_new(&hub->workers, work_threads);
    if (!rc)
        rc = pinion__pubsub_init(&hub->pubsub);
    if (rc) {
        pinion__workers_free(hub->workers);
        pinion__secret_release(&hub->secret);
        pinion__endpoint_timers_release(&hub->timers);
    }
    if (!rc)
        PINION_HELD_BEGIN();
    return rc;
}

int pinion__hub_add_shard(struct pinion_hub *hub, struct pinion_scheduler *scheduler)
{
    struct pinion_shard *shard = calloc(1, sizeof *shard);
    if (!shard)
        return PINION_ENOMEM;
    int rc = pinion__pubsub_add_loop(&hub->pubsub, &shard->pubsub, scheduler, pinion__fanout, shard);
    if (rc) {
        free(shard);
        return rc;
    }
    pinion__pool_init(&shard->pool);
    pinion__stock_init(&shard->stock);
    shard->hub = hub;
    shard->scheduler = pinion__scheduler_ref(scheduler);
    pinion__turns_init(&shard->turns, scheduler);
    pinion__behind_init(shard);
    shard->next_subscriber_id = atomic_fetch_add(&next_id_block, 1) << 40;
    pinion__list_init(&shard->subscriptions);
    pinion__list_init(&shard->timers);
    scheduler->owner = shard;
    hub->shards[hub->shard_count++] = shard;
    return 0;
}

/* ---- the end ---- */

void pinion__hub_release(struct pinion_hub *hub)
{
    pinion__log_limit_finish();
    pinion__workers_free(hub->workers);
    pinion__extensions_release(hub);
    pinion__pubsub_release(&hub->pubsub);
    for (unsigned i = 0; i < hub->shard_count; i++) {
        pinion__gathers_release(hub->shards[i]);
        pinion__behind_release(hub->shards[i]);
        pinion__sweep_release(hub->shards[i]);
        pinion__audiences_release(hub->shards[i]);
        pinion__socket_class_release_all(hub->shards[i]);
        pinion__definitions_release(&hub->shards[i]->definitions);
        pinion__pool_release(&hub->shards[i]->pool);
        pinion__stock_release(&hub->shards[i]->stock);
        free(hub->shards[i]->meter);
        PINION_HELD_TELL(hub->shards[i]->scheduler);
        pinion__scheduler_unref(hub->shards[i]->scheduler);
        free(hub->shards[i]);
    }
    hub->shard_count = 0;
    pinion__secret_release(&hub->secret);
    pinion__endpoint_timers_release(&hub->timers);
    free((void *)hub->filter);
    hub->filter = NULL;
    PINION_HELD_TELL_REST();
}

bool pinion__shard_close_sockets(struct pinion_shard *shard, uint16_t code, size_t max)
{
    struct pinion_socket *socket = pinion__sweep_first(shard);
    for (size_t i = 0; i < max && socket; i++) {
        pinion__socket_because(socket, PINION_CAUSE_SHUTDOWN);
        pinion__socket_close(socket, code);
        socket = pinion__sweep_first(shard);
    }
    pinion__scheduler_drain(shard->scheduler);
    return pinion__sweep_first(shard) != NULL;
}

void *pinion_endpoint_context(const pinion_endpoint *endpoint)
{
    PINION_NEED(endpoint, return NULL);
    return pinion__hub_of(endpoint)->context;
}

static void count_remote(const struct pinion_remote *remote, pinion_stats *sum)
{
    if (!remote)
        return;
    sum->remote_connected =
        atomic_load_explicit(&remote->connection, memory_order_relaxed) == PINION_CONNECTION_UP;
    sum->remote_sent = atomic_load_explicit(&remote->sent, memory_order_relaxed);
    sum->remote_received = atomic_load_explicit(&remote->received, memory_order_relaxed);
    sum->remote_lost = atomic_load_explicit(&remote->lost, memory_order_relaxed);
    sum->remote_refused = atomic_load_explicit(&remote->refused, memory_order_relaxed);
    sum->remote_denied = atomic_load_explicit(&remote->denied, memory_order_relaxed);
}

void pinion_endpoint_stats_sized(const pinion_endpoint *endpoint, pinion_stats *stats, size_t size)
{
    const struct pinion_hub *hub = pinion__hub_of(endpoint);
    pinion_stats sum = { 0 };
    PINION_NEED(stats, return );
    pinion__sized_give(stats, size, &sum, sizeof sum); /* zeros, in case the endpoint is NULL */
    PINION_NEED(endpoint, return );
    sum.broadcasts = atomic_load_explicit(&hub->pubsub.published, memory_order_relaxed);
    sum.dropped = atomic_load_explicit(&hub->pubsub.dropped, memory_order_relaxed);
    for (unsigned i = 0; i < hub->shard_count; i++) {
        const struct pinion_counters *counters = &hub->shards[i]->counters;
        sum.connections += atomic_load_explicit(&counters->connections, memory_order_relaxed);
        sum.sockets += atomic_load_explicit(&counters->sockets, memory_order_relaxed);
        sum.channels += atomic_load_explicit(&counters->channels, memory_order_relaxed);
        sum.topics += atomic_load_explicit(&hub->shards[i]->pubsub.topics, memory_order_relaxed);
        sum.mailbox_full +=
            atomic_load_explicit(&hub->shards[i]->scheduler->mailbox.dropped, memory_order_relaxed);
        sum.deliveries += atomic_load_explicit(&counters->deliveries, memory_order_relaxed);
        sum.dropped += atomic_load_explicit(&counters->dropped, memory_order_relaxed);
        sum.unencodable += atomic_load_explicit(&counters->unencodable, memory_order_relaxed);
        sum.slow_closed += atomic_load_explicit(&counters->slow_closed, memory_order_relaxed);
        sum.skipped += atomic_load_explicit(&counters->skipped, memory_order_relaxed);
        sum.refused += atomic_load_explicit(&counters->refused, memory_order_relaxed);
        sum.held_back += atomic_load_explicit(&counters->held_back, memory_order_relaxed);
        sum.longpoll_evicted += atomic_load_explicit(&counters->longpoll_evicted, memory_order_relaxed);
        sum.rate_limited += atomic_load_explicit(&counters->rate_limited, memory_order_relaxed);
    }
    sum.actors = atomic_load_explicit(&hub->actor_count, memory_order_relaxed);
    sum.actor_busy = atomic_load_explicit(&hub->actor_busy, memory_order_relaxed);
    sum.refused_calls = atomic_load_explicit(&hub->refused_calls, memory_order_relaxed);
    count_remote(hub->pubsub.remote, &sum);
    pinion__sized_give(stats, size, &sum, sizeof sum);
}
