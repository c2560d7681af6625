/* Subscriptions of code that is no channel, at the edges of their life (info_test.c has the middle). */
#include "base/scheduler.h"
#include "engine/hub.h"
#include "helpers/engine.h"
#include "helpers/heap.h"
#include <pthread.h>
#include <stdatomic.h>

struct listener {
    pinion_subscription *subscription;
    struct listener *frees; /* this listener's subscription, when called */
    const char *replies;    /* broadcasts this event, when called */
    bool on_loop;           /* its destructor ran on this thread */
    int calls;
    int destroyed;
    char heard[64];
};

static pthread_t loop;

static void destroy(void *data)
{
    struct listener *listener = data;
    listener->destroyed++;
    listener->on_loop = pthread_equal(pthread_self(), loop);
}

static void listen_in(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
    struct listener *listener = data;
    listener->calls++;
    assert_int_equal(listener->destroyed, 0);
    strncat(listener->heard, event, sizeof listener->heard - strlen(listener->heard) - 1);
    if (listener->replies) {
        const char *reply = listener->replies;
        listener->replies = NULL;
        ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), topic, reply, pinion_payload_ref(payload)));
        assert_int_equal(listener->calls, 1); /* never inside the callback */
    }
    if (listener->frees) {
        struct listener *freed = listener->frees;
        listener->frees = NULL;
        pinion_subscription_free(freed->subscription, destroy);
        assert_int_equal(freed->destroyed, 0); /* while fn may run */
    }
}

static void subscribe(struct listener *listener)
{
    ok(pinion_endpoint_subscribe(pinion_test_endpoint(test), "news", listen_in, listener,
                                 &listener->subscription));
}

static void broadcast(const char *event)
{
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "news", event, NULL));
    pinion_test_run(test);
}

static void check_ended(const struct listener *listener, const char *heard)
{
    pinion_test_run(test);
    assert_string_equal(listener->heard, heard);
    assert_int_equal(listener->destroyed, 1);
}

static int setup_subscription(void **state)
{
    loop = pthread_self();
    return setup(state);
}

static void a_topic_has_an_end(void **state)
{
    char topic[257];
    pinion_subscription *subscription = NULL;
    memset(topic, 't', 256);
    topic[256] = '\0';
    assert_int_equal(
        pinion_endpoint_subscribe(pinion_test_endpoint(test), topic, listen_in, NULL, &subscription),
        PINION_ETOOBIG);
    assert_null(subscription);
    ok(pinion_endpoint_subscribe(pinion_test_endpoint(test), topic + 1, listen_in, NULL, &subscription));
    pinion_subscription_free(subscription, NULL);
    pinion_subscription_free(NULL, destroy);
}

static void it_may_end_itself_when_called(void **state)
{
    struct listener listener = { .frees = &listener };
    subscribe(&listener);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "news", "a", NULL));
    broadcast("b"); /* both were on their way */
    check_ended(&listener, "a");
    assert_int_equal(stats().topics, 0);
}

static void it_may_end_another_whose_call_is_due(void **state)
{
    struct listener second = { 0 }, first = { .frees = &second };
    subscribe(&first);
    subscribe(&second);
    broadcast("a");
    check_ended(&second, "");
    assert_string_equal(first.heard, "a");
    broadcast("b");
    assert_string_equal(first.heard, "ab");
    pinion_subscription_free(first.subscription, destroy);
    check_ended(&first, "ab");
}

static void what_it_broadcasts_comes_to_all_after_it(void **state)
{
    struct listener first = { .replies = "b" }, second = { 0 };
    subscribe(&first);
    subscribe(&second);
    broadcast("a");
    assert_string_equal(first.heard, "ab");
    assert_string_equal(second.heard, "ab");
    pinion_subscription_free(first.subscription, destroy);
    pinion_subscription_free(second.subscription, destroy);
    check_ended(&first, "ab");
    check_ended(&second, "ab");
}

static void the_same_function_may_subscribe_twice(void **state)
{
    struct listener listener = { 0 };
    subscribe(&listener);
    pinion_subscription *first = listener.subscription;
    subscribe(&listener);
    broadcast("a");
    assert_string_equal(listener.heard, "aa");
    pinion_subscription_free(first, NULL);
    broadcast("b");
    assert_string_equal(listener.heard, "aab");
    pinion_subscription_free(listener.subscription, destroy);
    check_ended(&listener, "aab");
}

static void whatever_is_left_ends_with_the_endpoint(void **state)
{
    struct listener listener = { 0 };
    subscribe(&listener);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "news", "a", NULL));
    teardown(state); /* with a call due */
    assert_int_equal(listener.destroyed, 0);
    pinion_subscription_free(listener.subscription, destroy);
    assert_int_equal(listener.destroyed, 1);
    ok(setup(state));
}

static void it_may_end_itself_when_the_endpoint_ends(void **state)
{
    struct listener listener = { .frees = &listener };
    struct pinion_scheduler *scheduler = pinion__hub_of(pinion_test_endpoint(test))->shards[0]->scheduler;
    subscribe(&listener);
    ok(pinion_endpoint_broadcast(pinion_test_endpoint(test), "news", "a", NULL));
    pinion__mailbox_close(&scheduler->mailbox); /* as a loop does that ends, and then runs what is inside */
    pinion_test_run(test);
    assert_string_equal(listener.heard, "a");
    teardown(state);
    assert_int_equal(listener.destroyed, 1);
    ok(setup(state));
}

static void it_ends_where_there_is_no_memory(void **state)
{
    size_t blocks = 0;
    for (int round = 0; round < 2; round++) { /* after the first, what the loop keeps for later is there */
        struct listener listener = { 0 };
        heap_settle();
        blocks = heap.blocks;
        subscribe(&listener);
        broadcast("a");
        heap_limit(0);
        pinion_subscription_free(listener.subscription, destroy);
        heap_unlimit();
        broadcast("b");
        check_ended(&listener, "a");
        assert_int_equal(stats().topics, 0);
    }
    heap_settle();
    assert_int_equal(heap.blocks, blocks);
}

static void it_is_refused_where_there_is_no_memory(void **state)
{
    struct listener listener = { 0 };
    for (size_t n = 0;; n++) {
        heap_limit(n);
        int rc = pinion_endpoint_subscribe(pinion_test_endpoint(test), "news", listen_in, &listener,
                                           &listener.subscription);
        heap_unlimit();
        assert_int_equal(stats().topics, rc ? 0 : 1);
        if (rc == 0)
            break;
        assert_int_equal(rc, PINION_ENOMEM);
    }
    broadcast("a");
    pinion_subscription_free(listener.subscription, destroy);
    pinion_test_run(test);
    check_ended(&listener, "a");
}

/* ---- from another thread ---- */

static void *subscribe_there(void *data)
{
    subscribe(data);
    return NULL;
}

/* Another thread does it, and ends. */
static void elsewhere(void *act(void *), struct listener *listener)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, act, listener), 0);
    pthread_join(thread, NULL);
}

static void it_begins_once_there_is_memory(void **state)
{
    struct listener listener = { 0 };
    elsewhere(subscribe_there, &listener);
    heap_limit(0);
    pinion_test_advance(test, 1000);
    heap_unlimit();
    broadcast("too early");
    pinion_test_advance(test, 1000);
    broadcast("a");
    pinion_subscription_free(listener.subscription, destroy);
    pinion_test_run(test);
    check_ended(&listener, "a");
}

static void it_may_end_while_there_is_no_memory(void **state)
{
    struct listener listener = { 0 };
    elsewhere(subscribe_there, &listener);
    heap_limit(0);
    pinion_test_advance(test, 1000);
    pinion_subscription_free(listener.subscription, destroy);
    pinion_test_advance(test, 1000);
    heap_unlimit();
    broadcast("a");
    check_ended(&listener, "");
}

static void *subscribe_and_free(void *data)
{
    struct listener *listener = data;
    subscribe(listener);
    pinion_subscription_free(listener->subscription, destroy);
    return NULL;
}

static void it_may_end_before_it_began(void **state)
{
    struct listener listener = { 0 };
    elsewhere(subscribe_and_free, &listener);
    assert_int_equal(listener.destroyed, 0);
    broadcast("a");
    check_ended(&listener, "");
    assert_true(listener.on_loop);
    assert_int_equal(stats().topics, 0);
}

static void *come_and_go(void *data)
{
    struct listener *listeners = data;
    for (int i = 0; i < 200; i++) {
        subscribe(&listeners[i]);
        if (i > 0)
            pinion_subscription_free(listeners[i - 1].subscription, destroy);
    }
    pinion_subscription_free(listeners[199].subscription, destroy);
    return NULL;
}

static void threads_may_come_and_go_under_load(void **state)
{
    static struct listener listeners[2][200];
    pthread_t threads[2];
    memset(listeners, 0, sizeof listeners);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, listeners[i]), 0);
    for (int i = 0; i < 500; i++)
        broadcast("x");
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    pinion_test_run(test);
    for (int i = 0; i < 400; i++) {
        assert_int_equal(listeners[i / 200][i % 200].destroyed, 1);
        assert_true(listeners[i / 200][i % 200].on_loop);
    }
    assert_int_equal(stats().topics, 0);
}

/* ---- how many ---- */

static pinion_result also_other(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    return pinion_subscribe(channel, "other") ? pinion_crash() : pinion_ok(NULL);
}

static int one_id(pinion_socket *socket, char *text, size_t size)
{
    return snprintf(text, size, "users:1");
}

static const pinion_channel_def plain = { 0 };
static const pinion_channel_def subscribing = { .join = also_other };
static const pinion_socket_def joinable = {
    .channels = PINION_ROUTES({ "news", &plain }, { "subscribing", &subscribing }),
    .id = one_id,
};

static size_t subscribers(const char *topic)
{
    return pinion_endpoint_subscribers(pinion_test_endpoint(test), topic);
}

static void all_that_get_a_broadcast_are_counted(void **state)
{
    struct listener listener = { 0 };
    assert_int_equal(subscribers("news"), 0);
    pinion_test_client *one = connected(&joinable), *two = connected(&joinable);
    assert_int_equal(subscribers("users:1"), 2);
    ok(pinion_test_join(one, "news", NULL));
    ok(pinion_test_join(two, "news", NULL));
    assert_int_equal(subscribers("news"), 2);
    subscribe(&listener);
    assert_int_equal(subscribers("news"), 3);
    ok(pinion_test_join(one, "subscribing", NULL));
    assert_int_equal(subscribers("other"), 1);
    ok(pinion_test_leave(one, "news"));
    assert_int_equal(subscribers("news"), 2);
    pinion_subscription_free(listener.subscription, NULL);
    pinion_test_disconnect(one);
    pinion_test_run(test);
    assert_int_equal(subscribers("news"), 1);
    assert_int_equal(subscribers("other"), 0);
    pinion_test_disconnect(two);
    pinion_test_run(test);
    assert_int_equal(subscribers("news"), 0);
    assert_int_equal(subscribers("users:1"), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_subscription, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_topic_has_an_end),
        T(it_may_end_itself_when_called),
        T(it_may_end_another_whose_call_is_due),
        T(what_it_broadcasts_comes_to_all_after_it),
        T(the_same_function_may_subscribe_twice),
        T(whatever_is_left_ends_with_the_endpoint),
        T(it_may_end_itself_when_the_endpoint_ends),
        T(it_ends_where_there_is_no_memory),
        T(it_is_refused_where_there_is_no_memory),
        T(it_begins_once_there_is_memory),
        T(it_may_end_while_there_is_no_memory),
        T(it_may_end_before_it_began),
        T(threads_may_come_and_go_under_load),
        T(all_that_get_a_broadcast_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
