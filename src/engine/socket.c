#include "engine/socket.h"
#include "base/log_limit.h"
#include "engine/channel.h"
#include "engine/log_params.h"
#include "engine/rates.h"
#include "engine/raw.h"
#include "engine/refused.h"
#include "engine/socket_more.h"
#include "engine/sweep.h"
#include "engine/who.h"
#include "proto/payload.h"
#include "proto/utf8.h"
#include <assert.h>
#include <stdlib.h>

/* ---- frames out ---- */

int pinion__encode(const struct pinion_serializer *serializer, const struct pinion_transport *transport,
                   const struct pinion_message *message, struct pinion_frame **out)
{
    int rc = serializer->encode(message, out);
    if (rc || !transport->frame)
        return rc;
    *out = transport->frame(*out);
    return *out ? 0 : PINION_ENOMEM;
}

int pinion__socket_send(struct pinion_socket *socket, const struct pinion_message *message)
{
    struct pinion_frame *frame;
    if (socket->state != PINION_SOCKET_OPEN)
        return PINION_ECLOSED;
    if (!socket->serializer)
        return PINION_ENOTSUP;
    int rc = pinion__encode(socket->serializer, socket->transport, message, &frame);
    if (!rc)
        rc = socket->transport->send(socket->conn, frame);
    return rc == PINION_ENOMEM ? pinion__socket_starved(socket) : rc;
}

/* ---- life ---- */

/* Watched over as callbacks are. */
static void destroy_state(struct pinion_socket *socket)
{
    struct pinion_call call = { .callback = "the destructor of a socket's state",
                                .detail = pinion_socket_id(socket) };
    if (!socket->destroy_state)
        return;
    pinion__call_enter(socket->shard, &call);
    while (socket->destroy_state) /* a destructor may set another state */
        pinion_socket_set_state(socket, NULL, NULL);
    pinion__call_leave(socket->shard);
}

void pinion__socket_unhold(struct pinion_socket *socket)
{
    assert(socket->holds > 0);
    if (--socket->holds > 0)
        return;
    assert(socket->channel_count == 0);
    if (socket->state == PINION_SOCKET_ENDED)
        pinion__task_gone(&socket->end_task);
    destroy_state(socket);
    pinion__topic_unsubscribe(&socket->id); /* only now: terminate may ask for the name */
    pinion__assigns_unref(socket->assigns);
    pinion__socket_more_release(socket);
    if (socket->buckets != &socket->single_bucket)
        free(socket->buckets);
    PINION_COUNT(socket->shard, sockets, -1);
    pinion__pool_give(&socket->shard->pool, socket, sizeof *socket);
}

static void end_channels(struct pinion_socket *socket)
{
    for (uint32_t i = 0; i < socket->bucket_count; i++) {
        while (socket->buckets[i])
            pinion__channel_end(socket->buckets[i], (pinion_reason)socket->reason);
    }
}

/* No fan-out reaches the client any more. */
static void unreach(const struct pinion_socket *socket)
{
    for (uint32_t i = 0; i < socket->bucket_count; i++) {
        for (const struct pinion_channel *channel = socket->buckets[i]; channel; channel = channel->next)
            pinion__topic_reach(&channel->subscriber, NULL, NULL);
    }
}

/* Deferred, because the end may come in the middle of a fan-out (whose registry must not change under it)
 * or of a callback. */
static void finish_end(struct pinion_task *task)
{
    struct pinion_socket *socket = PINION_CONTAINER_OF(task, struct pinion_socket, end_task);
    end_channels(socket);
    pinion__socket_unhold(socket);
}

/* From here on nothing reaches the client. */
static void end(struct pinion_socket *socket, pinion_reason reason)
{
    assert(socket->state != PINION_SOCKET_ENDED);
    socket->state = PINION_SOCKET_ENDED;
    socket->reason = (uint8_t)reason;
    socket->conn = NULL;
    pinion__rates_stop(socket);
    unreach(socket);
    pinion__sweep_remove(socket);
    pinion__anchor_end(&socket->anchor);
    socket->end_task.run = finish_end;
    pinion__scheduler_defer(socket->shard->scheduler, &socket->end_task);
}

void pinion__socket_ended(struct pinion_socket *socket, pinion_reason reason)
{
    end(socket, reason);
}

void pinion__socket_close_for(struct pinion_socket *socket, uint16_t code, pinion_reason reason)
{
    void *conn = socket->conn;
    if (socket->state == PINION_SOCKET_ENDED)
        return;
    end(socket, reason);
    socket->transport->close(conn, code);
}

void pinion__socket_close(struct pinion_socket *socket, uint16_t code)
{
    pinion__socket_close_for(socket, code, PINION_REASON_CLOSED);
}

int pinion__socket_starved(struct pinion_socket *socket)
{
    PINION_LOG_LIMITED(PINION_LOG_ERROR, "socket %s: out of memory for a message to the client: closed (%s)",
                       socket->mount->path, PINION_WHO_OF(socket));
    pinion__socket_close(socket, PINION_CLOSE_INTERNAL);
    return PINION_ENOMEM;
}

void pinion__socket_seen(struct pinion_socket *socket)
{
    socket->last_seen = pinion__scheduler_roughly(socket->shard->scheduler);
}

void pinion__socket_control(struct pinion_socket *socket)
{
    pinion__socket_seen(socket);
    pinion__rate_spend(socket);
    pinion__rate_overhead(socket);
}

/* ---- connect ---- */

static const struct pinion_serializer *choose_serializer(const struct pinion_connect *connect)
{
    struct pinion_slice version = { NULL, 0 };
    json_t *vsn = pinion_payload_get(connect->params, "vsn");
    if (vsn && !json_is_string(vsn))
        return NULL;
    if (vsn)
        version = pinion__slice(json_string_value(vsn), json_string_length(vsn));
    if (vsn && version.len == 0)
        return NULL;
    return pinion__serializer_find(version, connect->mount->versions);
}

static struct pinion_socket *socket_new(struct pinion_shard *shard, const struct pinion_connect *connect,
                                        const struct pinion_serializer *serializer)
{
    struct pinion_socket *socket = pinion__pool_take(&shard->pool, sizeof *socket);
    if (!socket)
        return NULL;
    socket->serializer = serializer;
    socket->transport = connect->transport;
    socket->conn = connect->conn;
    socket->shard = shard;
    socket->mount = connect->mount;
    socket->buckets = &socket->single_bucket;
    socket->bucket_count = 1;
    socket->holds = 1;
    socket->state = PINION_SOCKET_CONNECTING;
    socket->id.lane = PINION_LANE_SOCKET;
    if (pinion__sweep_add(socket) != 0) {
        pinion__pool_give(&shard->pool, socket, sizeof *socket);
        return NULL;
    }
    PINION_COUNT(shard, sockets, 1);
    return socket;
}

static int subscribe_id(struct pinion_socket *socket)
{
    char text[PINION_NAME_MAX + 1];
    int len = socket->mount->id ? socket->mount->id(socket, text, sizeof text) : 0;
    if (len <= 0)
        return 0;
    if (len > PINION_NAME_MAX || !pinion__utf8_name(text, (size_t)len)) {
        PINION_LOG_LIMITED(PINION_LOG_WARNING,
                           "socket %s: its id is %s: it has no name, and no \"disconnect\" reaches it (%s)",
                           socket->mount->path, len > PINION_NAME_MAX ? "over 255 bytes" : "not UTF-8",
                           PINION_WHO_OF(socket));
        return 0;
    }
    struct pinion_topic *topic =
        pinion__topic_hold(&socket->shard->pubsub.registry, pinion__slice(text, (size_t)len));
    if (!topic)
        return PINION_ENOMEM;
    int rc = pinion__topic_subscribe(topic, &socket->id);
    pinion__topic_drop(topic);
    return rc;
}

static int open_socket(struct pinion_socket *socket)
{
    struct pinion_call call = { .callback = "id" };
    pinion__call_enter(socket->shard, &call);
    int rc = subscribe_id(socket);
    pinion__call_leave(socket->shard);
    if (!rc && socket->mount->raw)
        rc = pinion__raw_open(socket);
    if (rc)
        return rc;
    socket->state = PINION_SOCKET_OPEN;
    pinion__socket_seen(socket);
    return 0;
}

/* What connect answered: 0, or an error; *reason is then what a refusal said, or NULL. Consumes result. */
static int connect_outcome(struct pinion_socket *socket, pinion_result result, pinion_payload **reason)
{
    bool poison = pinion_payload_kind(result.payload) == PINION_PAYLOAD_POISON;
    bool answered = result.kind == PINION_RESULT_REPLY && result.status && !poison;
    bool accepted = answered && strcmp(result.status, "ok") == 0;
    *reason = NULL;
    if (answered && !accepted) {
        *reason = result.payload;
        return PINION_EACCES;
    }
    if (accepted) {
        pinion_payload_unref(result.payload);
        return open_socket(socket);
    }
    PINION_LOG_LIMITED(PINION_LOG_ERROR, "socket %s: connect crashed: %s (%s)", socket->mount->path,
                       poison ? PINION_POISONED(result.payload)
                       : result.kind == PINION_RESULT_CRASH
                           ? "pinion_crash()"
                           : "it returned neither pinion_ok(), pinion_error() nor pinion_later()",
                       PINION_WHO_OF(socket));
    pinion_payload_unref(result.payload);
    return PINION_EACCES;
}

static void log_connect(const struct pinion_socket *socket, const struct pinion_connect *connect)
{
    char params[PINION_LOG_PARAMS_MAX];
    const char *peer = pinion_connect_peer(connect->info);
    if (!pinion__log_enabled(PINION_LOG_DEBUG))
        return;
    pinion__log_params(params, connect->params, socket->shard->hub->filter);
    pinion__log(PINION_LOG_DEBUG, "socket %s: %s connects by %s: %s", socket->mount->path,
                peer[0] ? peer : "somebody", connect->transport->name, params);
}

static pinion_result call_connect(struct pinion_socket *socket, const struct pinion_connect *connect)
{
    struct pinion_call call = { .callback = "connect", .join = true };
    if (!socket->mount->connect)
        return pinion_ok(NULL);
    pinion__call_enter(socket->shard, &call);
    pinion_result result = socket->mount->connect(socket, connect->params, connect->info);
    pinion__call_leave(socket->shard);
    if (pinion__promise_settle(&call, &result))
        return result;
    pinion__promise_log_broken(socket, NULL, "connect", NULL);
    return pinion_crash();
}

static void log_vsn(const struct pinion_connect *connect)
{
    json_t *vsn = pinion_payload_get(connect->params, "vsn");
    struct pinion_slice text = { NULL, 0 };
    if (json_is_string(vsn))
        text = pinion__slice(json_string_value(vsn), json_string_length(vsn));
    PINION_LOG_LIMITED(PINION_LOG_WARNING, "socket %s: refused: vsn %s is none this server speaks (%s)",
                       connect->mount->path, vsn && !text.ptr ? "as a list" : PINION_QUOTE(text),
                       PINION_WHO_CONNECTS(connect->info));
}

int pinion__socket_connect(struct pinion_shard *shard, struct pinion_connect *connect,
                           struct pinion_socket **out)
{
    connect->reason = NULL;
    if (shard->closing)
        return PINION_ECLOSED;
    const struct pinion_serializer *serializer = connect->mount->raw ? NULL : choose_serializer(connect);
    if (!serializer && !connect->mount->raw) {
        log_vsn(connect);
        return PINION_EACCES;
    }
    struct pinion_socket *socket = socket_new(shard, connect, serializer);
    if (!socket)
        return PINION_ENOMEM;
    pinion__who_keep(socket, connect->info);
    log_connect(socket, connect);
    pinion_result result = call_connect(socket, connect);
    if (result.kind == PINION_RESULT_LATER) {
        *out = socket;
        return PINION_EPENDING;
    }
    int rc = connect_outcome(socket, result, &connect->reason);
    if (rc)
        end(socket, PINION_REASON_CLOSED);
    else
        *out = socket;
    return rc;
}

void pinion__socket_answer(struct pinion_socket *socket, pinion_result result)
{
    if (socket->state != PINION_SOCKET_CONNECTING || result.kind == PINION_RESULT_LATER) {
        pinion_payload_unref(result.payload);
        return;
    }
    void *conn = socket->conn;
    const struct pinion_transport *transport = socket->transport;
    pinion_payload *reason;
    int rc = connect_outcome(socket, result, &reason);
    if (rc)
        end(socket, PINION_REASON_CLOSED);
    transport->connected(conn, rc, reason);
    pinion_payload_unref(reason);
}

/* ---- frames in ---- */

/* A ref is JSON text: two of its bytes may be quotes. */
static bool names_fit(const struct pinion_message *message, size_t max)
{
    return max == PINION_NAME_MAX || (message->topic.len <= max && message->event.len <= max &&
                                      message->ref.len <= max + 2 && message->join_ref.len <= max + 2);
}

static void receive_message(struct pinion_socket *socket, bool binary, struct pinion_slice bytes)
{
    struct pinion_message message = { .memory = NULL };
    struct pinion_message_scratch scratch;
    scratch.max_depth = socket->mount->options.max_depth;
    int rc = socket->serializer->decode(binary, bytes, &message, &scratch);
    bool fits = rc == 0 && names_fit(&message, socket->mount->options.max_name);
    if (fits)
        pinion__dispatch(socket, &message);
    if (rc == 0)
        free(message.memory);
    if (fits)
        return;
    bool bad_text = !binary && !pinion__utf8_valid(bytes.ptr, bytes.len);
    if (socket->state == PINION_SOCKET_OPEN)
        PINION_LOG_LIMITED(PINION_LOG_INFO, "socket %s: a frame that is no message, closed (%s)",
                           socket->mount->path, PINION_WHO_OF(socket));
    pinion__socket_close(socket, bad_text ? PINION_CLOSE_BAD_UTF8 : PINION_CLOSE_INTERNAL);
}

void pinion__socket_receive(struct pinion_socket *socket, bool binary, struct pinion_slice bytes)
{
    struct pinion_scheduler *scheduler = socket->shard->scheduler;
    assert(socket->state == PINION_SOCKET_OPEN);
    pinion__socket_seen(socket);
    if (socket->serializer)
        receive_message(socket, binary, bytes);
    else
        pinion__raw_receive(socket, binary, bytes);
    pinion__scheduler_drain(scheduler);
}

void pinion__socket_wait(struct pinion_socket *socket)
{
    if (socket->waiting++ == 0 && socket->conn)
        socket->transport->pause(socket->conn, true);
}

void pinion__socket_unwait(struct pinion_socket *socket)
{
    assert(socket->waiting > 0);
    if (--socket->waiting == 0 && socket->conn)
        socket->transport->pause(socket->conn, false);
}

/* ---- channels by topic ---- */

static struct pinion_channel **bucket_of(const struct pinion_socket *socket, uint64_t hash)
{
    return &socket->buckets[hash & (socket->bucket_count - 1)];
}

struct pinion_channel *pinion__socket_channel(const struct pinion_socket *socket, struct pinion_slice topic)
{
    struct pinion_channel *channel = *bucket_of(socket, socket->bucket_count > 1 ? pinion__hash(topic) : 0);
    while (channel && !pinion__slice_eq(pinion__slice(channel->topic->name, channel->topic->name_len), topic))
        channel = channel->next;
    return channel;
}

/* Failing to grow only makes chains longer. */
static void grow_buckets(struct pinion_socket *socket)
{
    uint32_t count = socket->bucket_count * 4;
    struct pinion_channel **old = socket->buckets, **buckets = calloc(count, sizeof(struct pinion_channel *));
    uint32_t old_count = socket->bucket_count;
    if (!buckets)
        return;
    socket->buckets = buckets;
    socket->bucket_count = count;
    for (uint32_t i = 0; i < old_count; i++) {
        for (struct pinion_channel *channel = old[i], *next; channel; channel = next) {
            struct pinion_channel **bucket = bucket_of(socket, channel->topic->node.hash);
            next = channel->next;
            channel->next = *bucket;
            *bucket = channel;
        }
    }
    if (old != &socket->single_bucket)
        free(old);
}

void pinion__socket_add_channel(struct pinion_socket *socket, struct pinion_channel *channel)
{
    if (socket->channel_count >= socket->bucket_count * 4)
        grow_buckets(socket);
    struct pinion_channel **bucket = bucket_of(socket, channel->topic->node.hash);
    channel->next = *bucket;
    *bucket = channel;
    socket->channel_count++;
}

void pinion__socket_remove_channel(struct pinion_socket *socket, struct pinion_channel *channel)
{
    struct pinion_channel **link = bucket_of(socket, channel->topic->node.hash);
    while (*link != channel)
        link = &(*link)->next;
    *link = channel->next;
    socket->channel_count--;
}

/* ---- public ---- */

pinion_endpoint *pinion_socket_endpoint(const pinion_socket *socket)
{
    PINION_NEED(socket, return NULL);
    PINION_CHECK_ON_LOOP(socket);
    return pinion__endpoint_of(socket->shard->hub);
}

void *pinion_socket_context(const pinion_socket *socket)
{
    PINION_NEED(socket, return NULL);
    PINION_CHECK_ON_LOOP(socket);
    return pinion__mount_context(socket->mount, socket->shard->hub);
}

const char *pinion_socket_id(const pinion_socket *socket)
{
    PINION_NEED(socket, return NULL);
    PINION_CHECK_ON_LOOP(socket);
    return socket->id.topic ? socket->id.topic->name : NULL;
}

void pinion_socket_set_state(pinion_socket *socket, void *state, void (*destroy)(void *))
{
    PINION_NEED(socket, return );
    PINION_CHECK_ON_LOOP(socket);
    void *old = socket->user_state;
    void (*destroy_old)(void *) = socket->destroy_state;
    socket->user_state = state;
    socket->destroy_state = destroy;
    if (destroy_old)
        destroy_old(old); /* last: it may look at the state, or set another */
}

void *pinion_socket_state(const pinion_socket *socket)
{
    PINION_NEED(socket, return NULL);
    PINION_CHECK_ON_LOOP(socket);
    return socket->user_state;
}

int pinion_socket_assign(pinion_socket *socket, const char *key, pinion_payload *value)
{
    PINION_NEED(socket, return pinion__payload_lost(value));
    PINION_NEED(key, return pinion__payload_lost(value));
    PINION_ON_LOOP(socket, return pinion__payload_lost(value));
    return pinion__assign(
        &socket->assigns, key, value,
        &(struct pinion_refused){ .call = "pinion_socket_assign", .name = key, .socket = socket });
}

const pinion_payload *pinion_socket_assigned(const pinion_socket *socket, const char *key)
{
    PINION_NEED(socket, return NULL);
    PINION_NEED(key, return NULL);
    PINION_CHECK_ON_LOOP(socket);
    return pinion__assigns_get(socket->assigns, key);
}
