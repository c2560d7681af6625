/* The contracts of endpoint.h, stream.h and transport.h name codes: each that a program can cause is caused
 * here. Those of memory and of the system are in tests/sweep and in the tests of what asks the system. */
#include "helpers/engine.h"
#include "helpers/no_transport.h"
#include <pinion/stream.h>
#include <pinion/transport.h>
#include <semaphore.h>

#define NOT_UTF8 "caf\xe9"

static char too_long[300];

static void code(int got, int expected, const char *call)
{
    if (got != expected)
        fail_msg("%s: %s (%s), not %s", call, pinion_errname(got), pinion_error_detail(),
                 pinion_errname(expected));
}

#define CODE(call, expected) code(call, expected, #call)
#define POISON()             pinion_json("{s:s}", "name", NULL)

static pinion_endpoint *endpoint;

static const pinion_socket_def nothing = { .channels = NULL };

static int begin(void **state)
{
    pinion_log_set_level(PINION_LOG_NONE);
    memset(too_long, 'x', sizeof too_long - 1);
    return pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1 });
}

static int end(void **state)
{
    pinion_endpoint_free(endpoint);
    return 0;
}

/* ---- making and mounting ---- */

static void of_making_one(void **state)
{
    pinion_endpoint *other;
    CODE(pinion_endpoint_new(&other, &(pinion_endpoint_options){ .loops = 1000 }), PINION_EINVAL);
    CODE(pinion_endpoint_new(&other, &(pinion_endpoint_options){ .max_headers = 1000 }), PINION_EINVAL);
    CODE(pinion_endpoint_new(&other, &(pinion_endpoint_options){ .io = "none" }), PINION_EINVAL);
    CODE(pinion_endpoint_new(&other, &(pinion_endpoint_options){ .pubsub = "none://" }), PINION_EINVAL);
    CODE(pinion_endpoint_new(&other, &(pinion_endpoint_options){ .secret_key_base = "short" }),
         PINION_EINVAL);
    CODE(pinion_endpoint_new(&other, &(pinion_endpoint_options){ .trusted_proxies = "me" }), PINION_EINVAL);
}

static void page(const pinion_request *request, pinion_response *response, void *data)
{
}

static const pinion_channel_def room = { .handle_out = PINION_CLAUSES({ "*", NULL }) };
static const pinion_socket_def star = { .channels = PINION_ROUTES({ "a*b", &room }) };
static const pinion_socket_def intercept = { .channels = PINION_ROUTES({ "room", &room }) };
static const pinion_raw_socket_def raw = { .init = NULL };

static void of_mounting(void **state)
{
    const pinion_socket_options unreachable = { .no_websocket = true };
    CODE(pinion_endpoint_socket(endpoint, "/a", &nothing, NULL), 0);
    CODE(pinion_endpoint_socket(endpoint, "/a/", &nothing, NULL), PINION_EINVAL);
    CODE(pinion_endpoint_socket(endpoint, "no slash", &nothing, NULL), PINION_EINVAL);
    CODE(pinion_endpoint_socket(endpoint, "/b", &nothing, &unreachable), PINION_EINVAL);
    CODE(pinion_endpoint_socket(endpoint, "/b", &star, NULL), PINION_EINVAL);
    CODE(pinion_endpoint_socket(endpoint, "/b", &intercept, NULL), PINION_EINVAL);
    CODE(pinion_endpoint_raw_socket(endpoint, "/a", &raw, NULL), PINION_EINVAL);
    CODE(pinion_endpoint_get(endpoint, "/a", page, NULL), PINION_EINVAL);
    CODE(pinion_endpoint_static(endpoint, "/", "/nowhere/at/all"), PINION_ENOENT);
    CODE(pinion_endpoint_static(endpoint, "/", "/"), 0);
    CODE(pinion_endpoint_static(endpoint, "/", "/"), PINION_EINVAL);
}

/* ---- running ---- */

static void received(pinion_stream *stream, void *bytes, size_t length)
{
}

static void closed(pinion_stream *stream, int error)
{
}

static void of_listening(void **state)
{
    static const pinion_stream_def complete = { .received = received, .closed = closed },
                                   half = { .opened = NULL };
    pinion_endpoint *other;
    CODE(pinion_endpoint_streams(endpoint, NULL, 0, &half, NULL), PINION_EINVAL);
    CODE(pinion_endpoint_listen(endpoint), 0);
    CODE(pinion_endpoint_listen(endpoint), PINION_EINVAL);
    CODE(pinion_endpoint_streams(endpoint, NULL, 0, &complete, NULL), PINION_EINVAL);
    ok(pinion_endpoint_new(
        &other, &(pinion_endpoint_options){ .host = "127.0.0.1", .port = pinion_endpoint_port(endpoint) }));
    CODE(pinion_endpoint_listen(other), PINION_EADDRINUSE);
    pinion_endpoint_free(other);
    ok(pinion_endpoint_new(&other, &(pinion_endpoint_options){ .host = "no address" }));
    CODE(pinion_endpoint_listen(other), PINION_EINVAL);
    CODE(pinion_endpoint_start(other), PINION_EINVAL);
    pinion_endpoint_free(other);
}

static void nothing_to_do(void *data)
{
}

static void ignore(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
}

static void of_starting_and_stopping(void **state)
{
    pinion_subscription *subscription;
    CODE(pinion_endpoint_post(endpoint, 1, nothing_to_do, NULL), PINION_EINVAL);
    CODE(pinion_endpoint_start(endpoint), 0);
    CODE(pinion_endpoint_start(endpoint), PINION_EINVAL);
    CODE(pinion_endpoint_run(endpoint), PINION_EINVAL);
    CODE(pinion_endpoint_socket(endpoint, "/a", &nothing, NULL), PINION_EINVAL);
    CODE(pinion_endpoint_get(endpoint, "/b", page, NULL), PINION_EINVAL);
    CODE(pinion_endpoint_static(endpoint, "/c", "/"), PINION_EINVAL);
    pinion_endpoint_stop(endpoint);
    CODE(pinion_endpoint_post(endpoint, 0, nothing_to_do, NULL), PINION_ECLOSED);
    CODE(pinion_endpoint_subscribe(endpoint, "topic", ignore, NULL, &subscription), PINION_ECLOSED);
    CODE(pinion_endpoint_start(endpoint), PINION_EINVAL);
}

/* ---- topics ---- */

static void of_topics(void **state)
{
    pinion_subscription *subscription;
    CODE(pinion_endpoint_broadcast(endpoint, "topic", "event", POISON()), PINION_EPAYLOAD);
    CODE(pinion_endpoint_broadcast(endpoint, too_long, "event", NULL), PINION_ETOOBIG);
    CODE(pinion_endpoint_broadcast(endpoint, "topic", too_long, NULL), PINION_ETOOBIG);
    CODE(pinion_endpoint_broadcast(endpoint, NOT_UTF8, "event", NULL), PINION_EUTF8);
    CODE(pinion_endpoint_broadcast(endpoint, "topic", NOT_UTF8, NULL), PINION_EUTF8);
    CODE(pinion_endpoint_broadcast_from(endpoint, NULL, too_long, "event", NULL), PINION_ETOOBIG);
    CODE(pinion_endpoint_broadcast_local(endpoint, NOT_UTF8, "event", NULL), PINION_EUTF8);
    CODE(pinion_endpoint_subscribe(endpoint, too_long, ignore, NULL, &subscription), PINION_ETOOBIG);
    CODE(pinion_endpoint_subscribe(endpoint, NOT_UTF8, ignore, NULL, &subscription), PINION_EUTF8);
}

/* An adapter whose queue is full. */
static const char *full_id(const pinion_pubsub_adapter *adapter)
{
    return "full";
}

static int full_start(pinion_pubsub_adapter *adapter, const pinion_pubsub_events *events, void *core,
                      char *why, size_t why_size)
{
    return 0;
}

static int full_broadcast(pinion_pubsub_adapter *adapter, const char *topic, const void *bytes, size_t length)
{
    return PINION_EBUSY;
}

static int full_send(pinion_pubsub_adapter *adapter, const char *node, const void *bytes, size_t length)
{
    return PINION_EBUSY;
}

static int full_subscribe(pinion_pubsub_adapter *adapter, const char *topic, uint64_t ticket)
{
    return PINION_EBUSY;
}

static void full_unsubscribe(pinion_pubsub_adapter *adapter, const char *topic)
{
}

static void full_end(pinion_pubsub_adapter *adapter)
{
}

static const pinion_pubsub_ops full_ops = {
    .size = sizeof(pinion_pubsub_ops),
    .name = "full",
    .node_id = full_id,
    .start = full_start,
    .broadcast = full_broadcast,
    .send = full_send,
    .subscribe = full_subscribe,
    .unsubscribe = full_unsubscribe,
    .stop = full_end,
    .free = full_end,
};

struct asked {
    pinion_endpoint *endpoint;
    int got;
    sem_t done;
};

static void subscribe_on_the_loop(void *data)
{
    struct asked *asked = data;
    pinion_subscription *subscription;
    asked->got = pinion_endpoint_subscribe(asked->endpoint, "topic", ignore, NULL, &subscription);
    sem_post(&asked->done);
}

static void of_a_full_adapter(void **state)
{
    pinion_pubsub_adapter full = { &full_ops };
    const pinion_endpoint_options options = { .host = "127.0.0.1", .loops = 1, .pubsub_adapter = &full };
    struct asked asked;
    sem_init(&asked.done, 0, 0);
    ok(pinion_endpoint_new(&asked.endpoint, &options));
    ok(pinion_endpoint_start(asked.endpoint));
    ok(pinion_endpoint_post(asked.endpoint, 0, subscribe_on_the_loop, &asked));
    while (sem_wait(&asked.done) != 0) {
    }
    CODE(asked.got, PINION_EBUSY);
    ok(pinion_endpoint_broadcast(asked.endpoint, "topic", "event", NULL)); /* which is only counted */
    pinion_endpoint_free(asked.endpoint);
    sem_destroy(&asked.done);
}

/* ---- transports ---- */

static void of_transports(void **state)
{
    const pinion_connect_info info = { .transport = "own", .peer = "" };
    pinion_transport_limits limits;
    pinion_socket *socket;
    ok(pinion_endpoint_socket(endpoint, "/a", &nothing, NULL));
    CODE(pinion_transport_limits_of(endpoint, "/b", &limits), PINION_ENOENT);
    CODE(pinion_transport_connect(endpoint, "/b", &no_transport, &limits, "", &info, &socket, NULL),
         PINION_ENOENT);
    CODE(pinion_transport_connect(endpoint, "/a", &no_transport, &limits, "", &info, &socket, NULL),
         PINION_EINVAL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(of_making_one), T(of_mounting),       T(of_listening),  T(of_starting_and_stopping),
        T(of_topics),     T(of_a_full_adapter), T(of_transports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
