/* Presences of two nodes over real brokers, which are killed and come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/broker.h"
#include "helpers/presence_endpoints.h"

struct kind {
    const struct broker_kind *broker;
    const char *scheme;
};

static struct kind nats = { &broker_nats, "nats" }, redis = { &broker_redis, "redis" };

static struct broker_server server;
static struct member a, b;

static void begin(const struct kind *kind, pinion_presence_options options)
{
    if (!broker_is_installed(kind->broker))
        skip();
    broker_start(&server, kind->broker, NULL);
    snprintf(broker, sizeof broker, "%s://127.0.0.1:%u", kind->scheme, server.port);
    begin_member(&a, "a", options);
    begin_member(&b, "b", options);
}

static int finish(void **state)
{
    end_member(&a);
    end_member(&b);
    broker_kill(&server);
    return 0;
}

static void nodes_see_each_other(void **state)
{
    begin(*state, (pinion_presence_options){ .heartbeat_ms = 10, .down_ms = 600000 });
    track(&a, "ann", 1);
    track(&b, "bob", 1);
    wait_for(&a, "ann=1 bob=1 ");
    wait_for(&b, "ann=1 bob=1 ");
    update(&a, "ann", 2);
    wait_for(&b, "ann=2 bob=1 ");
    end_member(&a); /* with a goodbye */
    wait_for(&b, "bob=1 ");
}

static void a_broker_that_dies_and_comes_back(void **state)
{
    begin(*state, (pinion_presence_options){ .heartbeat_ms = 10, .down_ms = 300 });
    track(&a, "ann", 1);
    track(&b, "bob", 1);
    wait_for(&a, "ann=1 bob=1 ");
    wait_for(&b, "ann=1 bob=1 ");
    broker_kill(&server);
    wait_for(&a, "ann=1 ");
    wait_for(&b, "bob=1 ");
    update(&a, "ann", 2);
    broker_restart(&server, NULL);
    wait_for(&b, "ann=2 bob=1 ");
    wait_for(&a, "ann=2 bob=1 ");
}

/* A node that comes later is told of all presences at once, in messages of up to 64 KiB. */
static void more_than_a_broker_carries_in_one_message(void **state)
{
    char path[] = "/tmp/pinion-nats-XXXXXX", key[32];
    static const char configuration[] = "max_payload: 8192\n";
    const struct kind *kind = *state;
    if (!broker_is_installed(kind->broker))
        skip();
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, configuration, strlen(configuration)), strlen(configuration));
    close(fd);
    broker_start(&server, kind->broker, (const char *const[]){ "-c", path, NULL });
    unlink(path);
    snprintf(broker, sizeof broker, "%s://127.0.0.1:%u", kind->scheme, server.port);
    begin_member(&a, "a", (pinion_presence_options){ .heartbeat_ms = 10, .down_ms = 600000 });
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "somebody %d", i);
        track(&a, key, i);
    }
    begin_member(&b, "b", (pinion_presence_options){ .heartbeat_ms = 10, .down_ms = 600000 });
    wait_until(&b, pinion_presence_count(b.presence, TOPIC) == 5000);
}

#define over(kind, test)                                                                                     \
    {                                                                                                        \
        .name = #test " (" #kind ")", .test_func = test, .teardown_func = finish, .initial_state = &(kind)   \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        over(nats, nodes_see_each_other),
        over(nats, a_broker_that_dies_and_comes_back),
        over(nats, more_than_a_broker_carries_in_one_message),
        over(redis, nodes_see_each_other),
        over(redis, a_broker_that_dies_and_comes_back),
    };
    pinion_log_set_level(PINION_LOG_NONE);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
