/* See cluster_net.h. */
#include "cluster_net.h"
#include "engine/here.h"
#include "fuzz.h"
#include "pubsub/envelope.h"
#include <string.h>

#define TOPICS_MAX 16

struct letter {
    char *bytes;
    size_t len;
    unsigned number; /* of a broadcast; 0: it is not one of the script's */
};

struct wire {
    struct letter letters[NET_LETTERS];
    size_t count;
    bool cut;
    bool held;
    bool reordered;
};

struct topic {
    char name[32];
    uint64_t ticket;
};

struct station {
    pinion_pubsub_adapter base;
    char name[4];
    const pinion_pubsub_events *events; /* NULL: it does not run */
    void *core;
    bool muted;
    bool paused;
    struct topic topics[TOPICS_MAX]; /* those it has subscribed to */
    size_t topic_count;
    struct topic owed[TOPICS_MAX]; /* those to be confirmed */
    size_t owed_count;
};

static struct wire wires[NET_NODES][NET_NODES];
static struct station stations[NET_NODES];
static unsigned node_count;
static bool by_topic;
static void (*came)(unsigned node, unsigned number);

/* ---- letters ---- */

static unsigned number_in(struct pinion_slice bytes)
{
    struct pinion_envelope envelope;
    unsigned number = 0;
    char text[32] = "";
    REQUIRE(pinion__envelope_read(bytes, &envelope) == 0);
    if (envelope.kind != PINION_ENVELOPE_BROADCAST || envelope.broadcast.payload.len >= sizeof text)
        return 0;
    memcpy(text, envelope.broadcast.payload.ptr, envelope.broadcast.payload.len);
    return sscanf(text, "{\"b\":%u}", &number) == 1 ? number : 0;
}

static void post(unsigned from, unsigned to, struct pinion_slice bytes)
{
    struct wire *wire = &wires[from][to];
    if (from == to || wire->cut || wire->count == NET_LETTERS)
        return;
    char *copy = allocate(bytes.len);
    memcpy(copy, bytes.ptr, bytes.len);
    wire->letters[wire->count++] = (struct letter){ copy, bytes.len, number_in(bytes) };
}

static struct letter take(struct wire *wire, size_t which)
{
    struct letter letter = wire->letters[which];
    wire->count--;
    memmove(&wire->letters[which], &wire->letters[which + 1], (wire->count - which) * sizeof letter);
    return letter;
}

/* Deliver it like an adapter's thread, which is not the thread of a loop. */
static void hand_in(unsigned to, const struct letter *letter)
{
    struct station *station = &stations[to];
    if (!station->events)
        return;
    if (letter->number)
        came(to, letter->number);
    pinion__shard_bind(NULL);
    station->events->received(station->core, letter->bytes, letter->len);
}

void net_deliver(unsigned from, unsigned to, size_t which, bool twice)
{
    struct wire *wire = &wires[from][to];
    if (which >= wire->count || stations[to].paused)
        return;
    wire->reordered = wire->reordered || which > 0;
    if (twice) {
        hand_in(to, &wire->letters[which]);
        return;
    }
    struct letter letter = take(wire, which);
    hand_in(to, &letter);
    free(letter.bytes);
}

void net_drop(unsigned from, unsigned to, size_t which)
{
    if (which < wires[from][to].count)
        free(take(&wires[from][to], which).bytes);
}

/* ---- wires ---- */

void net_cut(unsigned one, unsigned other, bool cut)
{
    wires[one][other].cut = wires[other][one].cut = cut;
}

void net_hold(unsigned one, unsigned other, bool held)
{
    wires[one][other].held = wires[other][one].held = held;
}

size_t net_waiting(unsigned from, unsigned to)
{
    return wires[from][to].count;
}

bool net_reordered(unsigned from, unsigned to)
{
    return wires[from][to].reordered;
}

void net_mend_all(void)
{
    for (unsigned from = 0; from < node_count; from++) {
        for (unsigned to = 0; to < from; to++) {
            net_cut(from, to, false);
            net_hold(from, to, false);
        }
    }
}

/* What is sent meanwhile waits for the next call. */
static bool flow(unsigned from, unsigned to)
{
    size_t count = wires[from][to].count;
    if (count == 0 || wires[from][to].held || stations[to].paused)
        return false;
    for (size_t i = 0; i < count; i++)
        net_deliver(from, to, 0, false);
    return true;
}

static bool confirm(struct station *station)
{
    bool any = !station->paused && station->owed_count > 0;
    for (size_t i = 0; any && i < station->owed_count; i++)
        station->events->subscribed(station->core, station->owed[i].name, station->owed[i].ticket);
    if (any)
        station->owed_count = 0;
    return any;
}

bool net_flow(void)
{
    bool any = false;
    pinion__shard_bind(NULL);
    for (unsigned node = 0; node < node_count; node++)
        any = confirm(&stations[node]) || any;
    for (unsigned from = 0; from < node_count; from++) {
        for (unsigned to = 0; to < node_count; to++)
            any = flow(from, to) || any;
    }
    return any;
}

/* ---- the adapter ---- */

static unsigned index_of(const pinion_pubsub_adapter *adapter)
{
    return (unsigned)((const struct station *)adapter - stations);
}

const char *net_name(unsigned node)
{
    return stations[node].name;
}

static const char *node_id(const pinion_pubsub_adapter *adapter)
{
    return net_name(index_of(adapter));
}

static int start(pinion_pubsub_adapter *adapter, const pinion_pubsub_events *events, void *core, char *why,
                 size_t why_size)
{
    struct station *station = &stations[index_of(adapter)];
    REQUIRE(!station->events);
    station->core = core;
    station->events = events;
    events->connection(core, true, "");
    return 0;
}

static struct topic *find_topic(struct station *station, const char *name)
{
    for (size_t i = 0; i < station->topic_count; i++) {
        if (strcmp(station->topics[i].name, name) == 0)
            return &station->topics[i];
    }
    return NULL;
}

static bool wants(struct station *station, const char *topic)
{
    return !by_topic || !topic || find_topic(station, topic);
}

static int broadcast(pinion_pubsub_adapter *adapter, const char *topic, const void *bytes, size_t length)
{
    unsigned from = index_of(adapter);
    REQUIRE(stations[from].events);
    for (unsigned to = 0; to < node_count && !stations[from].muted; to++) {
        if (wants(&stations[to], topic))
            post(from, to, pinion__slice(bytes, length));
    }
    return 0;
}

static int send_to(pinion_pubsub_adapter *adapter, const char *node, const void *bytes, size_t length)
{
    unsigned from = index_of(adapter);
    REQUIRE(stations[from].events);
    for (unsigned to = 0; to < node_count && !stations[from].muted; to++) {
        if (strcmp(node, net_name(to)) == 0)
            post(from, to, pinion__slice(bytes, length));
    }
    return 0;
}

static int subscribe(pinion_pubsub_adapter *adapter, const char *name, uint64_t ticket)
{
    struct station *station = &stations[index_of(adapter)];
    struct topic topic = { .ticket = ticket };
    REQUIRE(station->events && !find_topic(station, name));
    REQUIRE(strlen(name) < sizeof topic.name);
    REQUIRE(station->topic_count < TOPICS_MAX && station->owed_count < TOPICS_MAX);
    strcpy(topic.name, name);
    station->topics[station->topic_count++] = topic;
    station->owed[station->owed_count++] = topic;
    return 0;
}

static void unsubscribe(pinion_pubsub_adapter *adapter, const char *name)
{
    struct station *station = &stations[index_of(adapter)];
    struct topic *topic = find_topic(station, name);
    REQUIRE(station->events && topic);
    *topic = station->topics[--station->topic_count];
}

static void stop(pinion_pubsub_adapter *adapter)
{
    struct station *station = &stations[index_of(adapter)];
    station->events = NULL;
    station->topic_count = station->owed_count = 0;
}

static void free_adapter(pinion_pubsub_adapter *adapter)
{
    struct station *station = &stations[index_of(adapter)];
    REQUIRE(!station->events && station->base.ops);
    station->base.ops = NULL;
}

#define OPERATIONS                                                                                           \
    .size = sizeof(pinion_pubsub_ops), .name = "simulated", .node_id = node_id, .start = start,              \
    .broadcast = broadcast, .send = send_to, .stop = stop, .free = free_adapter

static const pinion_pubsub_ops ops = { OPERATIONS };
static const pinion_pubsub_ops topic_ops = { OPERATIONS, .subscribe = subscribe, .unsubscribe = unsubscribe };

pinion_pubsub_adapter *net_adapter(unsigned node)
{
    struct station *station = &stations[node];
    REQUIRE(!station->base.ops);
    *station = (struct station){ .base.ops = by_topic ? &topic_ops : &ops };
    snprintf(station->name, sizeof station->name, "n%u", node % 10);
    return &station->base;
}

void net_mute(unsigned node)
{
    stations[node].muted = true;
}

void net_pause(unsigned node, bool paused)
{
    stations[node].paused = paused;
}

/* ---- a run ---- */

void net_begin(unsigned count, bool topics, void (*tell)(unsigned node, unsigned number))
{
    node_count = count;
    by_topic = topics;
    came = tell;
}

void net_end(void)
{
    for (unsigned i = 0; i < NET_NODES * NET_NODES; i++) {
        struct wire *wire = &wires[i / NET_NODES][i % NET_NODES];
        while (wire->count > 0)
            free(wire->letters[--wire->count].bytes);
        wire->cut = wire->held = wire->reordered = false;
    }
    for (unsigned i = 0; i < NET_NODES; i++)
        REQUIRE(!stations[i].base.ops);
}
