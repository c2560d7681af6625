#include "contract/transport_suite.h"
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define PATIENCE_S 20

const struct carrier *carrier;
pinion_endpoint *endpoint;

static const char *io;

/* ---- what the channels note ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int joined;
    int terminated;
    int twice;
    int drained;
    pinion_reason reason;
} noted = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    int *ends = pinion_channel_state(channel);
    pthread_mutex_lock(&noted.lock);
    noted.terminated++;
    noted.twice += (*ends)++ > 0;
    noted.reason = reason;
    pthread_cond_broadcast(&noted.changed);
    pthread_mutex_unlock(&noted.lock);
}

static pinion_result drained(pinion_channel *channel)
{
    pthread_mutex_lock(&noted.lock);
    noted.drained++;
    pthread_cond_broadcast(&noted.changed);
    pthread_mutex_unlock(&noted.lock);
    return pinion_noreply();
}

/* Wait until one of the counts is so high. */
static void await(const int *counted, int count)
{
    struct timespec deadline;
    int rc = 0;
    if (carrier->run)
        carrier->run();
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&noted.lock);
    while (*counted < count && rc == 0)
        rc = pthread_cond_clockwait(&noted.changed, &noted.lock, CLOCK_MONOTONIC, &deadline);
    pthread_mutex_unlock(&noted.lock);
    assert_int_equal(rc, 0);
}

void await_terminated(int count)
{
    await(&noted.terminated, count);
    assert_int_equal(terminated(), count);
}

void await_drained(void)
{
    await(&noted.drained, 1);
}

int terminated(void)
{
    pthread_mutex_lock(&noted.lock);
    int count = noted.terminated;
    pthread_mutex_unlock(&noted.lock);
    return count;
}

pinion_reason last_reason(void)
{
    pthread_mutex_lock(&noted.lock);
    pinion_reason reason = noted.reason;
    pthread_mutex_unlock(&noted.lock);
    return reason;
}

/* ---- the channel ---- */

static void wait_a_little(void *data)
{
    nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL); /* long enough that more comes meanwhile */
}

static pinion_result let_in(pinion_channel *channel, int status, void *data)
{
    return pinion_ok(pinion_json("{s:b}", "late", 1));
}

/* {"refuse":true}: no; {"late":true}: yes, later, until when the client's other messages wait. */
static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (json_is_true(pinion_payload_get(params, "refuse")))
        return pinion_error(pinion_json("{s:s}", "reason", "refused"));
    pinion_channel_set_state(channel, calloc(1, sizeof(int)), free);
    pthread_mutex_lock(&noted.lock);
    noted.joined++;
    pthread_mutex_unlock(&noted.lock);
    if (json_is_true(pinion_payload_get(params, "late")))
        return pinion_channel_work(channel, wait_a_little, let_in, NULL) ? pinion_crash() : pinion_later();
    return pinion_ok(pinion_json("{s:s}", "by", pinion_channel_transport(channel)));
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

static pinion_result shout(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "shout", pinion_payload_ref(payload));
    return pinion_noreply();
}

static pinion_result push(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_push(channel, "pushed", pinion_payload_ref(payload));
    return pinion_ok(NULL);
}

static pinion_result push_binary(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_push(channel, "pushed", pinion_payload_binary("\n\0\xff\r", 4));
    return pinion_ok(NULL);
}

static pinion_result measure(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    size_t length;
    unsigned sum = 0;
    const char *bytes = pinion_payload_bytes(payload, &length);
    for (size_t i = 0; i < length; i++)
        sum += (unsigned char)bytes[i];
    return pinion_ok(pinion_json("{s:i,s:i}", "size", (int)length, "sum", (int)sum));
}

static pinion_result stop(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_stop(PINION_REASON_NORMAL);
}

static const pinion_channel_def room = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "echo", echo }, { "shout", shout }, { "push", push },
                                { "push_binary", push_binary }, { "measure", measure }, { "stop", stop }),
    .terminate = terminate,
    .drained = drained,
};

/* ---- the socket ---- */

struct answer {
    pinion_ref *ref;
    bool refuses;
};

static void give_answer(void *data)
{
    struct answer *answer = data;
    (void)pinion_ref_answer(answer->ref, answer->refuses ? pinion_error(NULL) : pinion_ok(NULL));
    pinion_ref_free(answer->ref);
    free(answer);
}

static pinion_result answer_later(pinion_socket *socket, bool refuses)
{
    struct answer *answer = malloc(sizeof *answer);
    *answer = (struct answer){ pinion_ref_new_socket(socket), refuses };
    return pinion_endpoint_post(pinion_socket_endpoint(socket), 0, give_answer, answer) ? pinion_crash()
                                                                                        : pinion_later();
}

static bool asks_for(const pinion_payload *params, const char *name)
{
    return pinion_payload_get(params, name) != NULL;
}

/* refuse=1: no; later=1: the same or its contrary, but not at once. */
static pinion_result on_connect(pinion_socket *socket, const pinion_payload *params,
                                const pinion_connect_info *info)
{
    bool refuses = asks_for(params, "refuse") || strcmp(pinion_connect_transport(info), carrier->name) != 0;
    if (asks_for(params, "later"))
        return answer_later(socket, refuses);
    return refuses ? pinion_error(NULL) : pinion_ok(NULL);
}

/* All have one name, by which all are disconnected. */
static int id(pinion_socket *socket, char *text, size_t size)
{
    return snprintf(text, size, "everybody");
}

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "room:*", &room }),
    .connect = on_connect,
    .id = id,
};

void serve(const pinion_socket_options *options)
{
    endpoint = carrier->start(io, &user_socket, options);
    assert_non_null(endpoint);
}

pinion_stats now(void)
{
    pinion_stats stats;
    pinion_endpoint_stats(endpoint, &stats);
    return stats;
}

static pthread_t stopper;
static bool goes_down;

static void *stop_server(void *data)
{
    carrier->stop();
    return NULL;
}

void begin_stop(void)
{
    goes_down = pthread_create(&stopper, NULL, stop_server, NULL) == 0;
    assert_true(goes_down);
}

int set_up(void **state)
{
    pinion_log_set_level(PINION_LOG_NONE);
    noted.joined = noted.terminated = noted.twice = noted.drained = 0;
    return 0;
}

int tear_down(void **state)
{
    if (goes_down)
        pthread_join(stopper, NULL);
    goes_down = false;
    if (endpoint)
        carrier->release();
    endpoint = NULL;
    if (noted.terminated == noted.joined && noted.twice == 0)
        return 0;
    print_error("channels: %d joined, %d were terminated, %d of them again\n", noted.joined, noted.terminated,
                noted.twice);
    return -1;
}

/* ---- a client ---- */

void *connected(const char *query)
{
    void *client = NULL;
    assert_int_equal(carrier->connect(query, &client), 0);
    return client;
}

void *joined(const char *topic)
{
    char text[200];
    void *client = connected("vsn=2.0.0");
    snprintf(text, sizeof text, "[\"1\",\"1\",\"%s\",\"phx_join\",{}]", topic);
    say(client, text);
    snprintf(text, sizeof text,
             "[\"1\",\"1\",\"%s\",\"phx_reply\",{\"status\":\"ok\",\"response\":{\"by\":\"%s\"}}]", topic,
             carrier->name);
    hear(client, text);
    return client;
}

void say(void *client, const char *text)
{
    carrier->send(client, false, text, strlen(text));
}

void say_binary(void *client, const void *bytes, size_t length)
{
    carrier->send(client, true, bytes, length);
}

void hear(void *client, const char *json)
{
    struct transport_event event = carrier->next(client);
    if (event.kind != TRANSPORT_TEXT)
        fail_msg("expected %s, there was %s %d", json, event.kind == TRANSPORT_END ? "the end" : "binary",
                 event.code);
    json_t *wanted = json_loads(json, JSON_ALLOW_NUL, NULL);
    json_t *heard = json_loadb(event.bytes, event.length, JSON_ALLOW_NUL, NULL);
    assert_non_null(wanted);
    bool same = json_equal(wanted, heard);
    json_decref(wanted);
    json_decref(heard);
    if (!same)
        fail_msg("expected %s, heard %.*s", json, (int)event.length, event.bytes);
}

void hear_end(void *client, int code)
{
    struct transport_event event = carrier->next(client);
    if (event.kind != TRANSPORT_END)
        fail_msg("expected the end, heard %.*s", (int)event.length, event.bytes);
    if (carrier->close_codes)
        assert_int_equal(event.code, code);
}

void still_works(void *client)
{
    say(client, "[null,\"h\",\"phoenix\",\"heartbeat\",{}]");
    hear(client, "[null,\"h\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
}

/* ---- the suite ---- */

int transport_suite(const struct carrier *of, const char *on)
{
    const struct part *const parts[] = { &transport_messages, &transport_limits, &transport_ends };
    int failures = 0;
    carrier = of;
    io = on;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        failures += _cmocka_run_group_tests(parts[i]->name, parts[i]->tests, parts[i]->count, NULL, NULL);
    return failures;
}
