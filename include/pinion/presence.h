/* Presence: who is on a topic, on all nodes. Phoenix.Presence.
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
 * A channel is tracked under a key, with a meta: a JSON object. A key may have many metas: a user with two
 * devices. Whoever subscribes to the topic is sent the event "presence_diff" when metas come and go,
 * {"joins": {key: {"metas": [...]}}, "leaves": {...}}, which the Presence class of the official client takes
 * together with "presence_state". Each meta has a "phx_ref", unlike that of any other; one that was updated
 * has the "phx_ref_prev" of the one it replaced. A channel that ends is untracked, after its terminate.
 *
 * Each node keeps a copy of what is tracked on all others, and tells its own clients. Nodes tell each other
 * what is new every heartbeat_ms. What is tracked on a node that has not been heard of for down_ms leaves,
 * and joins again when that node is back; what is tracked on one that stops leaves at once.
 *
 * Thread: a channel's functions on its loop, those that take no channel on any. They hold a lock for a
 * moment, which is that of one part of the topics (see `shards`), and never wait for anything else: what was
 * tracked is in the next list. The diff goes out after the callback, from the loop to which the topic's shard
 * belongs; so all subscribers get a topic's diffs in one order.
 *
 * When memory runs out, calls say so and lists stay true; but a change may then not be told to clients, which
 * is logged.
 */
#ifndef PINION_PRESENCE_H
#define PINION_PRESENCE_H

#include <pinion/endpoint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who is on the topics of an endpoint. */
typedef struct pinion_presence pinion_presence;

/* What came and went on a topic, for handle_metas. Lifetime: the call's. */
typedef struct pinion_presence_diff {
    const char *topic;               /* the topic */
    const pinion_payload *joins;     /* {key: {"metas": [...]}} */
    const pinion_payload *leaves;    /* of the same form */
    const pinion_payload *presences; /* all of the topic as they are after this diff, without fetch */
} pinion_presence_diff;

/* Zero means the default. Strings are copied. */
typedef struct pinion_presence_options {
    const char *name; /* of the presence, unlike that of any other of this endpoint, and the same on all
                       * nodes: "presence"; 255 bytes at most */

    /* A topic's first change is told at once, then no more until diff_interval_ms (1,500) later, all in one
     * diff: so that what a crowd is sent when it comes is proportional to its size, not to its square. What
     * nobody has seen is left out: who joins and leaves within the interval, unless a list of the topic was
     * given out in between; of many updates all but the last, which then has the phx_ref_prev of the meta
     * that was told. */
    uint32_t diff_interval_ms;
    bool diff_at_once; /* tell changes at once, as Phoenix does: those of one callback when it has returned */

    /* Between nodes. The same on all of them, but for the lengths of time. */
    uint32_t heartbeat_ms; /* tell others what is new: 1,500 */
    uint32_t down_ms;      /* a node not heard of for so long is down: 30,000; at least four heartbeats */
    uint32_t remove_ms;    /* a node that is down so long is forgotten: 1,200,000 */
    /* Bounds. What one client can make grow is shown to all others. */
    uint32_t max_meta;  /* Bytes of a meta. 4,096 by default; at most 65,471. On excess: PINION_ETOOBIG. */
    uint32_t max_metas; /* Metas under one key of one topic, of all nodes. 10,000 by default. On excess:
                         * tracking another gives PINION_ETOOBIG. */
    uint32_t max_diff; /* Bytes of a diff, about. 262,144 by default. On excess: several diffs, in order, each
                        * in a turn of the loop of its own; and as much does not wait for its interval. */

    unsigned shards; /* parts into which topics are divided, each with a lock and a loop: 8; 64 at most */

    /* Enrich what clients are sent: called for lists, and for the joins and the leaves of each diff. Consumes
     * presences, {key: {"metas": [...]}}, and gives one of the same form: more members beside "metas", say.
     * Poison: the list is poison; a diff goes out as it was. Thread: the caller's for lists, and for diffs
     * the topic's loop, like a callback: it must not block. May be NULL. */
    pinion_payload *(*fetch)(const char *topic, pinion_payload *presences, void *data);

    /* Called for each diff, after it was sent to this node's clients, on the topic's loop, like a callback.
     * To be told, it makes a list of all presences of the topic each time. May be NULL. */
    void (*handle_metas)(const pinion_presence_diff *diff, void *data);
    void *data; /* for fetch and handle_metas */
} pinion_presence_options;

/* Create a presence of an endpoint that has not started. It is freed with the endpoint. Options are read for
 * the call; NULL is all defaults. PINION_EINVAL: an option is not valid, the name is taken, or the endpoint
 * has started (pinion_error_detail says which); PINION_ENOMEM. */
PINION_API PINION_CHECKED int pinion_presence_new_sized(pinion_presence **out, pinion_endpoint *endpoint,
                                                        const pinion_presence_options *options, size_t size);
static inline PINION_CHECKED int pinion_presence_new(pinion_presence **out, pinion_endpoint *endpoint,
                                                     const pinion_presence_options *options)
{
    return pinion_presence_new_sized(out, endpoint, options, sizeof(pinion_presence_options));
}

/* ---- tracking: these need not be checked ---- */

/* Track a channel under a key on its topic. Consumes meta (NULL is {}); members "phx_ref" and "phx_ref_prev"
 * of it are left out. Also in join: if that is refused, it is untracked again.
 * PINION_EBUSY: it is tracked under this key already; PINION_EINVAL: the meta is no JSON object, or the key
 * is no UTF-8 of 1 to 255 bytes; where it is empty or NULL, the log says so too: with it everybody would be
 * one person; PINION_ETOOBIG: the meta has more than max_meta bytes, or the key has
 * max_metas already (pinion_error_detail says which); PINION_EPAYLOAD;
 * PINION_ECLOSED: the channel has ended, or runs its terminate; PINION_ENOMEM. */
PINION_API int pinion_presence_track(pinion_presence *presence, pinion_channel *channel, const char *key,
                                     pinion_payload *meta);

/* Give it another meta: the old one leaves and the new one joins in its place, in one diff. PINION_ENOENT: it
 * is not tracked under this key; else as pinion_presence_track. */
PINION_API int pinion_presence_update(pinion_presence *presence, pinion_channel *channel, const char *key,
                                      pinion_payload *meta);

/* End it. Harmless when it is not tracked under this key. NULL: under any key. */
PINION_API void pinion_presence_untrack(pinion_presence *presence, pinion_channel *channel, const char *key);

/* The same on any topic: "users" for the channels of all rooms, say. Without a channel (NULL) for code that
 * is none: it is tracked until it is untracked, once under each key. Errors also: PINION_EINVAL the topic is
 * no UTF-8 of 1 to 255 bytes. */
PINION_API int pinion_presence_track_on(pinion_presence *presence, pinion_channel *channel, const char *topic,
                                        const char *key, pinion_payload *meta);
PINION_API int pinion_presence_update_on(pinion_presence *presence, pinion_channel *channel,
                                         const char *topic, const char *key, pinion_payload *meta);
PINION_API void pinion_presence_untrack_on(pinion_presence *presence, pinion_channel *channel,
                                           const char *topic, const char *key);

/* ---- the state of a client ---- */

/* Push "presence_state" to the channel's client: who is on its topic. From then on the diffs that come to it
 * leave out what that showed already, its own join among it: so a client that counts what it is told counts
 * everybody once. Each state counts from its own moment. Errors as pinion_push, of which EPAYLOAD also means
 * that fetch failed; PINION_ENOMEM: it was not pushed. The cost is that of the list's length. */
PINION_API int pinion_presence_push_state(pinion_presence *presence, pinion_channel *channel);

/* ---- looking up. Thread: any ---- */

/* Who is on a topic: {key: {"metas": [...]}}, what "presence_state" carries. The caller's to consume or
 * unref. The cost is that of its length. Poison when memory ran out, and when fetch gave that. It does not
 * say for whom it is: diffs that come later may tell again what it shows. For a client:
 * pinion_presence_push_state. */
PINION_API pinion_payload *pinion_presence_list(pinion_presence *presence, const char *topic);

/* What is under one key: {"metas": [...]}, or NULL when nothing is. The caller's as above. */
PINION_API pinion_payload *pinion_presence_get_by_key(pinion_presence *presence, const char *topic,
                                                      const char *key);

/* How many metas a topic has. In constant time: for a topic too large to be listed. */
PINION_API size_t pinion_presence_count(pinion_presence *presence, const char *topic);

/* How many keys. */
PINION_API size_t pinion_presence_count_keys(pinion_presence *presence, const char *topic);

#ifdef __cplusplus
}
#endif
#endif
