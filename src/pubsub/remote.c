#include "pubsub/remote.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/sized.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_ENVELOPE 1024 /* bytes; an envelope up to this size needs no allocation */
#define REASON_EVERY_S 5    /* how often a new reason of an outage may be logged, seconds */

/* ---- counting, and logging once ---- */

static void count(atomic_uint_fast64_t *counter, size_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static bool first(atomic_bool *said)
{
    return !atomic_exchange_explicit(said, true, memory_order_relaxed);
}

static uint64_t seconds_now(void)
{
    return pinion__clock_ms() / 1000 + 1;
}

static const char *adapter_name(const struct pinion_remote *remote)
{
    return remote->ops.name;
}

static void note_lost(struct pinion_remote *remote, size_t n, const char *why)
{
    count(&remote->lost, n);
    if (atomic_load_explicit(&remote->connection, memory_order_relaxed) == PINION_CONNECTION_UP &&
        first(&remote->said_lost))
        pinion__log(PINION_LOG_WARNING, "pubsub %s: messages to or from other nodes are lost: %s",
                    adapter_name(remote), why);
}

static void note_refused(struct pinion_remote *remote, const char *why)
{
    count(&remote->refused, 1);
    if (first(&remote->said_refused))
        pinion__log(PINION_LOG_WARNING, "pubsub %s: refused, and so are others like it: %s",
                    adapter_name(remote), why);
}

/* ---- out ---- */

static int hand_over(struct pinion_remote *remote, const char *topic, const char *node,
                     const struct pinion_envelope *envelope)
{
    pinion_pubsub_adapter *adapter = remote->options.adapter;
    size_t size = pinion__envelope_size(envelope);
    char small[SMALL_ENVELOPE], *bytes = size <= sizeof small ? small : malloc(size);
    if (!bytes)
        return PINION_ENOMEM;
    pinion__envelope_write(envelope, bytes);
    int rc = node ? remote->ops.send(adapter, node, bytes, size)
                  : remote->ops.broadcast(adapter, topic, bytes, size);
    if (bytes != small)
        free(bytes);
    return rc;
}

static int send_envelope(struct pinion_remote *remote, const char *topic, const char *node,
                         struct pinion_envelope *envelope)
{
    if (!atomic_load_explicit(&remote->open, memory_order_acquire) || pinion__remote_is_alone(remote))
        return PINION_ECLOSED;
    envelope->node = remote->name;
    envelope->incarnation = remote->incarnation;
    envelope->sequence = 1 + atomic_fetch_add_explicit(&remote->sequence, 1, memory_order_relaxed);
    int rc = hand_over(remote, topic, node, envelope);
    if (!rc)
        count(&remote->sent, 1);
    else if (rc != PINION_ECLOSED)
        note_lost(remote, 1, pinion_strerror(rc));
    return rc;
}

int pinion__remote_send(struct pinion_remote *remote, enum pinion_envelope_kind kind, const char *node,
                        struct pinion_slice bytes)
{
    struct pinion_envelope envelope = { .kind = kind, .body = bytes };
    return send_envelope(remote, NULL, node, &envelope);
}

void pinion__remote_broadcast(struct pinion_remote *remote, const struct pinion_broadcast *broadcast)
{
    struct pinion_envelope envelope = {
        .kind = PINION_ENVELOPE_BROADCAST,
        .broadcast = { .topic = broadcast->topic,
                       .event = broadcast->event,
                       .type = pinion_payload_kind(broadcast->payload) },
    };
    struct pinion_slice *payload = &envelope.broadcast.payload;
    payload->ptr = pinion_payload_bytes(broadcast->payload, &payload->len);
    /* A socket, unlike a join, does not wait until the broker knows its id. So a message to disconnect goes
     * to all nodes: the socket gets it from the first moment on. */
    const char *topic = pinion__broadcast_disconnects(broadcast) ? NULL : broadcast->topic.ptr;
    (void)send_envelope(remote, topic, NULL, &envelope);
}

/* ---- topics ---- */

int pinion__remote_subscribe(struct pinion_remote *remote, const char *topic, uint64_t ticket)
{
    pinion_pubsub_adapter *adapter = remote->options.adapter;
    if (!atomic_load_explicit(&remote->open, memory_order_acquire))
        return PINION_ECLOSED;
    int rc = remote->ops.subscribe(adapter, topic, ticket);
    /* Adapters returned this number before PINION_ENOTCONN existed. With its present meaning, a join would
     * wait for ever. */
    return rc == PINION_EPENDING ? PINION_ENOTCONN : rc;
}

void pinion__remote_unsubscribe(struct pinion_remote *remote, const char *topic)
{
    pinion_pubsub_adapter *adapter = remote->options.adapter;
    if (atomic_load_explicit(&remote->open, memory_order_acquire))
        remote->ops.unsubscribe(adapter, topic);
}

/* ---- in ---- */

static void take_broadcast(struct pinion_remote *remote, const struct pinion_envelope *envelope)
{
    struct pinion_slice bytes = envelope->broadcast.payload;
    struct pinion_broadcast *broadcast;
    pinion_payload *payload = envelope->broadcast.type == PINION_PAYLOAD_BINARY
                                  ? pinion_payload_binary(bytes.ptr, bytes.len)
                                  : pinion_payload_text(bytes.ptr, bytes.len);
    int rc =
        pinion__broadcast_make(&broadcast, 0, envelope->broadcast.topic, envelope->broadcast.event, payload);
    if (rc) {
        note_refused(remote, "a payload that is not JSON, or memory has run out");
        return;
    }
    remote->options.publish(remote->options.context, broadcast);
    pinion__broadcast_unref(broadcast);
}

/* True at most once a minute. */
static bool may_say(atomic_uint_fast64_t *said)
{
    uint64_t now = seconds_now(), at = atomic_load_explicit(said, memory_order_relaxed);
    return (at == 0 || now - at >= 60) && atomic_compare_exchange_strong(said, &at, now);
}

/* Broadcasts of another node with our name, or of this node's earlier life, are accepted. Other messages are
 * about nodes by name, and cannot be told apart from our own. */
static bool is_own(struct pinion_remote *remote, const struct pinion_envelope *envelope)
{
    if (!pinion__slice_eq(envelope->node, remote->name))
        return false;
    if (envelope->incarnation == remote->incarnation)
        return true;
    if (may_say(&remote->said_namesake))
        pinion__log(PINION_LOG_WARNING,
                    "pubsub %s: another node, or this one's earlier life, is also named %s; "
                    "each needs a name of its own",
                    adapter_name(remote), remote->node);
    if (envelope->kind == PINION_ENVELOPE_BROADCAST)
        return false;
    count(&remote->refused, 1);
    return true;
}

static void pass_on(struct pinion_remote *remote, const struct pinion_envelope *envelope)
{
    pinion_remote_receive_fn *fn = remote->receivers[envelope->kind].fn;
    count(&remote->received, 1);
    if (envelope->kind == PINION_ENVELOPE_BROADCAST)
        take_broadcast(remote, envelope);
    else if (fn)
        fn(remote->receivers[envelope->kind].context, envelope->node, envelope->body);
}

static void on_received(void *core, const void *bytes, size_t length)
{
    struct pinion_remote *remote = core;
    struct pinion_envelope envelope;
    if (pinion__envelope_read(pinion__slice(bytes, length), &envelope) != 0)
        note_refused(remote, pinion_error_detail());
    else if (is_own(remote, &envelope))
        return;
    else if (!pinion__senders_note(&remote->senders, envelope.node, envelope.incarnation, envelope.sequence))
        note_refused(remote, "a message that has come before");
    else
        pass_on(remote, &envelope);
}

static void on_subscribed(void *core, const char *topic, uint64_t ticket)
{
    struct pinion_remote *remote = core;
    remote->options.subscribed(remote->options.context, topic, ticket, true);
}

static void on_refused(void *core, const char *topic, uint64_t ticket)
{
    struct pinion_remote *remote = core;
    count(&remote->denied, 1);
    remote->options.subscribed(remote->options.context, topic, ticket, false);
}

/* As many nodes that have gone are remembered as there are senders. A bridge remembers the one that is there.
 * The caller holds the lock. */
static void note_node(struct pinion_remote *remote, const char *node, bool up)
{
    if (remote->options.bridge)
        snprintf(remote->peer, sizeof remote->peer, "%s", up ? node : "");
    else if (up)
        pinion__topics_remove(&remote->gone, node);
    else if (remote->gone.map.count < PINION_SENDERS_MAX)
        (void)pinion__topics_add(&remote->gone, node, 0);
}

static void on_node(void *core, const char *node, bool up)
{
    struct pinion_remote *remote = core;
    pinion__lock(&remote->telling);
    note_node(remote, node, up);
    pinion__unlock(&remote->telling);
    for (int kind = 0; kind < PINION_ENVELOPE_KINDS; kind++) {
        if (remote->watchers[kind].fn)
            remote->watchers[kind].fn(remote->watchers[kind].context, node, up);
    }
}

bool pinion__remote_has_gone(struct pinion_remote *remote, const char *node)
{
    pinion__lock(&remote->telling);
    bool gone = remote->options.bridge ? strcmp(remote->peer, node) != 0
                                       : pinion__topics_find(&remote->gone, node) != NULL;
    pinion__unlock(&remote->telling);
    return gone;
}

void pinion__remote_watch(struct pinion_remote *remote, enum pinion_envelope_kind kind,
                          pinion_remote_node_fn *fn, void *context)
{
    remote->watchers[kind].fn = fn;
    remote->watchers[kind].context = context;
}

/* While the connection is down, the reason may change. A new reason is logged, but not with every attempt. */
static bool is_news(struct pinion_remote *remote, bool changed, const char *reason)
{
    uint64_t now = seconds_now();
    pinion__lock(&remote->telling);
    bool other = strncmp(remote->reason, reason, sizeof remote->reason - 1) != 0;
    bool news = changed || (other && now - remote->said_reason >= REASON_EVERY_S);
    if (news) {
        snprintf(remote->reason, sizeof remote->reason, "%s", reason);
        remote->said_reason = now;
    }
    pinion__unlock(&remote->telling);
    return news;
}

/* For a bridge, having no other node is the rule. */
static void tell_bridge(struct pinion_remote *remote, bool up, const char *detail)
{
    atomic_store_explicit(&remote->said_lost, false, memory_order_relaxed);
    if (up)
        pinion__log(PINION_LOG_INFO, "pubsub %s: %s and %s serve together until one of them ends",
                    adapter_name(remote), remote->node, detail);
    else
        pinion__log(PINION_LOG_INFO, "pubsub %s: %s serves alone: of the other, %s", adapter_name(remote),
                    remote->node, detail);
}

static void on_connection(void *core, bool up, const char *detail)
{
    struct pinion_remote *remote = core;
    int connection = up ? PINION_CONNECTION_UP : PINION_CONNECTION_DOWN;
    bool changed =
        atomic_exchange_explicit(&remote->connection, connection, memory_order_relaxed) != connection;
    if (up ? !changed : !is_news(remote, changed, detail))
        return;
    if (remote->options.bridge) {
        tell_bridge(remote, up, detail);
    } else if (up) {
        atomic_store_explicit(&remote->said_lost, false, memory_order_relaxed);
        pinion__log(PINION_LOG_INFO, "pubsub %s: node %s is connected%s%s", adapter_name(remote),
                    remote->node, *detail ? ": " : "", detail);
    } else {
        pinion__log(PINION_LOG_WARNING,
                    "pubsub %s: node %s is cut off from the others until the connection is back%s%s",
                    adapter_name(remote), remote->node, *detail ? ": " : "", detail);
    }
}

static void on_lost(void *core, size_t n)
{
    note_lost(core, n, "there was no room for them, they were too large, or the server refused them");
}

static const pinion_pubsub_events events = {
    .received = on_received,
    .subscribed = on_subscribed,
    .connection = on_connection,
    .lost = on_lost,
    .refused = on_refused,
    .node = on_node,
};

/* ---- life ---- */

static uint64_t microseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* `free` is the last member that the first version of the table had. */
static bool has_free(const pinion_pubsub_ops *ops)
{
    return ops && ops->size >= offsetof(pinion_pubsub_ops, free) + sizeof ops->free && ops->free;
}

static bool has_all(const pinion_pubsub_ops *ops)
{
    return has_free(ops) && ops->name && ops->node_id && ops->start && ops->broadcast && ops->send &&
           ops->stop;
}

/* Copy the members that we know: the adapter may come from another release. */
static int take_ops(pinion_pubsub_ops *ops, const pinion_pubsub_adapter *adapter)
{
    if (!has_all(adapter->ops))
        return pinion__fail(
            PINION_EINVAL,
            "a pubsub adapter has a table of functions with its size in it, .size = "
            "sizeof(pinion_pubsub_ops), and a name and all functions but subscribe and unsubscribe");
    int rc = PINION_TAKE(pinion_pubsub_ops, ops, adapter->ops, adapter->ops->size);
    if (!rc && !ops->subscribe != !ops->unsubscribe)
        return pinion__fail(
            PINION_EINVAL, "pubsub %s: an adapter has both subscribe and unsubscribe, or neither", ops->name);
    return rc;
}

void pinion__adapter_free(pinion_pubsub_adapter *adapter)
{
    if (adapter && has_free(adapter->ops))
        adapter->ops->free(adapter);
}

int pinion__remote_new(struct pinion_remote **out, const struct pinion_remote_options *options)
{
    const pinion_pubsub_ops *ops = options->adapter->ops;
    pinion_pubsub_ops known;
    int rc = take_ops(&known, options->adapter);
    if (rc)
        return rc;
    const char *id = ops->node_id(options->adapter);
    struct pinion_slice node = pinion__slice(id, strlen(id));
    if (!pinion__is_node_id(node))
        return pinion__fail(PINION_EINVAL,
                            "pubsub %s: a node's name is UTF-8 of 1 to %d bytes without control characters",
                            ops->name, PINION_NODE_MAX);
    struct pinion_remote *remote = calloc(1, sizeof *remote);
    if (!remote)
        return PINION_ENOMEM;
    remote->options = *options;
    remote->ops = known;
    memcpy(remote->node, node.ptr, node.len);
    remote->name = pinion__slice(remote->node, node.len);
    remote->incarnation = microseconds_now();
    if (pinion__lock_init(&remote->telling, PINION_RANK_REMOTE) != 0) {
        free(remote);
        return PINION_ENOMEM;
    }
    pinion__senders_init(&remote->senders);
    pinion__topics_init(&remote->gone);
    *out = remote;
    return 0;
}

void pinion__remote_free(struct pinion_remote *remote)
{
    if (!remote)
        return;
    pinion__remote_stop(remote);
    remote->ops.free(remote->options.adapter);
    pinion__senders_release(&remote->senders);
    pinion__topics_release(&remote->gone);
    pinion__lock_destroy(&remote->telling);
    free(remote);
}

int pinion__remote_start(struct pinion_remote *remote)
{
    pinion_pubsub_adapter *adapter = remote->options.adapter;
    char why[256] = "";
    int rc = remote->ops.start(adapter, &events, remote, why, sizeof why);
    if (rc)
        return pinion__fail(rc, "pubsub %s: %s", adapter_name(remote), *why ? why : pinion_strerror(rc));
    remote->started = true;
    atomic_store_explicit(&remote->open, true, memory_order_release);
    return 0;
}

void pinion__remote_stop(struct pinion_remote *remote)
{
    if (!remote->started)
        return;
    remote->started = false;
    remote->ops.stop(remote->options.adapter);
    atomic_store_explicit(&remote->open, false, memory_order_release);
}

void pinion__remote_receive(struct pinion_remote *remote, enum pinion_envelope_kind kind,
                            pinion_remote_receive_fn *fn, void *context)
{
    remote->receivers[kind].fn = fn;
    remote->receivers[kind].context = context;
}
