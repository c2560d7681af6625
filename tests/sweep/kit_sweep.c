/* Channels and routes where memory runs out: on the test kit, with clients of both versions and a raw one,
 * presences, timers, work, refs, subscriptions, broadcasts and requests over HTTP. Whoever is not closed in
 * the end answers a heartbeat, and each request is answered, or its connection closed. */
#include "sweep/sweep.h"
#include <pinion/pinion.h>
#include <pinion/testing.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define CLIENTS 2

static struct {
    pinion_test *test;
    pinion_presence *presence;
    pinion_test_client *clients[CLIENTS];
    pinion_test_client *raw;
    int working; /* begun, and not done */
    int timers;  /* set, and not ended */
    size_t frames;
} scene;

/* ---- the application ---- */

static pinion_result connect(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    pinion_socket_assign(socket, "user", pinion_json("s", "ann"));
    pinion_ref *ref = pinion_ref_new_socket(socket);
    if (!ref)
        return pinion_crash();
    int rc = pinion_ref_answer(ref, pinion_ok(NULL));
    pinion_ref_free(ref);
    return rc ? pinion_crash() : pinion_later();
}

static int name(pinion_socket *socket, char *text, size_t size)
{
    return snprintf(text, size, "users:ann");
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    pinion_assign(channel, "room", pinion_json("{s:s}", "name", topic));
    (void)!pinion_subscribe(channel, "news");
    return pinion_ok(pinion_assigns(channel));
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    (void)pinion_presence_track(scene.presence, channel, "ann", pinion_json("{s:i}", "age", 30));
    (void)pinion_presence_push_state(scene.presence, channel);
    return pinion_noreply();
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

static pinion_result shout(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_broadcast(channel, "shouted", pinion_payload_ref(payload));
    pinion_broadcast_from(channel, "intercepted", pinion_payload_binary("bytes", 5));
    return pinion_noreply();
}

static void think(void *unused)
{
}

static pinion_result thought(pinion_channel *channel, int status, void *unused)
{
    scene.working--;
    return pinion_ok(pinion_json("[b, n]", 1));
}

static pinion_result work(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    if (pinion_channel_work(channel, think, thought, NULL) != 0)
        return pinion_error(NULL);
    scene.working++;
    return pinion_later();
}

static pinion_result later(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_ref *ref = pinion_ref_new(channel);
    if (!ref)
        return pinion_error(NULL);
    (void)pinion_ref_send(ref, "sent", pinion_json("{}"));
    (void)pinion_ref_reply(ref, "ok", pinion_json("{}"));
    pinion_ref_free(ref);
    pinion_send_after(channel, 10, "timer", NULL, NULL);
    (void)pinion_presence_update(scene.presence, channel, "ann", pinion_json("{s:i}", "age", 31));
    return pinion_noreply();
}

static pinion_result on_intercepted(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_push(channel, "heard", pinion_json("{}"));
    return pinion_noreply();
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    pinion_push(channel, info->name, pinion_payload_ref(info->payload));
    return pinion_noreply();
}

static const pinion_channel_def room = {
    .join = join,
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "echo", echo }, { "shout", shout }, { "work", work }, { "later", later }),
    .handle_out = PINION_CLAUSES({ "intercepted", on_intercepted }),
    .handle_info = handle_info,
};
static const pinion_socket_def user = {
    .connect = connect,
    .id = name,
    .channels = PINION_ROUTES({ "room:*", &room }),
};

static pinion_result looked_up(pinion_socket *socket, int status, void *unused)
{
    scene.working--;
    return pinion_socket_assign(socket, "user", pinion_json("s", "bob")) ? pinion_crash() : pinion_ok(NULL);
}

static pinion_result look_up(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    if (pinion_socket_work(socket, think, looked_up, NULL) != 0)
        return pinion_crash();
    scene.working++;
    return pinion_later();
}

static pinion_result raw_in(pinion_socket *socket, bool binary, const char *bytes, size_t length)
{
    (void)pinion_raw_push(socket, binary, bytes, length);
    return pinion_noreply();
}

static const pinion_raw_socket_def raw = { .connect = look_up, .handle_in = raw_in };

/* ---- the routes ---- */

static void request_done(pinion_request *request, int status, void *unused)
{
    scene.working--;
    pinion_request_answer_json(request, 200, pinion_json("{s:s}", "work", "done"));
}

static void request_work(pinion_request *request, void *context)
{
    pinion_request_put_cookie(request, "user", "ann", NULL);
    if (pinion_request_work(request, think, request_done, NULL) == 0)
        scene.working++;
}

static void request_later(pinion_request *request, void *context)
{
    pinion_slice body = pinion_request_body(request);
    pinion_request_ref *ref = pinion_request_ref_new(request);
    if (!ref)
        return;
    (void)pinion_request_ref_answer(ref, 200, NULL, body.ptr, body.len);
    pinion_request_ref_free(ref);
}

/* ---- the clients ---- */

static bool is_open(const pinion_test_client *client)
{
    return client && pinion_test_close_code(client) == 0;
}

/* True where these bytes were among what came. */
static bool take(pinion_test_client *client, const char *wanted)
{
    bool binary, found = false;
    const char *bytes;
    size_t len;
    while (client && pinion_test_frames(client) > 0) {
        assert_int_equal(pinion_test_next_frame(client, &binary, &bytes, &len), 0);
        found = found || memmem(bytes, len, wanted, strlen(wanted));
        scene.frames++;
    }
    return found;
}

/* In the form of its version. */
static void say(int i, const char *ref, const char *topic, const char *event, const char *payload)
{
    char text[200];
    const char *format = i == 0 ? "[\"1\",\"%s\",\"%s\",\"%s\",%s]"
                                : "{\"join_ref\":\"1\",\"ref\":\"%s\",\"topic\":\"%s\",\"event\":\"%s\","
                                  "\"payload\":%s}";
    int len = snprintf(text, sizeof text, format, ref, topic, event, payload);
    if (is_open(scene.clients[i]))
        pinion_test_send_frame(scene.clients[i], false, text, (size_t)len);
    (void)take(scene.clients[0], "");
    (void)take(scene.clients[1], "");
}

static void await_work(void)
{
    while (scene.working > 0) {
        sched_yield();
        pinion_test_run(scene.test);
    }
}

static void everybody_is_alive(void)
{
    for (int i = 0; i < CLIENTS; i++) {
        if (!is_open(scene.clients[i]))
            continue;
        char text[100];
        int len = snprintf(text, sizeof text,
                           i == 0 ? "[null,\"alive\",\"phoenix\",\"heartbeat\",{}]"
                                  : "{\"ref\":\"alive\",\"topic\":\"phoenix\",\"event\":\"heartbeat\","
                                    "\"payload\":{}}");
        pinion_test_send_frame(scene.clients[i], false, text, (size_t)len);
        if (!take(scene.clients[i], "\"alive\"") && is_open(scene.clients[i]))
            fail_msg("client %d hears nothing, and is not closed", i);
    }
}

/* ---- the scene ---- */

static void hear(const char *topic, const char *event, const pinion_payload *payload, void *count)
{
    ++*(int *)count;
}

static void work_ended(pinion_endpoint *endpoint, void *unused)
{
    scene.working--;
}

static void timer_ended(pinion_endpoint *endpoint, int status, void *unused)
{
    scene.timers--;
}

/* Work and timers of no channel: what was accepted ends once. */
static void work_alone(pinion_endpoint *endpoint)
{
    uint64_t timer;
    if (pinion_endpoint_work(endpoint, think, work_ended, NULL) == 0)
        scene.working++;
    if (pinion_endpoint_send_after(endpoint, 0, 1, timer_ended, NULL, NULL) == 0)
        scene.timers++;
    if (pinion_endpoint_send_after(endpoint, 0, 5, timer_ended, NULL, &timer) == 0)
        assert_true(pinion_endpoint_cancel_timer(endpoint, timer));
    pinion_test_advance(scene.test, 10);
    await_work();
    assert_int_equal(scene.timers, 0);
}

static int listen_in(pinion_endpoint *endpoint)
{
    static int heard;
    pinion_subscription *subscription = NULL;
    int rc = pinion_endpoint_subscribe(endpoint, "news", hear, &heard, &subscription);
    (void)pinion_endpoint_broadcast(endpoint, "news", "flash", pinion_json("{s:s}", "what", "all"));
    pinion_test_run(scene.test);
    pinion_subscription_free(subscription, NULL);
    return rc;
}

static void ask(const char *method, const char *target, const char *json)
{
    const pinion_test_http_options options = { .json = json, .headers = PINION_LIST("cookie: a=b") };
    pinion_test_answer *answer;
    if (pinion_test_http(scene.test, method, target, &options, &answer) != 0)
        return;
    await_work();
    int rc = pinion_test_expect_status(answer, 200);
    if (rc == PINION_ETIMEDOUT)
        fail_msg("%s %s is not answered, and its connection is not closed", method, target);
    scene.frames += rc == 0;
}

static int request(pinion_endpoint *endpoint)
{
    int rc = pinion_endpoint_http(endpoint, "GET", "/work/:id", request_work, NULL);
    if (!rc)
        rc = pinion_endpoint_http(endpoint, "POST", "/later", request_later, NULL);
    if (rc)
        return rc;
    ask("GET", "/work/1?a=b", NULL);
    ask("POST", "/later", "{\"a\":1}");
    ask("GET", "/healthz", NULL);
    ask("GET", "/nowhere", NULL);
    return 0;
}

static void talk(void)
{
    for (int i = 0; i < CLIENTS; i++) {
        say(i, "1", "room:1", "phx_join", "{\"a\":[1,2.5,\"x\"]}");
        say(i, "2", "room:1", "echo", "{\"text\":\"hello\"}");
        say(i, "3", "room:1", "shout", "{\"text\":\"hello\"}");
        say(i, "4", "room:1", "work", "{}");
        say(i, "5", "room:1", "echo", "\"waits\"");
        await_work();
        say(i, "6", "room:1", "later", "{}");
        pinion_test_advance(scene.test, 2000);
        say(i, "7", "nobody", "phx_join", "{}");
        say(i, "8", "room:1", "phx_join", "{}"); /* in place of the first */
    }
    say(0, "9", "room:1", "phx_leave", "{}");
}

static int play(void)
{
    static const char *const queries[] = { "vsn=2.0.0", "vsn=1.0.0" };
    pinion_endpoint *endpoint = pinion_test_endpoint(scene.test);
    const pinion_presence_options options = { .diff_at_once = true };
    int rc = pinion_presence_new(&scene.presence, endpoint, &options);
    for (int i = 0; !rc && i < CLIENTS; i++)
        rc = pinion_test_connect(scene.test, &user, NULL, queries[i], &scene.clients[i]);
    if (!rc)
        rc = pinion_test_connect_raw(scene.test, &raw, NULL, "", &scene.raw);
    if (rc)
        return rc;
    pinion_test_send_frame(scene.raw, true, "raw", 3);
    (void)take(scene.raw, "raw");
    talk();
    rc = request(endpoint);
    if (rc)
        return rc;
    work_alone(endpoint);
    rc = listen_in(endpoint);
    everybody_is_alive();
    (void)pinion_endpoint_broadcast(endpoint, "users:ann", "disconnect", NULL);
    return rc;
}

static int channels(void *frames)
{
    memset(&scene, 0, sizeof scene);
    int rc = pinion_test_new(&scene.test, NULL);
    if (rc)
        return rc;
    rc = play();
    await_work();
    pinion_test_free(scene.test);
    size_t *first = frames;
    if (*first == 0)
        *first = scene.frames;
    return rc ? rc : *first == scene.frames ? 0 : PINION_ENOMEM;
}

static void channels_without_memory(void **state)
{
    size_t frames = 0;
    sweep("channels", channels, &frames);
    assert_true(frames > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_without_memory),
    };
    pinion_log_set_level(PINION_LOG_NONE);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
