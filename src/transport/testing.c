/* The test kit: pinion/testing.h over the in-process transport. */
#include "base/buf.h"
#include "base/log.h"
#include "engine/subscription.h"
#include "proto/payload.h"
#include "proto/query.h"
#include "transport/loopback.h"
#include "transport/testing_message.h"
#include <errno.h>
#include <pinion/testing.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PATIENCE_S 5

struct joined_topic {
    struct pinion_list node;
    int join_ref;
    char topic[];
};

struct pinion_test_client {
    struct pinion_list node;
    pinion_test *test;
    struct pinion_mount mount;
    struct pinion_loopback connection;
    struct pinion_list joined;
    bool v1;
    int next_ref;
    struct pinion_frame *taken; /* by pinion_test_next_frame */
};

struct broadcast {
    struct pinion_list node;
    char *topic;
    char *event;
    pinion_payload *payload;
};

struct subscription {
    struct pinion_list node;
    pinion_subscription *subscription;
};

struct pinion_test {
    pinion_endpoint endpoint;
    struct pinion_scheduler *scheduler;
    struct pinion_shard *shard;
    uint64_t now;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool posted; /* under lock: something came since the last turn */
    struct pinion_list clients;
    struct pinion_list broadcasts;
    struct pinion_list subscriptions;
    pinion_payload *met; /* what the last expectation met */
};

/* ---- time ---- */

static uint64_t test_clock(void *context)
{
    return ((pinion_test *)context)->now;
}

static void on_post(void *context)
{
    pinion_test *test = context;
    pthread_mutex_lock(&test->lock);
    test->posted = true;
    pthread_cond_signal(&test->woken);
    pthread_mutex_unlock(&test->lock);
}

void pinion_test_run(pinion_test *test)
{
    while (pinion__scheduler_turn(test->scheduler) == 0)
        continue;
}

/* Timers one after the other, each with what it causes, as real time would have it. */
void pinion_test_advance(pinion_test *test, uint64_t ms)
{
    uint64_t until = test->now + ms;
    pinion_test_run(test);
    while (test->now < until) {
        uint64_t next = pinion__wheel_next(&test->scheduler->wheel);
        test->now = next > test->now && next < until ? next : until;
        pinion_test_run(test);
    }
}

/* Wait until another thread posts. False when the time is over. */
static bool await_post(pinion_test *test, const struct timespec *deadline)
{
    int rc = 0;
    pthread_mutex_lock(&test->lock);
    while (!test->posted && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&test->woken, &test->lock, deadline);
    bool posted = test->posted;
    test->posted = false;
    pthread_mutex_unlock(&test->lock);
    return posted;
}

/* Run until met(context) or the patience is at its end. */
static bool await(pinion_test *test, bool (*met)(void *context), void *context)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += PATIENCE_S;
    for (;;) {
        pinion_test_run(test);
        if (met(context))
            return true;
        if (!await_post(test, &deadline))
            return false;
    }
}

/* ---- life ---- */

static int init_wait(pinion_test *test)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    int rc = pthread_cond_init(&test->woken, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (rc)
        return PINION_ENOMEM;
    if (pthread_mutex_init(&test->lock, NULL) != 0) {
        pthread_cond_destroy(&test->woken);
        return PINION_ENOMEM;
    }
    return 0;
}

static int init_loop(pinion_test *test)
{
    int rc = pinion__scheduler_new(&test->scheduler, SIZE_MAX, on_post, test, test_clock, test);
    if (rc)
        return rc;
    rc = pinion__hub_add_shard(&test->endpoint, test->scheduler);
    if (rc) {
        pinion__scheduler_unref(test->scheduler);
        return rc;
    }
    test->shard = test->endpoint.shards[0];
    pinion__shard_bind(test->shard);
    return 0;
}

int pinion_test_new(pinion_test **out)
{
    pinion_test *test = calloc(1, sizeof *test);
    if (!test)
        return PINION_ENOMEM;
    pinion__list_init(&test->clients);
    pinion__list_init(&test->broadcasts);
    pinion__list_init(&test->subscriptions);
    test->now = 1000;
    int rc = init_wait(test);
    if (rc) {
        free(test);
        return rc;
    }
    rc = pinion__hub_init(&test->endpoint, 2);
    if (!rc) {
        rc = init_loop(test);
        if (rc)
            pinion__hub_release(&test->endpoint);
    }
    if (rc) {
        pthread_cond_destroy(&test->woken);
        pthread_mutex_destroy(&test->lock);
        free(test);
        return rc;
    }
    *out = test;
    return 0;
}

static void client_free(pinion_test_client *client)
{
    pinion__list_remove(&client->node);
    PINION_LIST_FOREACH_SAFE (node, &client->joined) {
        pinion__list_remove(node);
        free(PINION_CONTAINER_OF(node, struct joined_topic, node));
    }
    pinion__frame_unref(client->taken);
    pinion__loopback_release(&client->connection);
    pinion__mount_release(&client->mount);
    free(client);
}

static void broadcast_free(struct broadcast *broadcast)
{
    pinion__list_remove(&broadcast->node);
    pinion_payload_unref(broadcast->payload);
    free(broadcast->topic);
    free(broadcast->event);
    free(broadcast);
}

static bool all_gone(void *context)
{
    const pinion_test *test = context;
    return atomic_load(&test->shard->counters.channels) == 0;
}

static void end_clients(pinion_test *test)
{
    PINION_LIST_FOREACH (node, &test->clients) {
        pinion__loopback_disconnect(&PINION_CONTAINER_OF(node, pinion_test_client, node)->connection);
    }
    while (!await(test, all_gone, test))
        continue; /* work that takes its time: its channel cannot be freed before */
}

static void end_subscriptions(pinion_test *test)
{
    PINION_LIST_FOREACH_SAFE (node, &test->subscriptions) {
        struct subscription *own = PINION_CONTAINER_OF(node, struct subscription, node);
        pinion_subscription_free(own->subscription, NULL);
        pinion__list_remove(node);
        free(own);
    }
    pinion_test_run(test);
}

void pinion_test_free(pinion_test *test)
{
    if (!test)
        return;
    end_clients(test);
    end_subscriptions(test);
    pinion__scheduler_close(test->scheduler);
    pinion__subscription_end_all(test->shard);
    PINION_LIST_FOREACH_SAFE (client, &test->clients) {
        client_free(PINION_CONTAINER_OF(client, pinion_test_client, node));
    }
    PINION_LIST_FOREACH_SAFE (broadcast, &test->broadcasts) {
        broadcast_free(PINION_CONTAINER_OF(broadcast, struct broadcast, node));
    }
    pinion_payload_unref(test->met);
    pinion__shard_bind(NULL);
    pinion__hub_release(&test->endpoint);
    pinion__scheduler_unref(test->scheduler);
    pthread_cond_destroy(&test->woken);
    pthread_mutex_destroy(&test->lock);
    free(test);
}

pinion_endpoint *pinion_test_endpoint(pinion_test *test)
{
    return &test->endpoint;
}

/* ---- clients ---- */

static bool has_answer(void *context)
{
    return ((pinion_test_client *)context)->connection.connect_status != PINION_EAGAIN;
}

/* The parameters, with version 2.0.0 where none is named. */
static int parse_params(const char *query, json_t **out, bool *v1)
{
    int rc = pinion__query_parse(pinion__slice_str(query), out);
    if (rc)
        return rc;
    if (!json_object_get(*out, "vsn") && json_object_set_new(*out, "vsn", json_string("2.0.0")) != 0)
        return PINION_ENOMEM;
    const char *vsn = json_string_value(json_object_get(*out, "vsn"));
    *v1 = vsn && vsn[0] == '1';
    return 0;
}

static int connect_client(pinion_test_client *client, const char *query)
{
    json_t *tree = NULL;
    int rc = parse_params(query, &tree, &client->v1);
    if (rc) {
        json_decref(tree);
        return pinion__fail(rc, "\"%s\" is no query", query);
    }
    pinion_payload *params = pinion_payload_json(tree);
    rc = pinion__loopback_connect(&client->connection, client->test->shard, &client->mount, params);
    pinion_payload_unref(params);
    if (rc == PINION_EAGAIN && !await(client->test, has_answer, client))
        return pinion__fail(PINION_ETIMEDOUT, "expected the answer to a connect with \"%s\"", query);
    if (rc == PINION_EAGAIN)
        rc = client->connection.connect_status;
    return rc ? pinion__fail(rc, "connect with \"%s\": %s", query, pinion_strerror(rc)) : 0;
}

static pinion_test_client *client_new(pinion_test *test)
{
    pinion_test_client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->test = test;
    client->next_ref = 1;
    pinion__list_init(&client->joined);
    pinion__list_init(&client->connection.sent);
    pinion__list_init(&client->connection.held);
    return client;
}

/* Of a client whose mount came out with rc. */
static int let_connect(pinion_test_client *client, int rc, const char *query, pinion_test_client **out)
{
    pinion_test *test = client->test;
    if (rc) {
        free(client);
        return rc;
    }
    pinion__list_append(&test->clients, &client->node);
    rc = connect_client(client, query ? query : "");
    if (rc)
        pinion__loopback_disconnect(&client->connection); /* freed with the test */
    else
        *out = client;
    pinion_test_run(test);
    return rc;
}

int pinion_test_connect(pinion_test *test, const pinion_socket_def *socket,
                        const pinion_socket_options *options, const char *query, pinion_test_client **out)
{
    pinion_test_client *client = client_new(test);
    if (!client)
        return PINION_ENOMEM;
    return let_connect(client, pinion__mount_init(&client->mount, "/test", socket, options), query, out);
}

int pinion_test_connect_raw(pinion_test *test, const pinion_raw_socket_def *socket,
                            const pinion_socket_options *options, const char *query, pinion_test_client **out)
{
    pinion_test_client *client = client_new(test);
    if (!client)
        return PINION_ENOMEM;
    return let_connect(client, pinion__mount_init_raw(&client->mount, "/test", socket, options), query, out);
}

void pinion_test_disconnect(pinion_test_client *client)
{
    pinion__loopback_disconnect(&client->connection);
    pinion_test_run(client->test);
}

static struct joined_topic *find_joined(const pinion_test_client *client, const char *topic)
{
    PINION_LIST_FOREACH (node, &client->joined) {
        struct joined_topic *joined = PINION_CONTAINER_OF(node, struct joined_topic, node);
        if (strcmp(joined->topic, topic) == 0)
            return joined;
    }
    return NULL;
}

static int remember_join(pinion_test_client *client, const char *topic, int join_ref)
{
    struct joined_topic *joined = find_joined(client, topic);
    if (!joined) {
        size_t len = strlen(topic) + 1;
        joined = malloc(sizeof *joined + len);
        if (!joined)
            return PINION_ENOMEM;
        memcpy(joined->topic, topic, len);
        pinion__list_append(&client->joined, &joined->node);
    }
    joined->join_ref = join_ref;
    return 0;
}

/* Send a message with a new ref, which is returned. Consumes payload. */
static int send_message(pinion_test_client *client, const char *topic, const char *event, bool join,
                        pinion_payload *payload)
{
    const struct joined_topic *joined = find_joined(client, topic);
    int ref = client->next_ref++;
    struct pinion_test_outgoing message = { .ref = ref,
                                            .join_ref = join     ? ref
                                                        : joined ? joined->join_ref
                                                                 : 0,
                                            .topic = topic,
                                            .event = event,
                                            .payload = payload,
                                            .v1 = client->v1 };
    struct pinion_frame *frame = NULL;
    int rc = pinion__test_encode(&message, &frame);
    pinion_payload_unref(payload);
    if (!rc)
        rc = pinion__loopback_send(&client->connection, frame->opcode, pinion__frame_wire(frame));
    pinion__frame_unref(frame);
    pinion_test_run(client->test);
    return rc ? pinion__fail(rc, "%s on %s could not be sent: %s", event, topic, pinion_strerror(rc)) : ref;
}

/* ---- expectations ---- */

struct expectation {
    pinion_test_client *client;
    const char *topic;
    const char *event;  /* NULL: any but a reply */
    int ref;            /* of a reply, else 0 */
    const char *status; /* of a reply; NULL: any */
    json_t *pattern;    /* NULL: any */
    bool accepted;      /* what was met is a reply with status ok */
    struct pinion_test_message met;
};

static bool is_expected(const struct expectation *expected, const struct pinion_test_message *message)
{
    char ref[16];
    bool reply = message->status != NULL;
    snprintf(ref, sizeof ref, "%d", expected->ref);
    if (reply != (expected->ref != 0))
        return false;
    if (reply && (!message->ref || strcmp(message->ref, ref) != 0))
        return false;
    if (reply && expected->status && strcmp(expected->status, message->status) != 0)
        return false;
    if (expected->topic && strcmp(expected->topic, message->topic) != 0)
        return false;
    if (!reply && expected->event && strcmp(expected->event, message->event) != 0)
        return false;
    return !expected->pattern || pinion__test_matches(expected->pattern, message->value);
}

/* Take the first frame that is expected; its parts are in expected->met then. */
static bool take_expected(void *context)
{
    struct expectation *expected = context;
    PINION_LIST_FOREACH_SAFE (node, &expected->client->connection.sent) {
        struct pinion_loopback_frame *own = PINION_CONTAINER_OF(node, struct pinion_loopback_frame, node);
        struct pinion_test_message message;
        if (pinion__test_decode(own->frame, &message) != 0)
            continue;
        if (is_expected(expected, &message)) {
            expected->met = message;
            expected->accepted = message.status && strcmp(message.status, "ok") == 0;
            pinion__loopback_frame_free(own);
            return true;
        }
        pinion__test_message_release(&message);
    }
    return false;
}

static void keep_met(pinion_test *test, struct pinion_test_message *message)
{
    pinion_payload_unref(test->met);
    test->met = message->payload;
    message->payload = NULL;
    pinion__test_message_release(message);
}

/* What the client has been sent, for the sentence of a failure. */
static void describe(const pinion_test_client *client, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    PINION_LIST_FOREACH (node, &client->connection.sent) {
        struct pinion_frame *frame = PINION_CONTAINER_OF(node, struct pinion_loopback_frame, node)->frame;
        struct pinion_slice wire = pinion__frame_wire(frame);
        bool text = frame->opcode == PINION_OPCODE_TEXT;
        int n =
            snprintf(out + len, size - len, " %.*s", text ? (int)wire.len : 8, text ? wire.ptr : "(binary)");
        len += (size_t)n;
        if (len >= size)
            return;
    }
    if (len == 0)
        snprintf(out, size, " nothing");
}

/* The payload that was met, for the sentence of a failure. */
static void describe_met(const pinion_test *test, char *out, size_t size)
{
    size_t len;
    const char *bytes = pinion_payload_bytes(test->met, &len);
    bool text = pinion_payload_kind(test->met) == PINION_PAYLOAD_JSON;
    snprintf(out, size, "%.*s", text ? (int)len : 8, text ? bytes : "(binary)");
}

static int parse_pattern(const char *text, json_t **out)
{
    json_error_t error;
    *out = text ? json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error) : NULL;
    if (text && !*out)
        return pinion__fail(PINION_EINVAL, "the pattern %s is not JSON: %s", text, error.text);
    return 0;
}

static int expect(struct expectation *expected, const char *pattern, const char *what)
{
    char got[400];
    int rc = parse_pattern(pattern, &expected->pattern);
    if (rc)
        return rc;
    if (await(expected->client->test, take_expected, expected)) {
        keep_met(expected->client->test, &expected->met);
    } else {
        describe(expected->client, got, sizeof got);
        rc = pinion__fail(PINION_ETIMEDOUT, "expected %s %s %s on %s; what there was:%s", what,
                          expected->event    ? expected->event
                          : expected->status ? expected->status
                                             : "",
                          pattern ? pattern : "", expected->topic ? expected->topic : "any topic", got);
    }
    json_decref(expected->pattern);
    return rc;
}

int pinion_test_expect_reply(pinion_test_client *client, int ref, const char *status, const char *pattern)
{
    struct expectation expected = { .client = client, .ref = ref, .status = status };
    char what[40];
    if (ref <= 0)
        return pinion__fail(PINION_EINVAL, "expected a reply to a message that was not sent: %s",
                            pinion_strerror(ref));
    snprintf(what, sizeof what, "a reply to message %d", ref);
    return expect(&expected, pattern, what);
}

int pinion_test_expect_push(pinion_test_client *client, const char *topic, const char *event,
                            const char *pattern)
{
    struct expectation expected = { .client = client, .topic = topic, .event = event };
    return expect(&expected, pattern, "a push");
}

int pinion_test_refute_push(pinion_test_client *client, const char *topic, const char *event)
{
    struct expectation expected = { .client = client, .topic = topic, .event = event };
    pinion_test_run(client->test);
    if (!take_expected(&expected))
        return 0;
    char what[300], got[300];
    snprintf(what, sizeof what, "%s on %s", expected.met.event, expected.met.topic);
    keep_met(client->test, &expected.met);
    describe_met(client->test, got, sizeof got);
    return pinion__fail(PINION_EBUSY, "expected no push, but there was %s: %s", what, got);
}

static bool is_closed(void *context)
{
    return ((pinion_test_client *)context)->connection.closed;
}

int pinion_test_expect_close(pinion_test_client *client, int code)
{
    if (!await(client->test, is_closed, client))
        return pinion__fail(PINION_ETIMEDOUT, "expected a close with %d; the socket is still open", code);
    if (client->connection.close_code != code)
        return pinion__fail(PINION_EPROTO, "expected a close with %d; the socket was closed with %d", code,
                            client->connection.close_code);
    return 0;
}

/* ---- joining, leaving, pushing ---- */

int pinion_test_join(pinion_test_client *client, const char *topic, pinion_payload *params)
{
    char got[300];
    int ref = send_message(client, topic, "phx_join", true, params);
    if (ref < 0)
        return ref;
    struct expectation expected = { .client = client, .topic = topic, .ref = ref };
    int rc = expect(&expected, NULL, "the answer to a join");
    if (rc)
        return rc;
    if (expected.accepted)
        return remember_join(client, topic, ref);
    describe_met(client->test, got, sizeof got);
    return pinion__fail(PINION_EACCES, "the join of %s was refused: %s", topic, got);
}

int pinion_test_leave(pinion_test_client *client, const char *topic)
{
    int ref = send_message(client, topic, "phx_leave", false, NULL);
    if (ref < 0)
        return ref;
    int rc = pinion_test_expect_reply(client, ref, "ok", NULL);
    return rc ? rc : pinion_test_expect_push(client, topic, "phx_close", NULL);
}

int pinion_test_push(pinion_test_client *client, const char *topic, const char *event,
                     pinion_payload *payload)
{
    return send_message(client, topic, event, false, payload);
}

/* ---- broadcasts ---- */

static void keep_broadcast(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
    pinion_test *test = data;
    struct broadcast *broadcast = calloc(1, sizeof *broadcast);
    if (!broadcast)
        return;
    broadcast->topic = strdup(topic);
    broadcast->event = strdup(event);
    broadcast->payload = pinion_payload_ref(payload);
    pinion__list_append(&test->broadcasts, &broadcast->node);
    if (!broadcast->topic || !broadcast->event)
        broadcast_free(broadcast);
}

int pinion_test_subscribe(pinion_test *test, const char *topic)
{
    struct subscription *own = calloc(1, sizeof *own);
    if (!own)
        return PINION_ENOMEM;
    int rc = pinion_endpoint_subscribe(&test->endpoint, topic, keep_broadcast, test, &own->subscription);
    if (rc) {
        free(own);
        return rc;
    }
    pinion__list_append(&test->subscriptions, &own->node);
    pinion_test_run(test);
    return 0;
}

struct broadcast_expectation {
    pinion_test *test;
    const char *topic;
    const char *event;
    json_t *pattern;
};

static bool take_broadcast(void *context)
{
    const struct broadcast_expectation *expected = context;
    PINION_LIST_FOREACH_SAFE (node, &expected->test->broadcasts) {
        struct broadcast *broadcast = PINION_CONTAINER_OF(node, struct broadcast, node);
        if (strcmp(broadcast->topic, expected->topic) != 0 || strcmp(broadcast->event, expected->event) != 0)
            continue;
        if (expected->pattern &&
            !pinion__test_matches(expected->pattern, pinion_payload_tree(broadcast->payload)))
            continue;
        pinion_payload_unref(expected->test->met);
        expected->test->met = pinion_payload_ref(broadcast->payload);
        broadcast_free(broadcast);
        return true;
    }
    return false;
}

static void describe_broadcasts(const pinion_test *test, char *out, size_t size)
{
    size_t len = 0;
    snprintf(out, size, " nothing");
    PINION_LIST_FOREACH (node, &test->broadcasts) {
        const struct broadcast *broadcast = PINION_CONTAINER_OF(node, struct broadcast, node);
        size_t bytes_len;
        const char *bytes = pinion_payload_bytes(broadcast->payload, &bytes_len);
        bool text = pinion_payload_kind(broadcast->payload) == PINION_PAYLOAD_JSON;
        len += (size_t)snprintf(out + len, size - len, " %s %.*s on %s", broadcast->event,
                                text ? (int)bytes_len : 8, text ? bytes : "(binary)", broadcast->topic);
        if (len >= size)
            return;
    }
}

int pinion_test_expect_broadcast(pinion_test *test, const char *topic, const char *event, const char *pattern)
{
    struct broadcast_expectation expected = { .test = test, .topic = topic, .event = event };
    int rc = parse_pattern(pattern, &expected.pattern);
    if (rc)
        return rc;
    if (!await(test, take_broadcast, &expected)) {
        char got[300];
        describe_broadcasts(test, got, sizeof got);
        rc = pinion__fail(PINION_ETIMEDOUT, "expected a broadcast %s %s on %s; what there was:%s", event,
                          pattern ? pattern : "", topic, got);
    }
    json_decref(expected.pattern);
    return rc;
}

json_t *pinion_test_value(const pinion_test *test)
{
    return test->met ? pinion_payload_tree(test->met) : NULL;
}

const char *pinion_test_bytes(const pinion_test *test, size_t *length)
{
    return pinion_payload_bytes(test->met, length);
}

/* ---- frames ---- */

void pinion_test_send_frame(pinion_test_client *client, bool binary, const void *bytes, size_t length)
{
    int opcode = binary ? PINION_OPCODE_BINARY : PINION_OPCODE_TEXT;
    (void)pinion__loopback_send(&client->connection, opcode, pinion__slice(bytes, length));
    pinion_test_run(client->test);
}

static bool has_frame(void *context)
{
    const pinion_test_client *client = context;
    return !pinion__list_empty(&client->connection.sent) || client->connection.closed;
}

int pinion_test_next_frame(pinion_test_client *client, bool *binary, const char **bytes, size_t *length)
{
    if (!await(client->test, has_frame, client))
        return pinion__fail(PINION_ETIMEDOUT, "expected a frame; there was nothing");
    if (pinion__list_empty(&client->connection.sent))
        return pinion__fail(PINION_ECLOSED, "expected a frame; the socket was closed with %d",
                            client->connection.close_code);
    struct pinion_loopback_frame *own =
        PINION_CONTAINER_OF(client->connection.sent.next, struct pinion_loopback_frame, node);
    pinion__frame_unref(client->taken);
    client->taken = pinion__frame_ref(own->frame);
    pinion__loopback_frame_free(own);
    struct pinion_slice wire = pinion__frame_wire(client->taken);
    *binary = client->taken->opcode == PINION_OPCODE_BINARY;
    *bytes = wire.ptr;
    *length = wire.len;
    return 0;
}

size_t pinion_test_frames(const pinion_test_client *client)
{
    size_t count = 0;
    PINION_LIST_FOREACH (node, &client->connection.sent) {
        count++;
    }
    return count;
}

int pinion_test_close_code(const pinion_test_client *client)
{
    return client->connection.closed ? client->connection.close_code : 0;
}
