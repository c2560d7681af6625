#include "conformance.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (strcmp(topic, "room:denied") == 0)
        return pinion_error(pinion_json("{s:s}", "reason", "denied"));
    if (strcmp(topic, "room:crash") == 0)
        return pinion_crash();
    if (strcmp(topic, "room:reply") == 0)
        return pinion_ok(pinion_json("{s:s}", "hello", "world"));
    return pinion_ok(NULL);
}

/* {"status": "connected"} and all assigns. */
static pinion_payload *connected(pinion_channel *channel)
{
    pinion_payload *assigns = pinion_assigns(channel);
    json_t *object = json_copy(pinion_payload_tree(assigns));
    pinion_payload_unref(assigns);
    if (object && json_object_set_new(object, "status", json_string("connected")) != 0) {
        json_decref(object);
        object = NULL;
    }
    return pinion_payload_json(object);
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    json_t *user = pinion_payload_get(params, "user");
    if (strcmp(pinion_channel_topic(channel), "room:reply") == 0)
        return pinion_noreply();
    pinion_broadcast(channel, "user_entered", pinion_json("{s:O?}", "user", user));
    pinion_push(channel, "joined", connected(channel));
    return pinion_noreply();
}

/* ---- replies ---- */

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

static pinion_result reply_error(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_error(pinion_json("{s:s}", "reason", "bad"));
}

static pinion_result reply_status(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(NULL);
}

static pinion_result noreply(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_noreply();
}

static pinion_result big(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    char data[100000];
    memset(data, 'x', sizeof data);
    return pinion_ok(pinion_json("{s:s%}", "data", data, sizeof data));
}

/* ---- a reply from another thread ---- */

struct late_reply {
    pinion_ref *ref;
    pinion_payload *payload;
};

static void late_reply_free(struct late_reply *late)
{
    pinion_ref_free(late->ref);
    pinion_payload_unref(late->payload);
    free(late);
}

/* Runs on a thread of its own, as the answer of another service would. */
static void *reply_after_50_ms(void *data)
{
    struct late_reply *late = data;
    nanosleep(&(struct timespec){ .tv_nsec = 50 * 1000 * 1000 }, NULL);
    pinion_ref_reply(late->ref, "ok", late->payload);
    late->payload = NULL;
    late_reply_free(late);
    return NULL;
}

static pinion_result async_reply(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pthread_t thread;
    pthread_attr_t detached;
    struct late_reply *late = calloc(1, sizeof *late);
    if (!late)
        return pinion_crash();
    late->ref = pinion_ref_new(channel);
    late->payload = pinion_payload_ref(payload);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    bool started = late->ref && pthread_create(&thread, &detached, reply_after_50_ms, late) == 0;
    pthread_attr_destroy(&detached);
    if (!started) {
        late_reply_free(late);
        return pinion_crash();
    }
    return pinion_later();
}

/* ---- pushes and broadcasts ---- */

static pinion_result new_msg(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "new_msg", pinion_payload_ref(payload));
    return pinion_ok(NULL);
}

static pinion_result shout(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, event, pinion_payload_ref(payload));
    return pinion_noreply();
}

static pinion_result broadcast_from(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast_from(channel, event, pinion_payload_ref(payload));
    return pinion_noreply();
}

static pinion_result push_me(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_push(channel, "pushed", pinion_payload_ref(payload));
    return pinion_noreply();
}

static pinion_result disconnect_me(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    const char *id = pinion_socket_id(pinion_channel_socket(channel));
    if (id)
        pinion_endpoint_broadcast(pinion_channel_endpoint(channel), id, "disconnect",
                                  pinion_payload_ref(payload));
    return pinion_noreply();
}

/* ---- binary: as in Phoenix's server, a JSON payload matches no clause ---- */

static bool is_binary(const pinion_payload *payload)
{
    return pinion_payload_kind(payload) == PINION_PAYLOAD_BINARY;
}

static pinion_result binary_event(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    static const char tail[] = { 0x03, 0x04 };
    size_t len;
    const char *bytes = pinion_payload_bytes(payload, &len);
    char *answer = is_binary(payload) ? malloc(len + sizeof tail) : NULL;
    if (!answer)
        return pinion_crash();
    memcpy(answer, bytes, len);
    memcpy(answer + len, tail, sizeof tail);
    pinion_push(channel, "binary_event", pinion_payload_binary("\x00\x01", 2));
    pinion_payload *reply = pinion_payload_binary(answer, len + sizeof tail);
    free(answer);
    return pinion_ok(reply);
}

static pinion_result bin_broadcast(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return is_binary(payload) ? shout(channel, event, payload) : pinion_crash();
}

static pinion_result bin(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    if (!is_binary(payload))
        return pinion_crash();
    pinion_broadcast(channel, "bin_ack", NULL);
    return pinion_noreply();
}

/* ---- ends ---- */

static pinion_result stop(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_stop(PINION_REASON_NORMAL);
}

static pinion_result stop_shutdown(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_stop_reply(PINION_REASON_SHUTDOWN, "ok", pinion_json("{s:i}", "bye", 1));
}

static pinion_result stop_crash(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_stop(PINION_REASON_ERROR);
}

static pinion_result boom(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_crash();
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    pinion_push(channel, "you_left", pinion_json("{s:s}", "message", "bye!"));
}

/* ---- intercepted ---- */

/* Add the client's transport to the payload, written as an Elixir atom. */
static pinion_result add_transport(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    char transport[64];
    json_t *object = json_copy(pinion_payload_tree(payload));
    snprintf(transport, sizeof transport, ":%s", pinion_channel_transport(channel));
    if (!json_is_object(object) || json_object_set_new(object, "transport", json_string(transport)) != 0) {
        json_decref(object);
        return pinion_crash();
    }
    pinion_push(channel, event, pinion_payload_json(object));
    return pinion_noreply();
}

const pinion_channel_def conformance_channel = {
    .join = join,
    .after_join = after_join,
    .handle_in =
        PINION_CLAUSES({ "new_msg", new_msg }, { "shout", shout }, { "broadcast_from", broadcast_from },
                       { "echo", echo }, { "reply_error", reply_error }, { "reply_status", reply_status },
                       { "noreply", noreply }, { "push_me", push_me }, { "stop", stop },
                       { "stop_shutdown", stop_shutdown }, { "stop_crash", stop_crash }, { "boom", boom },
                       { "async_reply", async_reply }, { "big", big }, { "disconnect_me", disconnect_me },
                       { "binary_event", binary_event }, { "bin_broadcast", bin_broadcast }, { "bin", bin }),
    .handle_out = PINION_CLAUSES({ "new_msg", add_transport }, { "bin_ack", add_transport }),
    .terminate = terminate,
};
