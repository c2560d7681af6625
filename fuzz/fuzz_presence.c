/* Presence: messages from other nodes, in any order, and nodes that come and go. The input is a sequence of
 * pieces: a length (two bytes) and as many bytes, which are a message. A length of 0xFF00 or more is special:
 * the next byte says which known node goes down, comes up or is forgotten.
 *
 * After each piece the set must be consistent, a message that comes again must change nothing, and the answer
 * to a request must be a message that another set accepts.
 *
 * Fuzzes: src/presence/message.c src/presence/merge.c src/presence/delta.c src/presence/replica.c
 * src/presence/clock.c src/presence/history.c */
#include "fuzz.h"
#include "presence/delta.h"
#include "presence/merge.h"
#include "presence/replica.h"
#include <pinion/error.h>

#define COMMANDS 0xFF00

static size_t visible; /* as the set has reported */
static size_t told;

static void count(void *data, const struct pinion_presence_entry *entry, bool joined)
{
    (void)data;
    REQUIRE(pinion__presence_visible(entry) == joined);
    visible += joined ? 1 : -1;
    told++;
}

/* ---- the set is consistent ---- */

static void check_clock(const struct pinion_presence_clock *clock)
{
    uint64_t last = clock->base;
    for (size_t i = 0; i < clock->count; i++) {
        REQUIRE(clock->ranges[i].first > last + 1 && clock->ranges[i].last >= clock->ranges[i].first);
        last = clock->ranges[i].last;
    }
}

static size_t check_entries(const struct pinion_presence_replica *replica)
{
    size_t entries = 0;
    PINION_LIST_FOREACH (node, &replica->entries) {
        const struct pinion_presence_entry *entry =
            PINION_CONTAINER_OF(node, struct pinion_presence_entry, in_replica);
        struct pinion_presence_item item = { pinion__presence_topic_name(entry->topic),
                                             pinion__presence_key(entry), pinion__presence_meta(entry),
                                             entry->id };
        REQUIRE(pinion__presence_item_check(&item) == 0);
        REQUIRE(pinion__presence_visible(entry) == replica->up);
        REQUIRE(!replica->up || pinion__presence_topic(replica->state, item.topic) == entry->topic);
        REQUIRE(!replica->up || pinion__presence_get(entry->topic, item.key));
        entries++;
    }
    REQUIRE(entries == replica->count);
    return replica->up ? entries : 0;
}

static void check_set(struct pinion_presence_state *state)
{
    const struct pinion_presence_replica *replica = NULL;
    size_t all = check_entries(state->own);
    while ((replica = pinion__presence_replica_next(state, replica))) {
        check_clock(&replica->known);
        check_clock(&replica->snapshot.parts);
        REQUIRE(replica->known.base <= replica->heard);
        all += check_entries(replica);
    }
    REQUIRE(all == visible);
}

/* ---- pieces ---- */

static void check_takes(struct pinion_slice bytes)
{
    const struct pinion_presence_state_options options = { .node = pinion__slice_str("y"), .incarnation = 1 };
    struct pinion_presence_state *state = NULL;
    struct pinion_presence_message message;
    REQUIRE(pinion__presence_state_new(&state, &options) == 0);
    REQUIRE(pinion__presence_message_read(bytes, &message) == 0);
    REQUIRE(pinion__presence_replica_up(state, message.node, message.incarnation, NULL) == 0);
    REQUIRE(pinion__presence_merge(state, &message) == 0);
    pinion__presence_state_free(state);
}

static int take(void *data, struct pinion_slice bytes)
{
    (void)data;
    check_takes(bytes);
    return 0;
}

static void merge(struct pinion_presence_state *state, const struct pinion_presence_message *message)
{
    (void)pinion__presence_replica_up(state, message->node, message->incarnation, NULL);
    int rc = pinion__presence_merge(state, message);
    size_t before = told;
    REQUIRE(rc == 0 || rc == PINION_ENOENT);
    REQUIRE(pinion__presence_merge(state, message) == rc && told == before);
}

static void receive(struct pinion_presence_state *state, struct pinion_slice bytes)
{
    const struct pinion_presence_output out = { .max = 100, .emit = take };
    struct pinion_presence_message message;
    char *exact = allocate(bytes.len);
    memcpy(exact, bytes.ptr, bytes.len);
    int rc = pinion__presence_message_read(pinion__slice(exact, bytes.len), &message);
    REQUIRE(rc == 0 || rc == PINION_EPROTO || rc == PINION_ENOTSUP);
    if (!rc && message.kind == PINION_PRESENCE_REQUEST)
        REQUIRE(pinion__presence_answer(state, &message, &out) == 0);
    else if (!rc)
        merge(state, &message);
    free(exact);
}

static void command(struct pinion_presence_state *state, uint8_t byte)
{
    struct pinion_presence_replica *replica = pinion__presence_replica_next(state, NULL);
    for (unsigned skip = byte / 4; replica && skip > 0; skip--)
        replica = pinion__presence_replica_next(state, replica);
    if (!replica)
        return;
    if (byte % 4 == 0)
        pinion__presence_replica_remove(replica);
    else if (byte % 4 == 1)
        pinion__presence_replica_down(replica);
    else
        REQUIRE(pinion__presence_replica_up(state, pinion__presence_replica_name(replica),
                                            replica->incarnation, NULL) == 0);
}

/* ---- the set that receives them ---- */

static void track(struct pinion_presence_state *state, uint64_t id, const char *topic, const char *key)
{
    struct pinion_presence_item item = { pinion__slice_str(topic), pinion__slice_str(key),
                                         pinion__slice_str("{}"), id };
    REQUIRE(pinion__presence_track(state, &item, NULL) == 0);
}

/* It has a few entries, and has forgotten the first of its removals. */
static struct pinion_presence_state *open_set(void)
{
    const struct pinion_presence_state_options options = {
        .node = pinion__slice_str("z"), .incarnation = 1, .history_max = 2, .changed = count
    };
    struct pinion_presence_state *state = NULL;
    visible = told = 0;
    REQUIRE(pinion__presence_state_new(&state, &options) == 0);
    for (uint64_t id = 1; id <= 6; id++)
        track(state, id, id % 2 ? "room" : "hall", id % 3 ? "ann" : "bob");
    for (uint64_t id = 1; id <= 3; id++)
        REQUIRE(pinion__presence_untrack(state, id, pinion__slice(NULL, 0), pinion__slice(NULL, 0)) == 1);
    return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pinion_presence_state *state = open_set();
    struct input input = { data, size };
    while (input.left > 0) {
        unsigned len = input_byte(&input) * 256u;
        len += input_byte(&input);
        if (len >= COMMANDS)
            command(state, input_byte(&input));
        else
            receive(state, input_bytes(&input, len));
        check_set(state);
    }
    pinion__presence_state_free(state);
    return 0;
}
