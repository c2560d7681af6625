/* The state of rooms, kept in two ways: by actors, or by a table under a mutex, as a server without actors
 * does it. The load generator's clients are the players: load echo --topics N has N rooms. Both answer each
 * message with what it carries, when the room has counted it. bench/README.md says how to compare them. */
#include "program.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 16384

struct room {
    struct room *next; /* in the table */
    uint64_t messages;
    size_t bytes;
    char name[];
};

/* What a message does in a room, whoever keeps it. */
static void count(struct room *room, const pinion_payload *payload)
{
    size_t length;
    (void)pinion_payload_bytes(payload, &length);
    room->messages++;
    room->bytes += length;
}

static struct room *room_new(const char *name)
{
    size_t length = strlen(name) + 1;
    struct room *room = calloc(1, sizeof *room + length);
    if (room)
        memcpy(room->name, name, length);
    return room;
}

/* ---- a table under a mutex ---- */

struct table {
    pthread_mutex_t mutex;
    struct room *buckets[BUCKETS];
};

/* FNV-1a. */
static struct room **bucket_of(struct table *table, const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return &table->buckets[hash % BUCKETS];
}

/* Under the mutex. */
static struct room *find(struct table *table, const char *name)
{
    struct room **bucket = bucket_of(table, name), *room = *bucket;
    while (room && strcmp(room->name, name) != 0)
        room = room->next;
    if (!room && (room = room_new(name))) {
        room->next = *bucket;
        *bucket = room;
    }
    return room;
}

static pinion_result echo_by_mutex(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    struct table *table = pinion_channel_context(channel);
    pthread_mutex_lock(&table->mutex);
    struct room *room = find(table, pinion_channel_topic(channel));
    if (room)
        count(room, payload);
    pthread_mutex_unlock(&table->mutex);
    return room ? pinion_ok(pinion_payload_ref(payload)) : pinion_crash();
}

static void table_release(struct table *table)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        while (table->buckets[i]) {
            struct room *room = table->buckets[i];
            table->buckets[i] = room->next;
            free(room);
        }
    }
}

/* ---- actors ---- */

static pinion_result handle_call(pinion_actor *actor, pinion_call *call, const char *name,
                                 const pinion_payload *payload)
{
    count(pinion_actor_state(actor), payload);
    return pinion_ok(pinion_payload_ref(payload));
}

static const pinion_actor_def room_actor = { .handle_call = handle_call };

static void free_ref(void *state)
{
    pinion_actor_ref_free(state);
}

static pinion_result join_actor(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    pinion_actor_ref *ref = NULL;
    struct room *room = room_new(topic);
    if (!room ||
        pinion_actor_open(pinion_channel_endpoint(channel), topic, &room_actor, room, free, &ref) != 0)
        return pinion_crash();
    pinion_channel_set_state(channel, ref, free_ref);
    return pinion_ok(NULL);
}

static pinion_result echo_by_actor(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_actor_later(channel, pinion_channel_state(channel), event, pinion_payload_ref(payload), 0);
}

/* ---- the server ---- */

static const pinion_channel_def by_mutex = { .handle_in = PINION_CLAUSES({ "echo", echo_by_mutex }) };
static const pinion_channel_def by_actors = { .join = join_actor,
                                              .handle_in = PINION_CLAUSES({ "echo", echo_by_actor }) };
static const pinion_socket_def mutex_socket = { .channels = PINION_ROUTES({ "bench:*", &by_mutex }) };
static const pinion_socket_def actor_socket = { .channels = PINION_ROUTES({ "bench:*", &by_actors }) };

int main(int argc, char **argv)
{
    static struct table table = { .mutex = PTHREAD_MUTEX_INITIALIZER };
    bool mutex = false;
    const program_flag flags[] = {
        { "mutex", "keep the rooms in a table under a mutex, and not as actors", .given = &mutex },
        { .name = NULL },
    };
    pinion_endpoint_options options = { .host = "127.0.0.1", .context = &table };
    pinion_endpoint *endpoint = NULL;
    int stop = program_options(argc, argv, flags, &options);
    if (stop)
        return stop - 1;

    const pinion_socket_options socket = { .timeout_ms = PINION_NEVER, .any_origin = true };
    int rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", mutex ? &mutex_socket : &actor_socket, &socket);
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    table_release(&table);
    return pinion_exit(rc);
}
