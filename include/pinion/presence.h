/* Presence: who is on a topic, on all nodes. This is Phoenix.Presence.
 *
 *     struct app {
 *         pinion_presence *presence; // pinion_presence_new, before the endpoint runs
 *     };
 *
 *     static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
 *     {
 *         const struct app *app = pinion_channel_context(channel);
 *         pinion_presence_track(app->presence, channel, "user:7", pinion_json("{s:s}", "device", "phone"));
 *         pinion_presence_push_state(app->presence, channel);
 *         return pinion_noreply();
 *     }
 *
 * A channel is tracked under a key, with a meta: a JSON object. A key may have many metas, for example one
 * for each device of a user. When metas come and go, all subscribers of the topic are sent the event
 * "presence_diff": {"joins": {key: {"metas": [...]}}, "leaves": {...}}. The Presence class of the official
 * client takes it together with "presence_state". Each meta has a unique "phx_ref". A meta that was updated
 * also has "phx_ref_prev": the "phx_ref" of the meta it replaced. A channel that ends is untracked, after its
 * terminate has returned.
 *
 * Each node keeps a copy of what is tracked on all others, and tells its own clients. Nodes tell each other
 * what is new every heartbeat_ms. When a node has not been heard of for down_ms, all that is tracked on it
 * leaves; it joins again when the node is back. When a node stops, all that is tracked on it leaves at once.
 *
 * Thread: functions that take a channel are called on that channel's loop. Functions that take no channel may
 * be called on any thread. They hold the lock of one shard of the topics for a moment (see `shards`), and
 * wait for nothing else.
 *
 * Order: a list that is made after pinion_presence_track has returned contains what was tracked. The diff is
 * sent after the callback has returned, from the loop of the topic's shard. So all subscribers get the diffs
 * of one topic in the same order.
 *
 * Errors: when memory runs out, calls return an error and lists stay correct. A change may then not be sent
 * to clients; that is logged. */
#ifndef PINION_PRESENCE_H
#define PINION_PRESENCE_H

#include <pinion/endpoint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who is on the topics of an endpoint. */
typedef struct pinion_presence pinion_presence;

/* What came and went on a topic, for handle_metas.
 *
 * Lifetime: the call's. */
typedef struct pinion_presence_diff {
    const char *topic;               /* The topic. */
    const pinion_payload *joins;     /* What joined: {key: {"metas": [...]}}. */
    const pinion_payload *leaves;    /* What left, in the same form. */
    const pinion_payload *presences; /* All presences of the topic after this diff, in the same form.
                                        `fetch` has not been called on them. */
} pinion_presence_diff;

/* How a presence is made. Zero means the default. Strings are copied. */
typedef struct pinion_presence_options {
    const char *name; /* The name of the presence. No other presence of this endpoint may have it, and it
                         is the same on all nodes. Bytes, up to 255. Default: "presence". On excess:
                         PINION_EINVAL. */

    /* The shortest time between two diffs of one topic. The first change is sent at once; all changes in the
     * interval after it are sent in one diff. So the traffic that a crowd causes when it arrives grows with
     * its size, not with the square of it. A diff leaves out what no client has seen: a presence that joined
     * and left within the interval, unless a list of the topic was read in between, and all updates of a meta
     * except the last. That last one has the "phx_ref_prev" of the meta that clients know. Milliseconds.
     * Default: 1,500. */
    uint32_t diff_interval_ms;
    bool diff_at_once; /* Send each change at once, as Phoenix does. The changes of one callback are sent
                          when it has returned. Default: false. */

    /* Times between nodes. They may differ from node to node; `name` and `shards` must not. */
    uint32_t heartbeat_ms; /* How often a node tells the others what is new. Milliseconds. Default: 1,500. */
    uint32_t down_ms;      /* How long a node may be silent before it counts as down. Milliseconds, at
                              least four times heartbeat_ms. Default: 30,000. */
    uint32_t remove_ms;    /* How long a node may be down before it is forgotten. Milliseconds. Default:
                              1,200,000. */
    /* Bounds: what one client can make grow is shown to all others. */
    uint32_t max_meta;  /* The size of one meta. Bytes, up to 65,471. Default: 4,096. On excess:
                           PINION_ETOOBIG. */
    uint32_t max_metas; /* Metas under one key of one topic, counted on all nodes. A number. Default:
                           10,000. On excess: tracking another one returns PINION_ETOOBIG. */
    uint32_t max_diff;  /* The approximate size of one diff. Bytes. Default: 262,144. On excess: the change
                           is sent as several diffs, in order, each in its own turn of the loop; a diff that
                           has grown this large does not wait for the end of its interval. */

    unsigned shards; /* Parts into which topics are divided. Each has its own lock and belongs to one loop.
                        The same on all nodes. A number up to 64. Default: 8. On excess: PINION_EINVAL. */

    /* Adds to what clients are sent, for example more members beside "metas". Called for lists, and for the
     * joins and the leaves of each diff. It consumes `presences`, {key: {"metas": [...]}}, and returns a
     * payload of the same form. If it returns poison, the list is poison, and a diff is sent unchanged.
     * Default: NULL, nothing is added.
     *
     * Thread: for lists, the caller's; for diffs, the topic's loop, where it must not block. */
    pinion_payload *(*fetch)(const char *topic, pinion_payload *presences, void *data);

    /* Called for each diff, after the diff was sent to this node's clients. If it is set, the library builds
     * a list of all presences of the topic for every diff. Default: NULL.
     *
     * Thread: the topic's loop. It must not block. */
    void (*handle_metas)(const pinion_presence_diff *diff, void *data);
    void *data; /* `data` of fetch and handle_metas. Default: NULL. */
} pinion_presence_options;

/* Make a presence of an endpoint that has not started. Options are read during the call; NULL means all
 * defaults.
 *
 * Ownership: the endpoint's; it is freed with the endpoint.
 *
 * Errors: PINION_EINVAL: an option is not valid, the name is taken, or the endpoint has started
 * (pinion_error_detail says which); PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_presence_new_sized(pinion_presence **out, pinion_endpoint *endpoint,
                                                        const pinion_presence_options *options, size_t size);
static inline PINION_CHECKED int pinion_presence_new(pinion_presence **out, pinion_endpoint *endpoint,
                                                     const pinion_presence_options *options)
{
    return pinion_presence_new_sized(out, endpoint, options, sizeof(pinion_presence_options));
}

/* ---- tracking: these results need not be checked ---- */

/* Track a channel under a key on its topic. It may be called in join: if the join is then refused, the
 * channel is untracked again.
 *
 * Ownership: consumes meta; NULL means {}. The members "phx_ref" and "phx_ref_prev" of meta are left out.
 *
 * Errors: PINION_EBUSY: the channel is tracked under this key already; PINION_EINVAL: the meta is not a JSON
 * object, or the key is not UTF-8 of 1 to 255 bytes (an empty or NULL key is also logged, because it would
 * make all users one person); PINION_ETOOBIG: the meta has more than max_meta bytes, or the key has max_metas
 * already (pinion_error_detail says which); PINION_EPAYLOAD: the meta could not be built; PINION_ECLOSED: the
 * channel has ended, or runs its terminate; PINION_ENOMEM: out of memory. */
PINION_API int pinion_presence_track(pinion_presence *presence, pinion_channel *channel, const char *key,
                                     pinion_payload *meta);

/* Replace the meta under a key: the old one leaves and the new one joins, in one diff.
 *
 * Ownership: consumes meta; NULL means {}.
 *
 * Errors: PINION_ENOENT: the channel is not tracked under this key; all others as pinion_presence_track,
 * except PINION_EBUSY and max_metas. */
PINION_API int pinion_presence_update(pinion_presence *presence, pinion_channel *channel, const char *key,
                                      pinion_payload *meta);

/* Stop tracking a channel under a key. NULL means under all keys. Does nothing if the channel is not tracked.
 */
PINION_API void pinion_presence_untrack(pinion_presence *presence, pinion_channel *channel, const char *key);

/* The same on any topic, for example "users" for the channels of all rooms. A NULL channel is for code that
 * has no channel: what it tracks stays until it is untracked, and a key can be tracked so only once on a
 * topic.
 *
 * Errors: as above; also PINION_EINVAL: the topic is not UTF-8 of 1 to 255 bytes. */
PINION_API int pinion_presence_track_on(pinion_presence *presence, pinion_channel *channel, const char *topic,
                                        const char *key, pinion_payload *meta);
PINION_API int pinion_presence_update_on(pinion_presence *presence, pinion_channel *channel,
                                         const char *topic, const char *key, pinion_payload *meta);
PINION_API void pinion_presence_untrack_on(pinion_presence *presence, pinion_channel *channel,
                                           const char *topic, const char *key);

/* Stop tracking a channel on all topics, under all keys. NULL: all that code without a channel tracks. A
 * channel that ends is untracked so by itself.
 *
 * Thread: the channel's loop; with NULL any. */
PINION_API void pinion_presence_untrack_all(pinion_presence *presence, pinion_channel *channel);

/* ---- the state of a client ---- */

/* Push "presence_state" to the channel's client: the list of who is on its topic. Later diffs to this client
 * leave out what the list showed already, the client's own join included. So a client that counts joins and
 * leaves counts everybody once. Each pushed state counts from its own moment. The cost grows with the length
 * of the list.
 *
 * Errors: as pinion_push; PINION_EPAYLOAD also when fetch failed; PINION_ENOMEM: out of memory, nothing was
 * pushed. */
PINION_API int pinion_presence_push_state(pinion_presence *presence, pinion_channel *channel);

/* ---- looking up. Thread: any ---- */

/* List who is on a topic: {key: {"metas": [...]}}, as "presence_state" carries it. The cost grows with the
 * length of the list. For a client use pinion_presence_push_state: a list from here is not tied to a client,
 * so later diffs may repeat what it shows.
 *
 * Ownership: the caller's, to consume or unref.
 *
 * Errors: poison: out of memory, or fetch returned poison. */
PINION_API pinion_payload *pinion_presence_list(pinion_presence *presence, const char *topic);

/* What is under one key: {"metas": [...]}, or NULL when nothing is.
 *
 * Ownership: the caller's, to consume or unref. */
PINION_API pinion_payload *pinion_presence_get_by_key(pinion_presence *presence, const char *topic,
                                                      const char *key);

/* How many metas a topic has. Takes constant time, so it also suits a topic that is too large to list. */
PINION_API size_t pinion_presence_count(pinion_presence *presence, const char *topic);

/* How many keys a topic has. */
PINION_API size_t pinion_presence_count_keys(pinion_presence *presence, const char *topic);

#ifdef __cplusplus
}
#endif
#endif
