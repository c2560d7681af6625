/* What is counted for each mount and transport: the tallies of all loops and versions, added up. */
#include "endpoint/endpoint.h"
#include "endpoint/metrics.h"
#include "engine/socket_class.h"
#include <stdlib.h>

/* The sum for one mount and transport. */
struct row {
    const struct pinion_mount *mount;
    const char *transport;
    uint64_t sockets, channels, connected, received, sent;
    uint64_t joins[PINION_JOINED_OUTCOMES];
    uint64_t ended[PINION_CAUSES];
};

struct rows {
    struct row *array;
    size_t count;
    bool failed; /* no memory */
};

static struct row *find(const struct rows *rows, const struct pinion_mount *mount, const char *transport)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->array[i].mount == mount && strcmp(rows->array[i].transport, transport) == 0)
            return &rows->array[i];
    }
    return NULL;
}

/* NULL when out of memory. */
static struct row *row_of(struct rows *rows, const struct pinion_mount *mount, const char *transport)
{
    struct row *row = find(rows, mount, transport);
    if (row)
        return row;
    struct row *array = realloc(rows->array, (rows->count + 1) * sizeof *array);
    if (!array) {
        rows->failed = true;
        return NULL;
    }
    rows->array = array;
    row = &array[rows->count++];
    *row = (struct row){ .mount = mount, .transport = transport };
    return row;
}

static uint64_t read_size(const atomic_size_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static uint64_t read_count(const atomic_uint_fast64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static void add(struct row *row, const struct pinion_tally *tally)
{
    row->sockets += read_size(&tally->sockets);
    row->channels += read_size(&tally->channels);
    row->connected += read_count(&tally->connected);
    row->received += read_count(&tally->received);
    row->sent += read_count(&tally->sent);
    for (unsigned i = 0; i < PINION_JOINED_OUTCOMES; i++)
        row->joins[i] += read_count(&tally->joins[i]);
    for (unsigned i = 0; i < PINION_CAUSES; i++)
        row->ended[i] += read_count(&tally->ended[i]);
}

/* Each mount has a row for each transport that leads to it, before the first client comes. */
static void add_mounts(struct rows *rows, const struct pinion_endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->mounted_count; i++) {
        const struct pinion_mounted *mounted = endpoint->mounted[i];
        if (mounted->kind != PINION_MOUNTED_SOCKET)
            continue;
        if (!mounted->socket.options.no_websocket)
            (void)row_of(rows, &mounted->socket, "websocket");
        if (mounted->socket.options.longpoll)
            (void)row_of(rows, &mounted->socket, "longpoll");
    }
}

static void add_shard(struct rows *rows, const struct pinion_shard *shard)
{
    const struct pinion_socket_class *class = atomic_load_explicit(&shard->classes, memory_order_acquire);
    for (; class; class = class->next) {
        struct row *row = row_of(rows, class->mount, class->transport->name);
        if (row)
            add(row, class->tally);
    }
}

/* ---- the page ---- */

static void family(struct pinion_exposition *out, const struct rows *rows, size_t offset, const char *name,
                   const char *type, const char *help)
{
    pinion__exposition_family(out, name, type, help);
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->array[i];
        const struct pinion_exposition_label labels[] = { { "mount", row->mount->path },
                                                          { "transport", row->transport },
                                                          { NULL, NULL } };
        pinion__exposition_count(out, labels, *(const uint64_t *)((const char *)row + offset));
    }
}

#define FAMILY(out, rows, member, ...) family(out, rows, offsetof(struct row, member), __VA_ARGS__)

static void one_of(struct pinion_exposition *out, const struct row *row, const char *label, const char *value,
                   uint64_t count)
{
    const struct pinion_exposition_label labels[] = {
        { "mount", row->mount->path }, { "transport", row->transport }, { label, value }, { NULL, NULL }
    };
    pinion__exposition_count(out, labels, count);
}

static void show_joins(struct pinion_exposition *out, const struct rows *rows)
{
    pinion__exposition_family(out, "pinion_joins_total", "counter",
                              "Joins of channels, by what became of them.");
    for (size_t i = 0; i < rows->count; i++) {
        for (unsigned of = 0; of < PINION_JOINED_OUTCOMES; of++)
            one_of(out, &rows->array[i], "outcome", pinion__joined_name(of), rows->array[i].joins[of]);
    }
}

static void show_ends(struct pinion_exposition *out, const struct rows *rows)
{
    pinion__exposition_family(out, "pinion_sockets_ended_total", "counter", "Sockets that ended, by cause.");
    for (size_t i = 0; i < rows->count; i++) {
        for (unsigned of = 0; of < PINION_CAUSES; of++)
            one_of(out, &rows->array[i], "cause", pinion__cause_name(of), rows->array[i].ended[of]);
    }
}

static void show(struct pinion_exposition *out, const struct rows *rows)
{
    FAMILY(out, rows, sockets, "pinion_sockets", "gauge", "Sockets that are there, those that connect too.");
    FAMILY(out, rows, channels, "pinion_channels", "gauge",
           "Channels that clients have joined, or are joining.");
    FAMILY(out, rows, connected, "pinion_sockets_connected_total", "counter",
           "Sockets that connect has let in.");
    show_ends(out, rows);
    show_joins(out, rows);
    FAMILY(out, rows, received, "pinion_messages_received_total", "counter",
           "Messages from clients, heartbeats and joins too.");
    FAMILY(out, rows, sent, "pinion_messages_sent_total", "counter",
           "Messages to one client: replies and pushes. Broadcasts count as deliveries.");
}

void pinion__expose_sockets(struct pinion_exposition *out, const struct pinion_endpoint *endpoint)
{
    struct rows rows = { .count = 0 };
    add_mounts(&rows, endpoint);
    for (unsigned i = 0; i < endpoint->hub.shard_count; i++)
        add_shard(&rows, endpoint->hub.shards[i]);
    if (rows.failed)
        out->error = PINION_ENOMEM;
    else
        show(out, &rows);
    free(rows.array);
}
