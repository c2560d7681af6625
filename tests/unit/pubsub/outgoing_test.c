/* What waits for an adapter's thread: order, the bound, and waking it. */
#include "pubsub/outgoing.h"
#include <pinion/error.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct pinion_outgoing queue;

static int begin(void **state)
{
    return pinion__outgoing_init(&queue, 100);
}

static int finish(void **state)
{
    pinion__outgoing_release(&queue);
    return 0;
}

static int put(enum pinion_outgoing_kind kind, const char *name, size_t len)
{
    static const char bytes[200];
    struct pinion_outgoing_item *item = pinion__outgoing_item(kind, name, bytes, len);
    assert_non_null(item);
    return pinion__outgoing_put(&queue, item);
}

static bool is_awake(void)
{
    struct pollfd fd = { .fd = queue.wake_fd, .events = POLLIN };
    return poll(&fd, 1, 0) == 1;
}

static void expect_names(struct pinion_list *items, const char *names)
{
    for (; *names; names++) {
        struct pinion_outgoing_item *item = pinion__outgoing_shift(items);
        assert_non_null(item);
        assert_int_equal(item->name[0], *names);
        free(item);
    }
    assert_null(pinion__outgoing_shift(items));
}

static void what_is_put_is_taken_in_order(void **state)
{
    struct pinion_list items = PINION_LIST_HEAD(items);
    assert_false(is_awake());
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "a", 10), 0);
    assert_true(is_awake());
    assert_int_equal(put(PINION_OUTGOING_UNSUBSCRIBE, "b", 0), 0);
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "c", 10), 0);
    pinion__outgoing_take(&queue, &items);
    assert_false(is_awake());
    expect_names(&items, "abc");
}

static void it_is_bounded_in_bytes(void **state)
{
    struct pinion_list items = PINION_LIST_HEAD(items);
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "a", 101), PINION_ETOOBIG);
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "a", 60), 0);
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "b", 41), PINION_EBUSY);
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "c", 40), 0);
    assert_int_equal(put(PINION_OUTGOING_SUBSCRIBE, "d", 0), 0); /* which count nothing */
    pinion__outgoing_take(&queue, &items);
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "e", 100), 0);
    expect_names(&items, "acd");
}

static void what_was_not_done_goes_back_to_the_front(void **state)
{
    struct pinion_list items = PINION_LIST_HEAD(items);
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "a", 50), 0);
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "b", 50), 0);
    pinion__outgoing_take(&queue, &items);
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "c", 30), 0);
    pinion__outgoing_return(&queue, &items);
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "d", 1),
                     PINION_EBUSY); /* there is more than fits already */
    pinion__outgoing_take(&queue, &items);
    expect_names(&items, "abc");
}

static void subscriptions_wake_a_thread_that_leaves_messages_lying(void **state)
{
    struct pinion_list items = PINION_LIST_HEAD(items);
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "a", 1), 0);
    pinion__outgoing_take(&queue, &items);
    pinion__outgoing_return(&queue, &items);
    assert_false(is_awake());
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "b", 1), 0);
    assert_false(is_awake());
    assert_int_equal(put(PINION_OUTGOING_SUBSCRIBE, "c", 0), 0);
    assert_true(is_awake());
}

static void nothing_is_put_once_it_is_closed(void **state)
{
    queue.closed = true;
    assert_int_equal(put(PINION_OUTGOING_MESSAGE, "a", 1), PINION_ECLOSED);
    assert_false(is_awake());
    pinion__outgoing_wake(&queue);
    pinion__outgoing_wake(&queue);
    assert_true(is_awake());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_put_is_taken_in_order),
        TEST(it_is_bounded_in_bytes),
        TEST(what_was_not_done_goes_back_to_the_front),
        TEST(subscriptions_wake_a_thread_that_leaves_messages_lying),
        TEST(nothing_is_put_once_it_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
