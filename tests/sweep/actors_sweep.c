/* Actors where memory runs out: opened, called, sent to, monitoring channels, with timers, topics and work,
 * and stopped. What was accepted ends once: each call, each argument, each pointer that was sent. */
#include "sweep/sweep.h"
#include <pinion/pinion.h>
#include <pinion/testing.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

static struct {
    pinion_test *test;
    pinion_test_client *client;
    pinion_actor_ref *room;
    pinion_call *kept;
    size_t reached; /* what the actor took, and what came back */
    int arguments;  /* given, and not destroyed */
    int calls;      /* begun, and not ended */
    int working;    /* begun, and not done */
} scene;

/* ---- the actor ---- */

static void work(void *unused)
{
}

static pinion_result done(pinion_actor *actor, int status, void *unused)
{
    scene.working--;
    return pinion_ok(pinion_json("{s:i}", "worked", 1));
}

static pinion_result init(pinion_actor *actor, void *argument)
{
    (void)!pinion_actor_subscribe(actor, "news");
    (void)pinion_actor_send_after(actor, 10, "timer", pinion_json("{s:i}", "n", 1), NULL);
    return pinion_ok(NULL);
}

static pinion_result handle_call(pinion_actor *actor, pinion_call *call, const char *name,
                                 const pinion_payload *payload)
{
    scene.reached++;
    if (strcmp(name, "join") == 0)
        return pinion_actor_monitor(actor, pinion_call_from(call), NULL) == 0 ? pinion_ok(NULL)
                                                                              : pinion_error(NULL);
    if (strcmp(name, "keep") == 0) {
        pinion_call_unref(scene.kept);
        scene.kept = pinion_call_ref(call);
        return pinion_later();
    }
    if (strcmp(name, "work") == 0 && pinion_actor_work(actor, work, done, NULL) == 0) {
        scene.working++;
        return pinion_later();
    }
    return pinion_ok(pinion_payload_ref(payload));
}

static pinion_result handle_info(pinion_actor *actor, const pinion_info *info)
{
    scene.reached++;
    return pinion_noreply();
}

static void terminate(pinion_actor *actor, pinion_reason reason)
{
    pinion_endpoint_broadcast(pinion_actor_endpoint(actor), "news", "ended", NULL);
}

static const pinion_actor_def room = { .init = init,
                                       .handle_call = handle_call,
                                       .handle_info = handle_info,
                                       .terminate = terminate,
                                       .idle_ms = 1000 };

static void destroyed(void *unused)
{
    scene.arguments--;
}

static int open_room(pinion_actor_ref **out)
{
    scene.arguments++;
    return pinion_actor_open(pinion_test_endpoint(scene.test), "room", &room, &scene, destroyed, out);
}

/* ---- who calls it ---- */

static void ended(int status, const pinion_result *answer, void *unused)
{
    scene.calls--;
    scene.reached += status == 0;
}

static void call(const char *name)
{
    const pinion_call_options options = { .done = ended };
    scene.calls += pinion_actor_call(scene.room, name, pinion_json("{s:i}", "n", 1), &options) == 0;
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    return pinion_actor_later(channel, scene.room, "join", NULL, 0);
}

static pinion_result ask(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_actor_later(channel, scene.room, event, pinion_payload_ref(payload), 0);
}

static const pinion_channel_def channel_def = { .join = join, .handle_in = PINION_CLAUSES({ "*", ask }) };
static const pinion_socket_def user = { .channels = PINION_ROUTES({ "room:*", &channel_def }) };

static void request(pinion_request *asked, void *context)
{
    pinion_call_options options = { .request = pinion_request_ref_new(asked) };
    if (options.request && pinion_actor_call(scene.room, "echo", NULL, &options) != 0)
        pinion_request_ref_free(options.request);
}

/* ---- the scene ---- */

static void await_work(void)
{
    pinion_test_run(scene.test);
    while (scene.working > 0) {
        sched_yield();
        pinion_test_run(scene.test);
    }
}

static void by_client(void)
{
    if (pinion_test_connect(scene.test, &user, NULL, "", &scene.client) != 0)
        return;
    if (pinion_test_join(scene.client, "room:1", NULL) == 0) {
        (void)!pinion_test_push(scene.client, "room:1", "echo", NULL);
        (void)!pinion_test_push(scene.client, "room:1", "work", NULL);
        await_work();
    }
    pinion_test_disconnect(scene.client);
    pinion_test_run(scene.test);
}

static int by_request(void)
{
    pinion_test_answer *answer;
    int rc = pinion_endpoint_http(pinion_test_endpoint(scene.test), "GET", "/ask", request, NULL);
    if (!rc && pinion_test_http(scene.test, "GET", "/ask", NULL, &answer) == 0)
        scene.reached += pinion_test_expect_status(answer, 200) == 0;
    return rc;
}

static int play(void)
{
    pinion_actor_ref *again = NULL;
    int rc = open_room(&scene.room);
    if (rc)
        return rc;
    call("echo");
    call("keep");
    call("work");
    await_work();
    if (scene.kept)
        (void)pinion_call_answer(scene.kept, pinion_ok(pinion_json("i", 1)));
    scene.arguments++;
    (void)pinion_actor_send_data(scene.room, "data", &scene, destroyed);
    (void)pinion_actor_send(scene.room, "hello", pinion_json("{s:s}", "a", "b"));
    (void)pinion_endpoint_broadcast(pinion_test_endpoint(scene.test), "news", "flash", NULL);
    pinion_test_advance(scene.test, 20);
    by_client();
    rc = by_request();
    if (!rc)
        rc = open_room(&again);
    pinion_actor_ref_free(again);
    call("keep");
    pinion_test_advance(scene.test, 10000); /* it ends in time; then the actor has nothing to do */
    pinion_stats stats;
    pinion_endpoint_stats(pinion_test_endpoint(scene.test), &stats);
    assert_int_equal(stats.actors, 0);
    assert_int_equal(scene.calls, 0);
    return rc;
}

static int actors(void *reached)
{
    size_t *first = reached;
    memset(&scene, 0, sizeof scene);
    int rc = pinion_test_new(&scene.test, NULL);
    if (rc)
        return rc;
    rc = play();
    pinion_test_free(scene.test);
    pinion_call_unref(scene.kept);
    pinion_actor_ref_free(scene.room);
    assert_int_equal(scene.arguments, 0);
    assert_int_equal(scene.calls, 0);
    if (*first == 0)
        *first = scene.reached;
    return rc ? rc : *first == scene.reached ? 0 : PINION_ENOMEM;
}

static void actors_without_memory(void **state)
{
    size_t reached = 0;
    sweep("actors", actors, &reached);
    assert_true(reached > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actors_without_memory),
    };
    pinion_log_set_level(PINION_LOG_NONE);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
