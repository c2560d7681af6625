/* The outbox: order, what of a frame has gone, what is dropped, and that no reference stays behind. */
#include "io/outbox.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define FRAMES 3

struct fixture {
    struct pinion_outbox_pool pool;
    struct pinion_outbox outbox;
    struct pinion_frame *frames[FRAMES];
};

static const char *const texts[FRAMES] = { "abc", "defgh", "ij" };

static int set_up(void **state)
{
    static struct fixture f;

    f = (struct fixture){ .pool.max = 2 };
    for (int i = 0; i < FRAMES; i++) {
        f.frames[i] = pinion__frame_copy(texts[i], strlen(texts[i]));
        assert_non_null(f.frames[i]);
    }
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    pinion__outbox_clear(&f->outbox, &f->pool);
    pinion__outbox_pool_release(&f->pool);
    for (int i = 0; i < FRAMES; i++) {
        assert_int_equal(f->frames[i]->refs, 1);
        pinion__frame_unref(f->frames[i]);
    }
    return 0;
}

static void push_all(struct fixture *f)
{
    for (int i = 0; i < FRAMES; i++)
        assert_int_equal(pinion__outbox_push(&f->outbox, &f->pool, pinion__frame_ref(f->frames[i])), 0);
}

/* What would be sent next, as one string; checks the count of bytes on the way. */
static void expect_waiting(struct fixture *f, const char *expected)
{
    struct iovec iov[FRAMES];
    char got[32] = "";
    size_t bytes;
    size_t count = pinion__outbox_gather(&f->outbox, iov, FRAMES, &bytes);

    for (size_t i = 0; i < count; i++)
        strncat(got, iov[i].iov_base, iov[i].iov_len);
    assert_string_equal(got, expected);
    assert_int_equal(bytes, strlen(expected));
    assert_int_equal(f->outbox.bytes, strlen(expected));
    assert_int_equal(pinion__outbox_empty(&f->outbox), *expected == '\0');
}

static void consume_splits_anywhere(void **state)
{
    struct fixture *f = *state;
    const char *all = "abcdefghij";

    for (size_t first = 0; first <= strlen(all); first++) {
        push_all(f);
        pinion__outbox_consume(&f->outbox, &f->pool, first);
        expect_waiting(f, all + first);
        pinion__outbox_consume(&f->outbox, &f->pool, strlen(all) - first);
        expect_waiting(f, "");
    }
}

static void consume_drops_a_reference_when_a_frame_went_whole(void **state)
{
    struct fixture *f = *state;

    push_all(f);
    pinion__outbox_consume(&f->outbox, &f->pool, 2);
    assert_int_equal(f->frames[0]->refs, 2);
    pinion__outbox_consume(&f->outbox, &f->pool, 1);
    assert_int_equal(f->frames[0]->refs, 1);
    assert_int_equal(f->frames[1]->refs, 2);
}

static void drop_without_a_begun_frame_drops_all(void **state)
{
    struct fixture *f = *state;

    push_all(f);
    pinion__outbox_consume(&f->outbox, &f->pool, 3);
    pinion__outbox_drop(&f->outbox, &f->pool);
    expect_waiting(f, "");
    pinion__outbox_drop(&f->outbox, &f->pool);
    expect_waiting(f, "");
}

static void drop_keeps_the_rest_of_a_begun_frame(void **state)
{
    struct fixture *f = *state;

    push_all(f);
    pinion__outbox_consume(&f->outbox, &f->pool, 4);
    pinion__outbox_drop(&f->outbox, &f->pool);
    expect_waiting(f, "efgh");
    assert_int_equal(f->frames[1]->refs, 2);
    assert_int_equal(f->frames[2]->refs, 1);
    assert_int_equal(pinion__outbox_push(&f->outbox, &f->pool, pinion__frame_ref(f->frames[2])), 0);
    expect_waiting(f, "efghij");
}

/* Until they take so much less. */
static size_t drop_oldest(struct fixture *f, size_t memory)
{
    size_t all = pinion__outbox_memory(&f->outbox);
    return pinion__outbox_drop_oldest(&f->outbox, &f->pool, memory < all ? all - memory : 0);
}

static void the_oldest_that_may_be_dropped_goes(void **state)
{
    struct fixture *f = *state;

    f->frames[1]->droppable = true;
    push_all(f);
    assert_int_equal(drop_oldest(f, 1), 1);
    expect_waiting(f, "abcij");
    assert_int_equal(drop_oldest(f, 1), 0);
    expect_waiting(f, "abcij");
    assert_int_equal(pinion__outbox_push(&f->outbox, &f->pool, pinion__frame_ref(f->frames[1])), 0);
    expect_waiting(f, "abcijdefgh");
    assert_int_equal(drop_oldest(f, 1000), 1); /* it was the last */
    assert_int_equal(pinion__outbox_push(&f->outbox, &f->pool, pinion__frame_ref(f->frames[0])), 0);
    expect_waiting(f, "abcijabc");
}

static void no_more_goes_than_is_asked_for(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < FRAMES; i++)
        f->frames[i]->droppable = true;
    push_all(f);
    assert_int_equal(drop_oldest(f, 0), 0);
    assert_int_equal(drop_oldest(f, PINION_FRAME_QUEUED + 4), 2);
    expect_waiting(f, "ij");
    assert_int_equal(drop_oldest(f, PINION_FRAME_QUEUED + 4), 1);
    expect_waiting(f, "");
    assert_int_equal(drop_oldest(f, PINION_FRAME_QUEUED + 4), 0);
    push_all(f);
    expect_waiting(f, "abcdefghij");
}

/* A frame of two bytes takes some hundred. */
static void memory_is_more_than_bytes(void **state)
{
    struct fixture *f = *state;

    assert_true(PINION_FRAME_QUEUED >= sizeof(struct pinion_frame) + sizeof(struct pinion_outbox_node));
    assert_int_equal(pinion__outbox_memory(&f->outbox), 0);
    push_all(f);
    assert_int_equal(pinion__outbox_memory(&f->outbox), 10 + 3 * PINION_FRAME_QUEUED);
    pinion__outbox_consume(&f->outbox, &f->pool, 4);
    assert_int_equal(pinion__outbox_memory(&f->outbox), 6 + 2 * PINION_FRAME_QUEUED);
    pinion__outbox_drop(&f->outbox, &f->pool);
    assert_int_equal(pinion__outbox_memory(&f->outbox), 4 + PINION_FRAME_QUEUED);
    pinion__outbox_consume(&f->outbox, &f->pool, 4);
    assert_int_equal(pinion__outbox_memory(&f->outbox), 0);
    push_all(f);
    pinion__outbox_clear(&f->outbox, &f->pool);
    assert_int_equal(pinion__outbox_memory(&f->outbox), 0);
}

static void as_many_go_as_take_the_memory(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < FRAMES; i++)
        f->frames[i]->droppable = true;
    push_all(f);
    assert_int_equal(drop_oldest(f, 0), 0);
    assert_int_equal(drop_oldest(f, PINION_FRAME_QUEUED), 1);
    expect_waiting(f, "defghij");
    assert_int_equal(pinion__outbox_memory(&f->outbox), 7 + 2 * PINION_FRAME_QUEUED);
    assert_int_equal(drop_oldest(f, PINION_FRAME_QUEUED + 6), 2);
    assert_int_equal(pinion__outbox_memory(&f->outbox), 0);
}

static void what_has_begun_to_go_is_not_dropped(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < FRAMES; i++)
        f->frames[i]->droppable = true;
    push_all(f);
    pinion__outbox_consume(&f->outbox, &f->pool, 1);
    assert_int_equal(drop_oldest(f, 1000), 2);
    expect_waiting(f, "bc");
    assert_int_equal(pinion__outbox_push(&f->outbox, &f->pool, pinion__frame_ref(f->frames[1])), 0);
    expect_waiting(f, "bcdefgh");
}

static void an_empty_frame_is_not_queued(void **state)
{
    struct fixture *f = *state;
    struct pinion_frame *empty = pinion__frame_new(0);

    assert_int_equal(pinion__outbox_push(&f->outbox, &f->pool, pinion__frame_ref(empty)), 0);
    assert_true(pinion__outbox_empty(&f->outbox));
    assert_int_equal(empty->refs, 1);
    pinion__frame_unref(empty);
}

static void gather_stops_at_its_limit(void **state)
{
    struct fixture *f = *state;
    struct iovec iov[2];
    size_t bytes;

    push_all(f);
    assert_int_equal(pinion__outbox_gather(&f->outbox, iov, 2, &bytes), 2);
    assert_int_equal(bytes, 8);
}

static void framing_in_the_headroom_is_sent_first(void **state)
{
    struct fixture *f = *state;

    memcpy(pinion__frame_body(f->frames[0]) - 2, "<>", 2);
    f->frames[0]->head_len = 2;
    push_all(f);
    expect_waiting(f, "<>abcdefghij");
    pinion__outbox_consume(&f->outbox, &f->pool, 1);
    expect_waiting(f, ">abcdefghij");
}

static void the_pool_keeps_no_more_than_its_limit(void **state)
{
    struct fixture *f = *state;

    push_all(f);
    assert_int_equal(f->pool.count, 0);
    pinion__outbox_clear(&f->outbox, &f->pool);
    assert_int_equal(f->pool.count, 2);
    push_all(f);
    assert_int_equal(f->pool.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(consume_splits_anywhere),
        TEST(consume_drops_a_reference_when_a_frame_went_whole),
        TEST(drop_without_a_begun_frame_drops_all),
        TEST(drop_keeps_the_rest_of_a_begun_frame),
        TEST(the_oldest_that_may_be_dropped_goes),
        TEST(no_more_goes_than_is_asked_for),
        TEST(memory_is_more_than_bytes),
        TEST(as_many_go_as_take_the_memory),
        TEST(what_has_begun_to_go_is_not_dropped),
        TEST(an_empty_frame_is_not_queued),
        TEST(gather_stops_at_its_limit),
        TEST(framing_in_the_headroom_is_sent_first),
        TEST(the_pool_keeps_no_more_than_its_limit),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
