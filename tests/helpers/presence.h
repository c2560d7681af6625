/* What the tests of presence share: states that write down what they tell, short ways to track and to look.
 * Include after cmocka.h. */
#ifndef TESTS_HELPERS_PRESENCE_H
#define TESTS_HELPERS_PRESENCE_H

#include "presence/delta.h"
#include "presence/merge.h"
#include "presence/replica.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANY (pinion__slice(NULL, 0))

static inline struct pinion_slice str(const char *text)
{
    return pinion__slice_str(text);
}

/* A meta of so many bytes, at least 7. */
static inline void fill_meta(char *meta, size_t len)
{
    memset(meta, 'x', len);
    memcpy(meta, "{\"\":\"", 5);
    memcpy(meta + len - 2, "\"}", 2);
}

/* A state, and what it has told since it was last read: "+topic/key{meta} " and "-topic/key{meta} ". */
struct peer {
    struct pinion_presence_state *state;
    char told[4096];
};

static inline void write_down(void *data, const struct pinion_presence_entry *entry, bool joined)
{
    struct peer *peer = data;
    size_t len = strlen(peer->told);
    struct pinion_slice topic = pinion__presence_topic_name(entry->topic);
    struct pinion_slice key = pinion__presence_key(entry);
    struct pinion_slice meta = pinion__presence_meta(entry);
    snprintf(peer->told + len, sizeof peer->told - len, "%c%.*s/%.*s%.*s ", joined ? '+' : '-',
             (int)topic.len, topic.ptr, (int)key.len, key.ptr, (int)meta.len, meta.ptr);
}

static inline void open_peer_with(struct peer *peer, struct pinion_presence_state_options options)
{
    memset(peer, 0, sizeof *peer);
    options.changed = write_down;
    options.data = peer;
    assert_int_equal(pinion__presence_state_new(&peer->state, &options), 0);
}

static inline void open_peer(struct peer *peer, const char *node, uint64_t incarnation)
{
    open_peer_with(peer,
                   (struct pinion_presence_state_options){ .node = str(node), .incarnation = incarnation });
}

static inline void close_peer(struct peer *peer)
{
    pinion__presence_state_free(peer->state);
    peer->state = NULL;
}

#define assert_told(peer, expected)                                                                          \
    do {                                                                                                     \
        assert_string_equal((peer)->told, (expected));                                                       \
        (peer)->told[0] = '\0';                                                                              \
    } while (0)

static inline struct pinion_presence_item item_of(uint64_t id, const char *topic, const char *key,
                                                  const char *meta)
{
    return (struct pinion_presence_item){ .topic = str(topic), .key = str(key), .meta = str(meta), .id = id };
}

static inline int try_track(struct peer *peer, uint64_t id, const char *topic, const char *key,
                            const char *meta)
{
    struct pinion_presence_item item = item_of(id, topic, key, meta);
    return pinion__presence_track(peer->state, &item, NULL);
}

static inline void track(struct peer *peer, uint64_t id, const char *topic, const char *key, const char *meta)
{
    assert_int_equal(try_track(peer, id, topic, key, meta), 0);
}

static inline int try_update(struct peer *peer, uint64_t id, const char *topic, const char *key,
                             const char *meta)
{
    struct pinion_presence_item item = item_of(id, topic, key, meta);
    return pinion__presence_update(peer->state, &item, NULL);
}

static inline size_t untrack(struct peer *peer, uint64_t id, const char *topic, const char *key)
{
    return pinion__presence_untrack(peer->state, id, topic ? str(topic) : ANY, key ? str(key) : ANY);
}

/* The entries of a topic, as "key{meta} ", grouped by key, each key where its first entry is. */
static inline const char *listed(const struct peer *peer, const char *topic_name)
{
    static char text[4096];
    size_t len = 0;
    const struct pinion_presence_topic *topic = pinion__presence_topic(peer->state, str(topic_name));
    const struct pinion_presence_entry *first = topic ? pinion__presence_first(topic) : NULL;
    text[0] = '\0';
    for (; first; first = pinion__presence_next(first)) {
        if (!pinion__presence_is_first_of_key(first))
            continue;
        for (const struct pinion_presence_entry *entry = first; entry;
             entry = pinion__presence_next_of_key(entry)) {
            struct pinion_slice key = pinion__presence_key(entry);
            struct pinion_slice meta = pinion__presence_meta(entry);
            len += (size_t)snprintf(text + len, sizeof text - len, "%.*s%.*s ", (int)key.len, key.ptr,
                                    (int)meta.len, meta.ptr);
        }
    }
    return text;
}

static inline struct pinion_presence_replica *up(struct peer *peer, const char *node, uint64_t incarnation)
{
    struct pinion_presence_replica *replica = NULL;
    assert_int_equal(pinion__presence_replica_up(peer->state, str(node), incarnation, &replica), 0);
    assert_non_null(replica);
    return replica;
}

/* ---- messages ---- */

enum { BAG_MAX = 4096 };

/* Messages that were sent, in order. */
struct bag {
    size_t count;
    struct pinion_slice messages[BAG_MAX];
};

static inline int put_in_bag(void *data, struct pinion_slice message)
{
    struct bag *bag = data;
    char *copy = malloc(message.len);
    assert_true(bag->count < BAG_MAX);
    assert_non_null(copy);
    memcpy(copy, message.ptr, message.len);
    bag->messages[bag->count++] = pinion__slice(copy, message.len);
    return 0;
}

static inline void empty(struct bag *bag)
{
    while (bag->count > 0)
        free((char *)bag->messages[--bag->count].ptr);
}

static inline size_t bytes_in(const struct bag *bag)
{
    size_t bytes = 0;
    for (size_t i = 0; i < bag->count; i++)
        bytes += bag->messages[i].len;
    return bytes;
}

/* The peer's heartbeat, added to the bag, in messages of at most `max` bytes. */
static inline void send_heartbeat(struct peer *from, size_t max, struct bag *bag)
{
    struct pinion_presence_output out = { .max = max, .emit = put_in_bag, .data = bag };
    assert_int_equal(pinion__presence_heartbeat(from->state, &out), 0);
}

/* Read, and merge or answer; what is answered is added to `answers`. */
static inline int deliver(struct peer *to, struct pinion_slice bytes, size_t max, struct bag *answers)
{
    struct pinion_presence_output out = { .max = max, .emit = put_in_bag, .data = answers };
    struct pinion_presence_message message;
    assert_int_equal(pinion__presence_message_read(bytes, &message), 0);
    if (message.kind == PINION_PRESENCE_REQUEST)
        return pinion__presence_answer(to->state, &message, &out);
    return pinion__presence_merge(to->state, &message);
}

static inline void deliver_all(struct peer *to, struct bag *bag)
{
    for (size_t i = 0; i < bag->count; i++)
        assert_int_equal(deliver(to, bag->messages[i], 0, NULL), 0);
    empty(bag);
}

/* What `from` has done since its last heartbeat, told to `to`, where it is up. */
static inline void tell(struct peer *from, struct peer *to)
{
    struct bag bag = { 0 };
    send_heartbeat(from, 0, &bag);
    deliver_all(to, &bag);
}

/* `to` asks for what it lacks of `from`, and gets it. Returns the kind of the answer, 0: there was none. */
static inline int ask(struct peer *to, struct peer *from, size_t max)
{
    struct bag answers = { 0 };
    struct pinion_buf request;
    struct pinion_presence_replica *replica =
        pinion__presence_replica_find(to->state, pinion__presence_replica_name(from->state->own));
    assert_non_null(replica);
    pinion__buf_init(&request, 1000);
    assert_int_equal(pinion__presence_request(replica, &request), 0);
    assert_int_equal(deliver(from, pinion__slice(request.data, request.len), max, &answers), 0);
    int kind = answers.count ? answers.messages[0].ptr[1] : 0;
    deliver_all(to, &answers);
    pinion__buf_release(&request);
    return kind;
}

#endif
