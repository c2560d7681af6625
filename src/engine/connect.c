#include "engine/connect.h"
#include "base/log_limit.h"
#include "engine/callback.h"
#include "engine/log_params.h"
#include "engine/refused.h"
#include "engine/socket_end.h"
#include "engine/socket_extra.h"
#include "engine/sweep.h"
#include "engine/telemetry.h"
#include "engine/who.h"
#include "proto/payload.h"
#include "proto/utf8.h"

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
    const struct pinion_socket_class *class =
        pinion__socket_class(shard, connect->mount, connect->transport, serializer);
    struct pinion_socket *socket = class ? pinion__pool_take(&shard->pool, sizeof *socket) : NULL;
    if (!socket)
        return NULL;
    socket->class = class;
    socket->conn = connect->conn;
    socket->shard = shard;
    socket->holds = 1;
    socket->state = PINION_SOCKET_CONNECTING;
    if (pinion__sweep_add(socket) != 0) {
        pinion__pool_give(&shard->pool, socket, sizeof *socket);
        return NULL;
    }
    PINION_COUNT(shard, sockets, 1);
    PINION_TALLY(class->tally, sockets, 1);
    return socket;
}

static int subscribe_id(struct pinion_socket *socket)
{
    char text[PINION_NAME_MAX + 1];
    int len = socket->class->mount->id ? socket->class->mount->id(socket, text, sizeof text) : 0;
    if (len <= 0)
        return 0;
    if (len > PINION_NAME_MAX || !pinion__utf8_name(text, (size_t)len)) {
        PINION_LOG_LIMITED(
            PINION_LOG_WARNING,
            "socket %s: the id it was given is %s: it gets none, and no \"disconnect\" reaches "
            "it (%s)",
            socket->class->mount->path, len > PINION_NAME_MAX ? "over 255 bytes" : "not UTF-8",
            PINION_WHO_OF(socket));
        return 0;
    }
    struct pinion_topic *topic =
        pinion__topic_hold(&socket->shard->pubsub.registry, pinion__slice(text, (size_t)len));
    if (!topic)
        return PINION_ENOMEM;
    int rc = pinion__socket_take_id(socket, topic);
    pinion__topic_drop(topic);
    return rc;
}

static int open_socket(struct pinion_socket *socket)
{
    struct pinion_callback callback = { .name = "id" };
    pinion__callback_enter(socket->shard, &callback);
    int rc = subscribe_id(socket);
    pinion__callback_leave(socket->shard);
    if (!rc && socket->class->mount->kind->open)
        rc = socket->class->mount->kind->open(socket);
    if (rc)
        return rc;
    socket->state = PINION_SOCKET_OPEN;
    pinion__socket_seen(socket);
    PINION_TALLY(socket->class->tally, connected, 1);
    return 0;
}

/* Act on what connect answered. Returns 0, or an error; *reason is then what the refusal said, or NULL.
 * Consumes result. */
static int connect_outcome(struct pinion_socket *socket, pinion_result result, pinion_payload **reason)
{
    PINION_CONSUMES_OF("connect", result.payload);
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
    PINION_LOG_LIMITED(PINION_LOG_ERROR, "socket %s: connect crashed: %s (%s)", socket->class->mount->path,
                       poison ? PINION_POISONED(result.payload)
                       : result.kind == PINION_RESULT_CRASH
                           ? "pinion_crash()"
                           : "it returned neither pinion_ok(), pinion_error() nor pinion_later()",
                       PINION_WHO_OF(socket));
    pinion_payload_unref(result.payload);
    return PINION_EACCES;
}

static void end_refused(struct pinion_socket *socket, int rc)
{
    pinion__socket_because(socket, rc == PINION_ENOMEM ? PINION_CAUSE_MEMORY : PINION_CAUSE_REFUSED);
    pinion__socket_ended(socket, PINION_REASON_CLOSED);
}

static void log_connect(const struct pinion_socket *socket, const struct pinion_connect *connect)
{
    char params[PINION_LOG_PARAMS_MAX];
    if (!pinion__log_enabled(PINION_LOG_DEBUG))
        return;
    const char *peer = pinion_connect_peer(connect->info);
    pinion__log_params(params, connect->params, socket->shard->hub->filter);
    pinion__log(PINION_LOG_DEBUG, "socket %s: %s connects by %s: %s", socket->class->mount->path,
                peer[0] ? peer : "somebody", connect->transport->name, params);
}

static pinion_result call_connect(struct pinion_socket *socket, const struct pinion_connect *connect)
{
    struct pinion_callback callback = {
        .name = "connect", .kind = PINION_CALLBACK_CONNECT, .socket = socket, .answer = pinion__connect_answer
    };
    if (!socket->class->mount->connect)
        return pinion_ok(NULL);
    pinion__callback_enter(socket->shard, &callback);
    pinion_result result = socket->class->mount->connect(socket, connect->params, connect->info);
    pinion__callback_leave(socket->shard);
    if (!pinion__promise_settle(&callback, &result)) {
        pinion__promise_log_broken(socket, NULL, "connect", NULL);
        result = pinion_crash();
    }
    pinion__telemetry(socket->shard->hub, &callback, socket, &result);
    return result;
}

static void log_vsn(const struct pinion_connect *connect)
{
    json_t *vsn = pinion_payload_get(connect->params, "vsn");
    struct pinion_slice text = { NULL, 0 };
    if (json_is_string(vsn))
        text = pinion__slice(json_string_value(vsn), json_string_length(vsn));
    PINION_LOG_LIMITED(PINION_LOG_WARNING, "socket %s: refused: this server does not speak vsn %s (%s)",
                       connect->mount->path, vsn && !text.ptr ? "as a list" : PINION_QUOTE(text),
                       PINION_WHO_CONNECTS(connect->info));
}

int pinion__socket_connect(struct pinion_shard *shard, struct pinion_connect *connect,
                           struct pinion_socket **out)
{
    connect->reason = NULL;
    if (shard->closing)
        return PINION_ECLOSED;
    bool serialized = connect->mount->kind->serialized;
    const struct pinion_serializer *serializer = serialized ? choose_serializer(connect) : NULL;
    if (!serializer && serialized) {
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
        end_refused(socket, rc);
    else
        *out = socket;
    return rc;
}

void pinion__connect_answer(void *target, pinion_result result)
{
    struct pinion_socket *socket = target;
    if (socket->state != PINION_SOCKET_CONNECTING || result.kind == PINION_RESULT_LATER) {
        pinion_payload_unref(result.payload);
        return;
    }
    void *conn = socket->conn;
    const struct pinion_transport *transport = socket->class->transport;
    pinion_payload *reason;
    int rc = connect_outcome(socket, result, &reason);
    if (rc)
        end_refused(socket, rc);
    transport->connected(conn, rc, reason);
    pinion_payload_unref(reason);
}
