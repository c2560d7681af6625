/* A shard, with a client on two topics, is broken on purpose: its checker tells. */
#include "engine/callback.h"
#include "engine/channel.h"
#include "engine/check.h"
#include "engine/mail.h"
#include "engine/socket_channels.h"
#include "engine/sweep.h"
#include "helpers/engine.h"
#include "testing/kit.h"

#include "helpers/checks.h"
#include "helpers/death.h"

static pinion_result wait_a_while(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_send_after(channel, 1000, "later", NULL, NULL));
    ok(pinion_subscribe(channel, "news"));
    return pinion_noreply();
}

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    return pinion_noreply();
}

static const pinion_channel_def channel_def = {
    .handle_in = PINION_CLAUSES({ "wait", wait_a_while }),
    .handle_info = handle_info,
};
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &channel_def }) };

static struct pinion_shard *shard;
static struct pinion_socket *sock;
static struct pinion_channel *channel;

static const char *check(void)
{
    return pinion__shard_check(shard);
}

static int begin(void **state)
{
    if (setup(state) != 0)
        return -1;
    pinion_test_client *client = connected(&socket_def);
    send_text(client, "[\"1\",\"1\",\"room:a\",\"phx_join\",{}]");
    send_text(client, "[\"2\",\"2\",\"room:b\",\"phx_join\",{}]");
    send_text(client, "[\"1\",\"3\",\"room:a\",\"wait\",{}]");
    shard = test->shard;
    sock = pinion__sweep_first(shard);
    assert_non_null(sock);
    channel = pinion__socket_channel(sock, pinion__slice_str("room:a"));
    assert_non_null(channel);
    assert_sound(check());
    return 0;
}

static int end(void **state)
{
    assert_sound(check());
    return teardown(state);
}

static void drop(struct pinion_task *task)
{
}

static void channels(void **state)
{
    channel->holds--;
    assert_tells(check(), "nobody holds");
    channel->holds++;
    channel->state = PINION_CHANNEL_ENDED;
    assert_tells(check(), "has ended");
    channel->state = PINION_CHANNEL_JOINED;
    channel->extra->timers.count++;
    assert_tells(check(), "its timers wrong");
    channel->extra->timers.count--;
    channel->extra->inbox_count++;
    assert_tells(check(), "the mail in its inbox wrong");
    channel->extra->inbox_count--;
    struct pinion_mail mail = { .channel = channel };
    pinion__task_queue_push(&channel->extra->inbox, &mail.task);
    channel->extra->inbox_count++;
    mail.task.run = drop;
    assert_tells(check(), "has mail in its inbox");
    channel->extra->inbox_count--;
    (void)pinion__task_queue_pop(&channel->extra->inbox);
    struct pinion_topic *topic = channel->topic;
    channel->topic = pinion__socket_channel(sock, pinion__slice_str("room:b"))->topic;
    assert_tells(check(), "whose subscriber is elsewhere");
    channel->topic = topic;
    struct pinion_socket other;
    channel->socket = &other;
    assert_tells(check(), "a channel of another socket");
    channel->socket = sock;
}

static void sockets(void **state)
{
    sock->channel_count++;
    sock->holds++;
    assert_tells(check(), "fewer channels");
    sock->channel_count -= 2;
    assert_tells(check(), "more channels");
    sock->channel_count++;
    sock->holds = 2;
    assert_tells(check(), "fewer holds");
    sock->holds = 3;
    sock->state = PINION_SOCKET_ENDED;
    assert_tells(check(), "still in its sweep");
    sock->state = PINION_SOCKET_OPEN;
}

static void sweeps(void **state)
{
    struct pinion_sweep *sweep = shard->sweeps;
    sweep->count++;
    assert_tells(check(), "its sockets wrong");
    sweep->count--;
    uint64_t due = sweep->timer.due;
    pinion__timer_cancel(&sweep->timer);
    assert_tells(check(), "its timer is not set");
    pinion__timer_set(&shard->scheduler->deadlines, &sweep->timer, due);
    PINION_COUNT(shard, sockets, -1);
    assert_tells(check(), "more sockets");
    PINION_COUNT(shard, sockets, 1);
}

static void what_a_shard_has_of_others(void **state)
{
    struct pinion_callback callback = { .name = "handle_in" };
    shard->callback = &callback;
    assert_tells(check(), "that has returned");
    shard->callback = NULL;
    shard->turns.going = true;
    assert_tells(check(), "turns");
    shard->turns.going = false;
    shard->stock.bytes += 16;
    assert_tells(check(), "stock");
    shard->stock.bytes -= 16;
    shard->pubsub.registry.topics.count++;
    assert_tells(check(), "map");
    shard->pubsub.registry.topics.count--;
    shard->pool.regions.count++;
    assert_tells(check(), "pool");
    shard->pool.regions.count--;
}

/* The kit checks at the end of each run, so that all tests that use it do. */
static void run_with_a_broken_shard(void)
{
    sock->channel_count++;
    pinion_test_run(test);
}

static void the_test_kit_checks(void **state)
{
    assert_true(aborts(run_with_a_broken_shard));
}

#define CHECKED(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECKED(channels),
        CHECKED(sockets),
        CHECKED(sweeps),
        CHECKED(what_a_shard_has_of_others),
        CHECKED(the_test_kit_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
