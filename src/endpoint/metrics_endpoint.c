/* What the whole endpoint counts: pinion_stats, and what has no loop. */
#include "base/log_writer.h"
#include "endpoint/endpoint.h"
#include "endpoint/metrics.h"
#include "presence/presence_int.h"
#include "transport/longpoll.h"

static void show_broadcasts(struct pinion_exposition *out, const pinion_stats *stats)
{
    pinion__exposition_counter(out, "pinion_broadcasts_total", "Broadcasts that were published here.",
                               stats->broadcasts);
    pinion__exposition_counter(out, "pinion_deliveries_total",
                               "Frames of broadcasts that were handed to subscribers.", stats->deliveries);
    pinion__exposition_counter(out, "pinion_deliveries_unencodable_total",
                               "Deliveries left out: binary, for a client that cannot take it.",
                               stats->unencodable);
    pinion__exposition_counter(out, "pinion_deliveries_skipped_total",
                               "Deliveries left out for clients that do not keep up.", stats->skipped);
    pinion__exposition_counter(out, "pinion_broadcasts_dropped_total",
                               "Broadcasts lost: a full mailbox or inbox, or no memory.", stats->dropped);
}

static void show_clients(struct pinion_exposition *out, const pinion_stats *stats)
{
    pinion__exposition_counter(out, "pinion_connections_refused_total",
                               "Connections closed at once: as many as may be were open.", stats->refused);
    pinion__exposition_counter(out, "pinion_rate_limited_total",
                               "Messages and joins refused: they came too fast.", stats->rate_limited);
    pinion__exposition_counter(out, "pinion_held_back_total",
                               "Times that frames of a client were held back: too much overhead.",
                               stats->held_back);
    pinion__exposition_counter(out, "pinion_slow_closed_total", "Clients closed: they did not read.",
                               stats->slow_closed);
    pinion__exposition_counter(out, "pinion_longpoll_evicted_total",
                               "Sessions of long polling that ended to make room for others.",
                               stats->longpoll_evicted);
}

static void show_application(struct pinion_exposition *out, const pinion_stats *stats)
{
    pinion__exposition_gauge(out, "pinion_topics", "Topics with a subscriber, counted for each loop.",
                             stats->topics);
    pinion__exposition_gauge(out, "pinion_actors", "Actors that are there.", stats->actors);
    pinion__exposition_counter(out, "pinion_actor_busy_total",
                               "Messages to actors that were refused: a mailbox was full.",
                               stats->actor_busy);
    pinion__exposition_counter(out, "pinion_refused_calls_total",
                               "Calls of the application that were refused and had no effect.",
                               stats->refused_calls);
}

/* ---- other nodes ---- */

static void show_remote(struct pinion_exposition *out, const char *adapter, const char *name,
                        const char *type, const char *help, uint64_t value)
{
    const struct pinion_exposition_label labels[] = { { "adapter", adapter }, { NULL, NULL } };
    pinion__exposition_family(out, name, type, help);
    if (adapter)
        pinion__exposition_count(out, labels, value);
}

/* Without an adapter the families are there, without samples. */
static void show_nodes(struct pinion_exposition *out, const struct pinion_endpoint *endpoint,
                       const pinion_stats *stats)
{
    const struct pinion_remote *remote = endpoint->hub.pubsub.remote;
    const char *adapter = !remote ? NULL : remote->ops.name ? remote->ops.name : "";
    show_remote(out, adapter, "pinion_pubsub_connected", "gauge",
                "1 while the adapter has its connection, else 0.", stats->remote_connected);
    show_remote(out, adapter, "pinion_pubsub_sent_total", "counter",
                "Messages to other nodes that were handed to the adapter.", stats->remote_sent);
    show_remote(out, adapter, "pinion_pubsub_received_total", "counter",
                "Messages that came from other nodes.", stats->remote_received);
    show_remote(out, adapter, "pinion_pubsub_lost_total", "counter",
                "Messages between nodes that were lost: no room, or no connection.", stats->remote_lost);
    show_remote(out, adapter, "pinion_pubsub_refused_total", "counter",
                "Messages from other nodes that came twice, or could not be read.", stats->remote_refused);
    show_remote(out, adapter, "pinion_pubsub_denied_total", "counter",
                "Answers by which the broker does not allow a subscription.", stats->remote_denied);
}

/* ---- presences, and the rest ---- */

static void show_presence(const char *name, size_t metas, void *data)
{
    const struct pinion_exposition_label labels[] = { { "presence", name }, { NULL, NULL } };
    pinion__exposition_count(data, labels, metas);
}

static uint64_t turned_away(const struct pinion_hub *hub)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < hub->shard_count; i++)
        sum += atomic_load_explicit(&hub->shards[i]->counters.turned_away, memory_order_relaxed);
    return sum;
}

static void show_more(struct pinion_exposition *out, const struct pinion_endpoint *endpoint)
{
    pinion__exposition_counter(
        out, "pinion_connects_refused_total",
        "Requests to connect that were refused: by connect, by their origin, or by their version.",
        turned_away(&endpoint->hub));
    pinion__exposition_gauge(out, "pinion_longpoll_sessions", "Sessions of long polling.",
                             endpoint->longpoll ? pinion__longpoll_sessions(endpoint->longpoll) : 0);
    pinion__exposition_family(out, "pinion_presences", "gauge",
                              "Presences that this node knows, those of all nodes.");
    pinion__presence_each(&endpoint->hub, show_presence, out);
    pinion__exposition_gauge(out, "pinion_work", "Work of pinion_endpoint_work that is not done.",
                             atomic_load_explicit(&endpoint->hub.works, memory_order_relaxed));
    pinion__exposition_counter(out, "pinion_log_lines_dropped_total",
                               "Lines of the log that could not be written, in this process.",
                               pinion__log_dropped());
    pinion__exposition_gauge(out, "pinion_draining", "1 once the endpoint goes down, else 0.",
                             atomic_load(&endpoint->stop_requested));
}

void pinion__expose_endpoint(struct pinion_exposition *out, const struct pinion_endpoint *endpoint)
{
    pinion_stats stats;
    pinion_endpoint_stats(endpoint, &stats);
    show_broadcasts(out, &stats);
    show_clients(out, &stats);
    show_application(out, &stats);
    show_nodes(out, endpoint, &stats);
    show_more(out, endpoint);
}
