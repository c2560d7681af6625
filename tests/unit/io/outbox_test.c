/* The outbox: order, what of a frame has gone, what is dropped, and that no reference stays behind. */
#include "helpers/heap.h"
#include "helpers/random.h"
#include "io/check.h"
#include "io/outbox.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define FRAMES 3

static void expect_sound(const struct pinion_outbox *outbox)
{
#ifdef PINION_CHECKS
    assert_null(pinion__outbox_check(outbox));
#endif
}

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

/* ---- runs ---- */

#define SHARED (PINION_RUN_SHARED - 1) /* references of connections elsewhere */

/* The frames are broadcasts that wait on several connections. */
static void share(struct fixture *f, bool shared)
{
    for (int i = 0; i < FRAMES; i++) {
        f->frames[i]->droppable = shared;
        f->frames[i]->refs = shared ? f->frames[i]->refs + SHARED : f->frames[i]->refs - SHARED;
    }
}

static void join_all(struct fixture *f, struct pinion_outbox *outbox)
{
    for (int i = 0; i < FRAMES; i++)
        assert_int_equal(pinion__outbox_push_joined(outbox, &f->pool, pinion__frame_ref(f->frames[i])), 0);
    expect_sound(outbox);
}

static void broadcasts_leave_in_one_piece(void **state)
{
    struct fixture *f = *state;
    struct pinion_outbox other = { 0 };
    struct iovec mine, theirs;
    size_t bytes;

    share(f, true);
    join_all(f, &f->outbox);
    join_all(f, &other);
    assert_int_equal(pinion__outbox_memory(&f->outbox), 10 + 3 * PINION_FRAME_QUEUED);
    expect_waiting(f, "abcdefghij");
    assert_int_equal(pinion__outbox_gather(&f->outbox, &mine, 1, &bytes), 1);
    assert_int_equal(bytes, 10);
    assert_int_equal(pinion__outbox_gather(&other, &theirs, 1, &bytes), 1);
    assert_ptr_equal(mine.iov_base, theirs.iov_base); /* the same bytes, not a copy */
    pinion__outbox_consume(&f->outbox, &f->pool, 10);
    pinion__outbox_clear(&other, &f->pool);
    share(f, false);
}

static void who_is_sent_something_else_has_it_in_its_place(void **state)
{
    struct fixture *f = *state;
    struct pinion_frame *own = pinion__frame_copy("-", 1);
    struct pinion_outbox other = { 0 };

    share(f, true);
    join_all(f, &other);
    for (int i = 0; i < FRAMES; i++) {
        assert_int_equal(pinion__outbox_push_joined(&f->outbox, &f->pool, pinion__frame_ref(f->frames[i])),
                         0);
        assert_int_equal(
            pinion__outbox_push_joined(&f->outbox, &f->pool, pinion__frame_ref(i == 0 ? own : f->frames[2])),
            0);
    }
    expect_sound(&f->outbox);
    assert_int_equal(f->outbox.frames, 6);
    assert_int_equal(f->outbox.bytes, 3 + 1 + 5 + 2 + 2 + 2);
    pinion__outbox_drop_oldest(&f->outbox, &f->pool, 0);
    expect_waiting(f, "-");
    pinion__outbox_clear(&f->outbox, &f->pool);
    pinion__outbox_clear(&other, &f->pool);
    pinion__frame_unref(own);
    share(f, false);
}

/* A client that does not read must not keep the whole run. */
static void what_waits_for_long_is_frames_again(void **state)
{
    struct fixture *f = *state;

    share(f, true);
    join_all(f, &f->outbox);
    pinion__outbox_consume(&f->outbox, &f->pool, 4);
    expect_sound(&f->outbox);
    assert_int_equal(pinion__outbox_memory(&f->outbox), 6 + 2 * PINION_FRAME_QUEUED);
    assert_int_equal(f->frames[0]->refs, 1 + SHARED + 1); /* the run has it still */
    pinion__outbox_unjoin(&f->outbox, &f->pool);
    expect_sound(&f->outbox);
    expect_waiting(f, "efghij");
    assert_int_equal(f->frames[0]->refs, 1 + SHARED);
    pinion__outbox_drop(&f->outbox, &f->pool);
    expect_waiting(f, "efgh");
    pinion__outbox_clear(&f->outbox, &f->pool);
    share(f, false);
}

static void a_begun_frame_of_a_run_is_not_dropped(void **state)
{
    struct fixture *f = *state;

    share(f, true);
    join_all(f, &f->outbox);
    pinion__outbox_consume(&f->outbox, &f->pool, 4);
    pinion__outbox_drop(&f->outbox, &f->pool);
    expect_sound(&f->outbox);
    expect_waiting(f, "efgh");
    pinion__outbox_consume(&f->outbox, &f->pool, 4);
    expect_waiting(f, "");
    share(f, false);
}

/* Without memory it is queued as it is, or stays as it is. */
static void without_memory_nothing_is_joined(void **state)
{
    struct fixture *f = *state;

    share(f, true);
    assert_int_equal(pinion__outbox_push_joined(&f->outbox, &f->pool, pinion__frame_ref(f->frames[0])), 0);
    heap_limit(0);
    assert_int_equal(pinion__outbox_push_joined(&f->outbox, &f->pool, pinion__frame_ref(f->frames[1])),
                     PINION_ENOMEM);
    heap_unlimit();
    expect_sound(&f->outbox);
    expect_waiting(f, "abc");
    pinion__outbox_clear(&f->outbox, &f->pool);

    join_all(f, &f->outbox);
    struct pinion_outbox_pool none = { .runs = f->pool.runs };
    heap_limit(0);
    pinion__outbox_unjoin(&f->outbox, &none);
    assert_int_equal(pinion__outbox_drop_oldest(&f->outbox, &none, 0), 0);
    heap_unlimit();
    expect_sound(&f->outbox);
    expect_waiting(f, "abcdefghij");
    pinion__outbox_clear(&f->outbox, &f->pool);
    share(f, false);
}

/* ---- runs, beside outboxes without ---- */

#define OUTBOXES 6
#define STEPS    20000
#define ALL_MAX  (1 << 20)

static struct {
    struct pinion_outbox_pool pool;
    struct pinion_outbox joined[OUTBOXES];
    struct pinion_outbox plain[OUTBOXES];
    struct random_source random;
} twins;

static size_t bytes_of(const struct pinion_outbox *outbox, char *out)
{
    static struct iovec iov[4096];
    size_t bytes, at = 0;
    size_t count = pinion__outbox_gather(outbox, iov, 4096, &bytes);

    assert_in_range(bytes, 0, ALL_MAX);
    for (size_t i = 0; i < count; at += iov[i++].iov_len)
        memcpy(out + at, iov[i].iov_base, iov[i].iov_len);
    return at;
}

static void expect_twins(int i)
{
    static char joined[ALL_MAX], plain[ALL_MAX];

    expect_sound(&twins.joined[i]);
    assert_int_equal(twins.joined[i].bytes, twins.plain[i].bytes);
    assert_int_equal(twins.joined[i].frames, twins.plain[i].frames);
    assert_int_equal(bytes_of(&twins.joined[i], joined), twins.plain[i].bytes);
    assert_int_equal(bytes_of(&twins.plain[i], plain), twins.plain[i].bytes);
    assert_memory_equal(joined, plain, twins.plain[i].bytes);
}

static void queue_twice(int i, struct pinion_frame *frame, bool scarce)
{
    if (scarce)
        heap_limit(random_below(&twins.random, 3));
    int rc = pinion__outbox_push_joined(&twins.joined[i], &twins.pool, pinion__frame_ref(frame));
    heap_unlimit();
    if (rc == 0)
        assert_int_equal(pinion__outbox_push(&twins.plain[i], &twins.pool, pinion__frame_ref(frame)), 0);
}

/* To most of them, or to one. */
static void queue_new(bool broadcast, bool scarce)
{
    size_t len = 1 + random_below(&twins.random, random_below(&twins.random, 20) == 0 ? 30000 : 300);
    struct pinion_frame *frame = pinion__frame_new(len);
    int one = (int)random_below(&twins.random, OUTBOXES);

    assert_non_null(frame);
    for (size_t i = 0; i < len; i++)
        pinion__frame_body(frame)[i] = (char)random_below(&twins.random, 256);
    frame->body_len = len;
    frame->droppable = broadcast;
    for (int i = 0; i < OUTBOXES; i++) {
        if (broadcast ? i != one || random_below(&twins.random, 4) > 0 : i == one)
            queue_twice(i, frame, scarce);
    }
    pinion__frame_unref(frame);
}

static void send_some(int i)
{
    size_t all = twins.plain[i].bytes;
    size_t sent = random_below(&twins.random, 3) == 0 ? all : random_below(&twins.random, all + 1);

    pinion__outbox_consume(&twins.joined[i], &twins.pool, sent);
    pinion__outbox_consume(&twins.plain[i], &twins.pool, sent);
    expect_twins(i);
    if (random_below(&twins.random, 2) == 0)
        pinion__outbox_unjoin(&twins.joined[i], &twins.pool);
}

static void drop_some(int i)
{
    size_t most = random_below(&twins.random, pinion__outbox_memory(&twins.plain[i]) + 1);

    assert_int_equal(pinion__outbox_drop_oldest(&twins.joined[i], &twins.pool, most),
                     pinion__outbox_drop_oldest(&twins.plain[i], &twins.pool, most));
}

static void drop_all(int i)
{
    pinion__outbox_drop(&twins.joined[i], &twins.pool);
    pinion__outbox_drop(&twins.plain[i], &twins.pool);
}

static void one_step(void)
{
    int i = (int)random_below(&twins.random, OUTBOXES);
    unsigned what = (unsigned)random_below(&twins.random, 40);

    if (what < 26)
        queue_new(true, what == 0);
    else if (what < 30)
        queue_new(false, false);
    else if (what < 38)
        send_some(i);
    else if (what == 38)
        drop_some(i);
    else
        drop_all(i);
    for (int k = 0; k < OUTBOXES; k++)
        expect_twins(k);
}

static void runs_change_neither_bytes_nor_counts(void **state)
{
    memset(&twins, 0, sizeof twins);
    twins.random.state = 7;
    heap_settle();
    size_t blocks = heap.blocks;
    twins.pool.max = 10;
    for (unsigned step = 0; step < STEPS; step++) {
        for (int i = 0; i < OUTBOXES; i++) {
            if (twins.plain[i].bytes > ALL_MAX / 4)
                drop_all(i);
        }
        one_step();
    }
    for (int i = 0; i < OUTBOXES; i++) {
        pinion__outbox_clear(&twins.joined[i], &twins.pool);
        pinion__outbox_clear(&twins.plain[i], &twins.pool);
    }
    pinion__outbox_pool_release(&twins.pool);
    heap_settle();
    assert_int_equal(heap.blocks, blocks);
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
        TEST(broadcasts_leave_in_one_piece),
        TEST(who_is_sent_something_else_has_it_in_its_place),
        TEST(what_waits_for_long_is_frames_again),
        TEST(a_begun_frame_of_a_run_is_not_dropped),
        TEST(without_memory_nothing_is_joined),
        cmocka_unit_test(runs_change_neither_bytes_nor_counts),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
