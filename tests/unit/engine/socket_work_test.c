/* Work of a connect: the client waits for its done, which runs once on every path. */
#include "helpers/engine.h"
#include <pinion/raw_socket.h>
#include <pthread.h>
#include <unistd.h>

/* The worker waits here until the test lets it go on. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int allowed;
} gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };

static void let_work(int count)
{
    pthread_mutex_lock(&gate.lock);
    gate.allowed += count;
    pthread_cond_broadcast(&gate.moved);
    pthread_mutex_unlock(&gate.lock);
}

static void work(void *data)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.allowed == 0)
        pthread_cond_wait(&gate.moved, &gate.lock);
    gate.allowed--;
    pthread_mutex_unlock(&gate.lock);
}

/* ---- what connect and done do in a test ---- */

static struct {
    pinion_result connect, done; /* what they return */
    bool again;                  /* done begins other work */
    bool refers;                 /* connect makes a ref, which answers first */
    bool refers_in_done;
} plan;

static struct {
    int done_count, status, second, destroyed, code;
    pinion_ref *ref;
    pinion_socket *socket;
    char detail[200];
} seen;

static pthread_t answering;

static void *answer_then_work(void *ref)
{
    ok(pinion_ref_answer(ref, pinion_ok(NULL)));
    let_work(1);
    return NULL;
}

static void destroy(void *state)
{
    seen.destroyed++;
}

static pinion_result done(pinion_socket *socket, int status, void *data)
{
    seen.done_count++;
    seen.status = status;
    ok(pinion_socket_assign(socket, "user_id", pinion_json("i", 7)));
    pinion_socket_set_state(socket, &seen, destroy);
    if (plan.refers_in_done)
        seen.ref = pinion_ref_new_socket(socket);
    if (plan.again) {
        plan.again = false;
        seen.second = pinion_socket_work(socket, work, done, data);
        snprintf(seen.detail, sizeof seen.detail, "%s", pinion_error_detail());
        return seen.second == 0 ? pinion_later() : pinion_noreply();
    }
    return plan.done;
}

static pinion_result connect(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    seen.socket = socket;
    ok(pinion_socket_work(socket, work, done, NULL));
    seen.code = pinion_socket_work(socket, work, done, NULL);
    if (plan.refers) {
        seen.ref = pinion_ref_new_socket(socket);
        assert_int_equal(pthread_create(&answering, NULL, answer_then_work, seen.ref), 0);
    }
    return plan.connect;
}

static int id(pinion_socket *socket, char *text, size_t size)
{
    json_t *user = pinion_payload_tree(pinion_socket_assigned(socket, "user_id"));
    return user ? snprintf(text, size, "users:%d", (int)json_integer_value(user)) : 0;
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    int rc = pinion_socket_work(pinion_channel_socket(channel), work, done, NULL);
    return pinion_ok(pinion_json("{s:O?, s:i, s:s}", "user_id",
                                 pinion_payload_tree(pinion_assigned(channel, "user_id")), "code", rc, "why",
                                 pinion_error_detail()));
}

static const pinion_channel_def room = { .join = join };
static const pinion_socket_def user_socket = { .connect = connect,
                                               .id = id,
                                               .channels = PINION_ROUTES({ "room:*", &room }) };

static char logged[1000];

static void note(pinion_log_level level, const char *line, void *data)
{
    size_t len = strlen(logged);
    snprintf(logged + len, sizeof logged - len, "%s\n", line);
}

static int set_up(void **state)
{
    memset(&plan, 0, sizeof plan);
    memset(&seen, 0, sizeof seen);
    logged[0] = '\0';
    plan.connect = pinion_later();
    plan.done = pinion_ok(NULL);
    int rc = setup(state);
    pinion_log_set_function(note, NULL);
    pinion_log_set_level(PINION_LOG_WARNING);
    return rc;
}

static int tear_down(void **state)
{
    pinion_log_set_level(PINION_LOG_NONE);
    pinion_log_set_function(NULL, NULL);
    pinion_ref_free(seen.ref);
    let_work(10); /* in case the test has failed: its work is not to wait for ever */
    int rc = teardown(state);
    gate.allowed = 0;
    return rc;
}

static int try_connect(pinion_test_client **client)
{
    return pinion_test_connect(test, &user_socket, NULL, "", client);
}

/* The client gives up while its connect is answered later. */
static void give_up_waiting(void)
{
    pinion_test_client *client;
    pinion_test_set_patience(test, 0);
    assert_int_equal(try_connect(&client), PINION_ETIMEDOUT);
    pinion_test_set_patience(test, 5000);
}

static void await_done(int count)
{
    while (seen.done_count < count) {
        usleep(500);
        pinion_test_run(test);
    }
}

/* ---- answers ---- */

static void done_answers_and_what_it_assigned_is_there(void **state)
{
    pinion_test_client *client;
    let_work(1);
    ok(try_connect(&client));
    assert_int_equal(seen.status, 0);
    assert_int_equal(seen.code, PINION_EBUSY);
    ok(pinion_test_join(client, "room:1", NULL));
    assert_int_equal(json_integer_value(json_object_get(pinion_test_value(test), "user_id")), 7);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "users:7", "disconnect", NULL));
    ok(pinion_test_expect_close(client, 1001));
    assert_int_equal(seen.destroyed, 1);
}

static void done_refuses(void **state)
{
    pinion_test_client *client;
    let_work(1);
    plan.done = pinion_error(NULL);
    assert_int_equal(try_connect(&client), PINION_EACCES);
    assert_int_equal(seen.done_count, 1);
    assert_int_equal(stats().sockets, 0);
    assert_int_equal(seen.destroyed, 1);
}

static void done_that_says_nothing_refuses_and_is_logged(void **state)
{
    pinion_test_client *client;
    let_work(1);
    plan.done = pinion_noreply();
    assert_int_equal(try_connect(&client), PINION_EACCES);
    assert_non_null(strstr(logged, "nobody is left who could answer"));
}

static void done_goes_on_with_other_work(void **state)
{
    pinion_test_client *client;
    let_work(2);
    plan.again = true;
    ok(try_connect(&client));
    assert_int_equal(seen.second, 0);
    assert_int_equal(seen.done_count, 2);
    ok(pinion_test_join(client, "room:1", NULL));
}

static void a_ref_of_done_answers(void **state)
{
    pinion_test_client *client;
    let_work(1);
    plan.done = pinion_later();
    plan.refers_in_done = true;
    pinion_test_set_patience(test, 100);
    assert_int_equal(try_connect(&client), PINION_ETIMEDOUT);
    assert_int_equal(seen.done_count, 1);
    ok(pinion_ref_answer(seen.ref, pinion_ok(NULL))); /* the client has gone: it reaches nobody */
    pinion_test_run(test);
    assert_string_equal(logged, "");
}

static void the_first_answer_counts(void **state)
{
    pinion_test_client *client;
    plan.refers = true;
    plan.done = pinion_error(NULL);
    ok(try_connect(&client));
    pthread_join(answering, NULL);
    await_done(1);
    assert_int_equal(seen.status, 0);
    assert_non_null(strstr(logged, "done returned an answer, but its connect has had one"));
    assert_int_equal(pinion_test_close_code(client), 0);
}

static void connect_may_answer_before(void **state)
{
    pinion_test_client *client;
    plan.connect = pinion_ok(NULL);
    plan.done = pinion_noreply();
    ok(try_connect(&client));
    let_work(1);
    await_done(1);
    assert_int_equal(seen.status, 0);
    assert_string_equal(logged, "");
    assert_int_equal(pinion_test_close_code(client), 0);
    ok(pinion_test_join(client, "room:1", NULL));
}

static void a_second_answer_is_logged_and_dropped(void **state)
{
    pinion_test_client *client;
    plan.connect = pinion_ok(NULL);
    plan.done = pinion_error(pinion_json("{s:s}", "reason", "late"));
    ok(try_connect(&client));
    let_work(1);
    await_done(1);
    assert_non_null(strstr(logged, "done returned an answer, but its connect has had one"));
    assert_int_equal(pinion_test_close_code(client), 0);
}

/* ---- ends ---- */

static void a_client_that_goes_is_told_to_done(void **state)
{
    give_up_waiting();
    assert_int_equal(seen.done_count, 0);
    assert_int_equal(stats().sockets, 1); /* the memory waits for done */
    let_work(1);
    await_done(1);
    assert_int_equal(seen.status, PINION_ECLOSED);
    assert_int_equal(stats().sockets, 0);
    assert_int_equal(seen.destroyed, 1);
    assert_string_equal(logged, "");
}

static void nothing_begins_for_a_client_that_has_gone(void **state)
{
    plan.again = true;
    give_up_waiting();
    let_work(1);
    await_done(1);
    assert_int_equal(seen.second, PINION_ECLOSED);
    assert_string_equal(seen.detail, "pinion_socket_work: the client is gone");
}

static void a_connect_that_refuses_has_its_done(void **state)
{
    pinion_test_client *client;
    plan.connect = pinion_error(NULL);
    assert_int_equal(try_connect(&client), PINION_EACCES);
    let_work(1);
    await_done(1);
    assert_int_equal(seen.status, PINION_ECLOSED);
    assert_int_equal(stats().sockets, 0);
}

static void *let_work_soon(void *data)
{
    usleep(20000);
    let_work(1);
    return NULL;
}

static void the_end_waits_for_done(void **state)
{
    pthread_t other;
    give_up_waiting();
    assert_int_equal(pthread_create(&other, NULL, let_work_soon, NULL), 0);
    pinion_test_free(test);
    test = NULL;
    assert_int_equal(seen.done_count, 1);
    assert_int_equal(seen.destroyed, 1);
    pthread_join(other, NULL);
}

/* ---- elsewhere ---- */

static void elsewhere_it_is_refused(void **state)
{
    pinion_test_client *client;
    let_work(1);
    ok(try_connect(&client));
    ok(pinion_test_join(client, "room:1", NULL));
    json_t *answer = pinion_test_value(test);
    assert_int_equal(json_integer_value(json_object_get(answer, "code")), PINION_EINVAL);
    assert_string_equal(json_string_value(json_object_get(answer, "why")),
                        "pinion_socket_work(): no connect of this socket is under way: call it in connect; a "
                        "channel has pinion_channel_work, other code pinion_endpoint_work");
    assert_non_null(strstr(logged, "no connect of this socket is under way"));
}

static pinion_socket *first;
static int of_first;

static pinion_result work_for_first(pinion_socket *socket, const pinion_payload *params,
                                    const pinion_connect_info *info)
{
    if (first)
        of_first = pinion_socket_work(first, work, done, NULL);
    first = socket;
    return pinion_ok(NULL);
}

static void in_the_connect_of_another_socket_it_is_refused(void **state)
{
    static const pinion_socket_def def = { .connect = work_for_first };
    first = NULL;
    (void)connected(&def);
    (void)connected(&def);
    assert_int_equal(of_first, PINION_EINVAL);
}

/* ---- raw sockets ---- */

static pinion_result greet(pinion_socket *socket)
{
    json_t *user = pinion_payload_tree(pinion_socket_assigned(socket, "user_id"));
    ok(pinion_raw_push(socket, false, json_integer_value(user) == 7 ? "seven" : "?", 5));
    return pinion_noreply();
}

static void a_raw_socket_has_it_too(void **state)
{
    static const pinion_raw_socket_def raw = { .connect = connect, .init = greet };
    pinion_test_client *client;
    let_work(1);
    ok(pinion_test_connect_raw(test, &raw, NULL, "", &client));
    expect_frame(client, "seven");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(done_answers_and_what_it_assigned_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(done_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(done_that_says_nothing_refuses_and_is_logged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(done_goes_on_with_other_work, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_ref_of_done_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_answer_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(connect_may_answer_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_second_answer_is_logged_and_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_goes_is_told_to_done, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_begins_for_a_client_that_has_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_connect_that_refuses_has_its_done, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_waits_for_done, set_up, tear_down),
        cmocka_unit_test_setup_teardown(elsewhere_it_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(in_the_connect_of_another_socket_it_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_raw_socket_has_it_too, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
