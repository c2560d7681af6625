/* Work off the loop: the channel is busy meanwhile, and done runs once on every path. */
#include "helpers/engine.h"
#include <pthread.h>

/* The worker waits here until the test lets it go on. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int started;
    int allowed;
} gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };

static int done_count, done_status, terminated, destroyed;
static char order[64];
static pinion_result next;
static int second_work;
static pinion_channel *other; /* the one that joined last */

static void note(const char *what)
{
    strncat(order, what, sizeof order - strlen(order) - 1);
}

static void let_work(int count)
{
    pthread_mutex_lock(&gate.lock);
    gate.allowed += count;
    pthread_cond_broadcast(&gate.moved);
    pthread_mutex_unlock(&gate.lock);
}

static void await_started(int count)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.started < count)
        pthread_cond_wait(&gate.moved, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void work(void *data)
{
    pthread_mutex_lock(&gate.lock);
    gate.started++;
    pthread_cond_broadcast(&gate.moved);
    while (gate.allowed == 0)
        pthread_cond_wait(&gate.moved, &gate.lock);
    gate.allowed--;
    pthread_mutex_unlock(&gate.lock);
}

static pinion_result done(pinion_channel *channel, int status, void *data)
{
    done_count++;
    done_status = status;
    note("d");
    return next;
}

static pinion_result done_again(pinion_channel *channel, int status, void *data)
{
    second_work = pinion_channel_work(channel, work, done, data);
    return pinion_later();
}

static void destroy(void *state)
{
    destroyed++;
    note("x");
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    pinion_channel_set_state(channel, order, destroy);
    other = channel;
    if (strcmp(topic, "room:works") != 0)
        return pinion_ok(NULL);
    ok(pinion_channel_work(channel, work, done, NULL));
    return pinion_later();
}

static pinion_result begin(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_channel_work(channel, work, done, NULL));
    assert_int_equal(pinion_channel_work(channel, work, done, NULL), PINION_EBUSY);
    return strcmp(event, "answer") == 0 ? pinion_later() : pinion_noreply();
}

static pinion_result chain(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_channel_work(channel, work, done_again, NULL));
    return pinion_later();
}

/* Sends itself a message and is busy at once, with messages of the client behind it. */
static pinion_result self(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_channel_work(channel, work, done, NULL));
    ok(pinion_send_after(channel, 0, "self", NULL, NULL));
    return pinion_noreply();
}

/* Work for another channel of this socket, which is none of this message's. */
static pinion_result lend(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_channel_work(other, work, done, NULL));
    return pinion_later();
}

static pinion_result stop(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_channel_work(channel, work, done, NULL));
    return pinion_stop(PINION_REASON_NORMAL);
}

static pinion_result echo(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_ok(pinion_payload_ref(payload));
}

static pinion_result out(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_push(channel, event, pinion_payload_ref(payload));
    return pinion_noreply();
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    pinion_push(channel, info->name, NULL);
    return pinion_noreply();
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    assert_int_equal(pinion_channel_work(channel, work, done, NULL), PINION_ECLOSED);
    assert_int_equal(pinion_send_after(channel, 0, "late", pinion_json("{}"), NULL), PINION_ECLOSED);
    assert_int_equal(pinion_subscribe(channel, "late"), PINION_ECLOSED);
    terminated++;
    note("t");
}

static const pinion_channel_def channel_def = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "begin", begin }, { "answer", begin }, { "chain", chain }, { "stop", stop },
                                { "self", self }, { "lend", lend }, { "echo", echo }),
    .handle_out = PINION_CLAUSES({ "out", out }),
    .handle_info = handle_info,
    .terminate = terminate,
};
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &channel_def }) };

static pinion_test_client *client;

static int setup_work(void **state)
{
    int rc = setup(state);
    client = connected(&socket_def);
    done_count = terminated = destroyed = gate.started = gate.allowed = 0;
    order[0] = '\0';
    next = pinion_noreply();
    return rc;
}

static void joined(void)
{
    ok(pinion_test_join(client, "room:a", NULL));
}

static void messages_wait_in_order_while_other_channels_go_on(void **state)
{
    joined();
    ok(pinion_test_join(client, "room:b", NULL));
    send_text(client, "[\"1\",\"3\",\"room:a\",\"begin\",{}]");
    await_started(1);
    send_text(client, "[\"1\",\"4\",\"room:a\",\"echo\",4]");
    send_text(client, "[\"1\",\"5\",\"room:a\",\"echo\",5]");
    pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:a", "out", NULL);
    send_text(client, "[\"2\",\"6\",\"room:b\",\"echo\",6]");
    expect_frame(client, "[\"2\",\"6\",\"room:b\",\"phx_reply\",{\"response\":6,\"status\":\"ok\"}]");
    expect_no_frame(client);
    let_work(1);
    expect_frame(client, "[\"1\",\"4\",\"room:a\",\"phx_reply\",{\"response\":4,\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",\"5\",\"room:a\",\"phx_reply\",{\"response\":5,\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",null,\"room:a\",\"out\",{}]");
    assert_int_equal(done_count, 1);
    assert_int_equal(done_status, 0);
}

/* Messages 4, 5 and the broadcast wait for the first work; 4 begins another, and says something to itself
 * that comes after everything that was there already. */
static void what_came_first_goes_first_through_work_after_work(void **state)
{
    joined();
    send_text(client, "[\"1\",\"3\",\"room:a\",\"begin\",{}]");
    await_started(1);
    send_text(client, "[\"1\",\"4\",\"room:a\",\"self\",{}]");
    send_text(client, "[\"1\",\"5\",\"room:a\",\"echo\",5]");
    pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:a", "out", NULL);
    expect_no_frame(client);
    let_work(1);
    while (done_count == 0)
        pinion_test_run(test);
    await_started(2);
    send_text(client, "[\"1\",\"6\",\"room:a\",\"echo\",6]");
    expect_no_frame(client);
    let_work(1);
    expect_frame(client, "[\"1\",\"5\",\"room:a\",\"phx_reply\",{\"response\":5,\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",null,\"room:a\",\"out\",{}]");
    expect_frame(client, "[\"1\",null,\"room:a\",\"self\",{}]");
    expect_frame(client, "[\"1\",\"6\",\"room:a\",\"phx_reply\",{\"response\":6,\"status\":\"ok\"}]");
}

/* Intercepted broadcasts for a busy channel wait in its inbox, which has an end. */
static void a_busy_channels_inbox_of_broadcasts_has_an_end(void **state)
{
    enum { MAX = 10000, MORE = 7 };
    joined();
    send_text(client, "[\"1\",\"3\",\"room:a\",\"begin\",{}]");
    await_started(1);
    for (int i = 0; i < MAX + MORE; i++) {
        pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:a", "out", NULL);
        pinion_test_run(test);
    }
    assert_int_equal(stats().dropped, MORE);
    let_work(1);
    while (done_count == 0)
        pinion_test_run(test);
    assert_int_equal(pinion_test_frames(client), MAX);
}

static void what_done_returns_answers_a_message_that_waits(void **state)
{
    joined();
    next = pinion_ok(pinion_json("{s:i}", "rows", 2));
    send_text(client, "[\"1\",\"3\",\"room:a\",\"answer\",{}]");
    let_work(1);
    expect_frame(client,
                 "[\"1\",\"3\",\"room:a\",\"phx_reply\",{\"response\":{\"rows\":2},\"status\":\"ok\"}]");
}

static void work_for_another_channel_answers_nothing_here(void **state)
{
    joined();
    ok(pinion_test_join(client, "room:b", NULL));
    send_text(client, "[\"1\",\"3\",\"room:a\",\"lend\",{}]");
    await_started(1);
    send_text(client, "[\"2\",\"4\",\"room:b\",\"echo\",4]");
    expect_no_frame(client); /* the other one is busy */
    send_text(client, "[\"1\",\"5\",\"room:a\",\"echo\",5]");
    expect_frame(client, "[\"1\",\"5\",\"room:a\",\"phx_reply\",{\"response\":5,\"status\":\"ok\"}]");
    let_work(1);
    expect_frame(client, "[\"2\",\"4\",\"room:b\",\"phx_reply\",{\"response\":4,\"status\":\"ok\"}]");
    expect_no_frame(client);
}

static void done_may_go_on_and_the_last_one_answers(void **state)
{
    joined();
    next = pinion_ok(NULL);
    send_text(client, "[\"1\",\"3\",\"room:a\",\"chain\",{}]");
    let_work(2);
    expect_frame(client, "[\"1\",\"3\",\"room:a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    assert_int_equal(second_work, 0);
}

static void a_reply_of_done_that_answers_nothing_is_a_crash(void **state)
{
    joined();
    next = pinion_ok(NULL);
    send_text(client, "[\"1\",\"3\",\"room:a\",\"begin\",{}]");
    let_work(1);
    ok(pinion_test_expect_push(client, "room:a", "phx_error", NULL));
    assert_string_equal(order, "dtx");
}

static void a_join_may_wait_for_work(void **state)
{
    next = pinion_ok(pinion_json("{s:b}", "allowed", 1));
    send_text(client, "[\"1\",\"1\",\"room:works\",\"phx_join\",{}]");
    expect_no_frame(client);
    let_work(1);
    expect_frame(
        client,
        "[\"1\",\"1\",\"room:works\",\"phx_reply\",{\"response\":{\"allowed\":true},\"status\":\"ok\"}]");
}

static void a_join_may_be_refused_by_work(void **state)
{
    next = pinion_error(NULL);
    send_text(client, "[\"1\",\"1\",\"room:works\",\"phx_join\",{}]");
    let_work(1);
    expect_frame(client, "[\"1\",\"1\",\"room:works\",\"phx_reply\",{\"response\":{},\"status\":\"error\"}]");
    assert_string_equal(order, "dx");
}

static void a_leave_waits_for_work(void **state)
{
    joined();
    send_text(client, "[\"1\",\"3\",\"room:a\",\"begin\",{}]");
    await_started(1);
    send_text(client, "[\"1\",\"4\",\"room:a\",\"phx_leave\",{}]");
    expect_no_frame(client);
    let_work(1);
    expect_frame(client, "[\"1\",\"4\",\"room:a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",\"1\",\"room:a\",\"phx_close\",{}]");
    assert_int_equal(done_status, 0);
}

static bool is_gone(void)
{
    pinion_test_run(test);
    return stats().channels == 0;
}

static void await_gone(void)
{
    while (!is_gone())
        sched_yield();
}

static void a_socket_that_goes_ends_the_channel_after_done(void **state)
{
    joined();
    send_text(client, "[\"1\",\"3\",\"room:a\",\"begin\",{}]");
    await_started(1);
    pinion_test_disconnect(client);
    assert_string_equal(order, "");
    assert_int_equal(stats().channels, 1);
    let_work(1);
    await_gone();
    assert_string_equal(order, "dtx");
    assert_int_equal(done_status, PINION_ECLOSED);
    assert_int_equal(stats().sockets, 0);
}

static void a_pending_join_whose_socket_goes_ends_after_done(void **state)
{
    next = pinion_ok(pinion_json("{}"));
    send_text(client, "[\"1\",\"1\",\"room:works\",\"phx_join\",{}]");
    await_started(1);
    pinion_test_disconnect(client);
    let_work(1);
    await_gone();
    assert_string_equal(order, "dx"); /* it had never joined */
    assert_int_equal(done_status, PINION_ECLOSED);
}

static void a_duplicate_join_does_not_wait_for_the_old_channels_work(void **state)
{
    joined();
    send_text(client, "[\"1\",\"3\",\"room:a\",\"begin\",{}]");
    await_started(1);
    send_text(client, "[\"1\",\"4\",\"room:a\",\"echo\",4]");
    send_text(client, "[\"9\",\"9\",\"room:a\",\"phx_join\",{}]");
    expect_frame(client, "[\"9\",\"9\",\"room:a\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
    expect_frame(client, "[\"1\",\"1\",\"room:a\",\"phx_close\",{}]");
    pinion_endpoint_broadcast(pinion_test_endpoint(test), "room:a", "news", NULL);
    expect_frame(client, "[null,null,\"room:a\",\"news\",{}]"); /* once */
    expect_no_frame(client);
    let_work(1);
    while (done_count == 0)
        is_gone();
    assert_string_equal(order, "dtx");
    assert_int_equal(stats().channels, 1);
}

static void stopping_with_work_under_way_closes_now_and_terminates_after_done(void **state)
{
    joined();
    send_text(client, "[\"1\",\"3\",\"room:a\",\"stop\",{}]");
    expect_frame(client, "[\"1\",\"1\",\"room:a\",\"phx_close\",{}]");
    assert_string_equal(order, "");
    let_work(1);
    await_gone();
    assert_string_equal(order, "dtx");
}

/* The inbox has a cap, above which the client's frames are held back; none is lost. */
static void a_flood_behind_work_is_held_back_and_comes_in_order(void **state)
{
    enum { COUNT = 200, SIZE = 1000 };
    char text[SIZE + 100], pad[SIZE + 1];
    memset(pad, 'x', SIZE);
    pad[SIZE] = '\0';
    joined();
    send_text(client, "[\"1\",\"3\",\"room:a\",\"begin\",{}]");
    await_started(1);
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "[\"1\",\"%d\",\"room:a\",\"echo\",\"%s\"]", 1000 + i, pad);
        send_text(client, text);
    }
    send_text(client, "[null,\"h\",\"phoenix\",\"heartbeat\",{}]");
    expect_no_frame(client); /* the heartbeat too: the socket's frames wait */
    let_work(1);
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text,
                 "[\"1\",\"%d\",\"room:a\",\"phx_reply\",{\"response\":\"%s\",\"status\":\"ok\"}]", 1000 + i,
                 pad);
        expect_frame(client, text);
    }
    expect_frame(client, "[null,\"h\",\"phoenix\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_work, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(messages_wait_in_order_while_other_channels_go_on),
        T(what_came_first_goes_first_through_work_after_work),
        T(a_busy_channels_inbox_of_broadcasts_has_an_end),
        T(what_done_returns_answers_a_message_that_waits),
        T(work_for_another_channel_answers_nothing_here),
        T(done_may_go_on_and_the_last_one_answers),
        T(a_reply_of_done_that_answers_nothing_is_a_crash),
        T(a_join_may_wait_for_work),
        T(a_join_may_be_refused_by_work),
        T(a_leave_waits_for_work),
        T(a_socket_that_goes_ends_the_channel_after_done),
        T(a_pending_join_whose_socket_goes_ends_after_done),
        T(a_duplicate_join_does_not_wait_for_the_old_channels_work),
        T(stopping_with_work_under_way_closes_now_and_terminates_after_done),
        T(a_flood_behind_work_is_held_back_and_comes_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
