/* What reaches a channel later is handled in the order in which it came, also by a channel that is busy for a
 * while. */
#include "base/scheduler.h"
#include "helpers/engine.h"
#include "testing/kit.h"

enum { TURN = 1024 }; /* deferred tasks that a loop runs in a turn, at the most */

static int filled; /* what was heard on the topic "fill" */

static pinion_result say(pinion_channel *channel, int number)
{
    ok(pinion_broadcast(channel, "out", pinion_json("i", number)));
    return pinion_noreply();
}

static void work(void *data)
{
}

static pinion_result done(pinion_channel *channel, int status, void *data)
{
    return pinion_noreply();
}

/* Its broadcast is younger than all that waits. */
static pinion_result done_and_say(pinion_channel *channel, int status, void *data)
{
    ok(pinion_send_after(channel, 0, "after", NULL, NULL));
    return say(channel, 3);
}

static pinion_result begin(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_channel_work(channel, work, done_and_say, NULL));
    ok(pinion_send_after(channel, 0, "before", NULL, NULL));
    say(channel, 1);
    return say(channel, 2);
}

/* The first broadcast is the last thing of this turn. When its turn comes, the channel is busy; when that of
 * the second one comes, it no longer is. */
static pinion_result fill(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    for (int i = 0; i < TURN - 1; i++)
        pinion_endpoint_broadcast(pinion_channel_endpoint(channel), "fill", "up", NULL);
    say(channel, 1);
    ok(pinion_send_after(channel, 0, "info", NULL, NULL));
    ok(pinion_channel_work(channel, work, done, NULL));
    return say(channel, 2);
}

static pinion_result out(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_push(channel, event, pinion_payload_ref(payload)));
    return pinion_noreply();
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    ok(pinion_push(channel, info->name, NULL));
    return pinion_noreply();
}

static const pinion_channel_def channel_def = {
    .handle_in = PINION_CLAUSES({ "begin", begin }, { "fill", fill }),
    .handle_out = PINION_CLAUSES({ "out", out }),
    .handle_info = handle_info,
};
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &channel_def }) };

static pinion_test_client *client;

static int setup_mail(void **state)
{
    int rc = setup(state);
    client = connected(&socket_def);
    ok(pinion_test_join(client, "room:a", NULL));
    filled = 0;
    return rc;
}

/* No turn of the loop follows: so `done` of the work that this begins waits in the mailbox. */
static void send_alone(const char *text)
{
    assert_int_equal(pinion__loopback_send(&client->connection, PINION_OPCODE_TEXT, pinion__slice_str(text)),
                     0);
}

static void await_done_posted(void)
{
    struct pinion_mailbox *mailbox = &test->scheduler->mailbox;
    bool posted = false;
    while (!posted) {
        pinion__lock(&mailbox->lock);
        posted = !pinion__task_queue_empty(&mailbox->queue);
        pinion__unlock(&mailbox->lock);
        sched_yield();
    }
}

static void what_done_broadcasts_comes_behind_what_waited(void **state)
{
    send_alone("[\"1\",\"3\",\"room:a\",\"begin\",{}]");
    await_done_posted();
    expect_frame(client, "[\"1\",null,\"room:a\",\"before\",{}]");
    expect_frame(client, "[\"1\",null,\"room:a\",\"out\",1]");
    expect_frame(client, "[\"1\",null,\"room:a\",\"out\",2]");
    expect_frame(client, "[\"1\",null,\"room:a\",\"after\",{}]");
    expect_frame(client, "[\"1\",null,\"room:a\",\"out\",3]");
    expect_no_frame(client);
}

static void count_up(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
    filled++;
}

static void a_turn_may_end_anywhere_between_what_comes_in_order(void **state)
{
    pinion_subscription *subscription;
    ok(pinion_endpoint_subscribe(pinion_test_endpoint(test), "fill", count_up, NULL, &subscription));
    send_alone("[\"1\",\"3\",\"room:a\",\"fill\",{}]");
    assert_int_equal(filled, TURN - 1);
    await_done_posted();
    expect_frame(client, "[\"1\",null,\"room:a\",\"out\",1]");
    expect_frame(client, "[\"1\",null,\"room:a\",\"info\",{}]");
    expect_frame(client, "[\"1\",null,\"room:a\",\"out\",2]");
    expect_no_frame(client);
    pinion_subscription_free(subscription, NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_mail, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_done_broadcasts_comes_behind_what_waited),
        T(a_turn_may_end_anywhere_between_what_comes_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
