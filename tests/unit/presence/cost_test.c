/* What 50,000 presences on one topic cost, in allocations and bytes: they are the same on every machine. The
 * second 25,000 cost as much as the first, and one more costs the same with 50,000 there as with few.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/heap.h"
#include "helpers/presence.h"

enum {
    MANY = 50000,
    KEY_LEN = 10,
    META_LEN = 32,
    ENTRY_MEMORY = 200, /* bytes of an entry, but for its key and meta */
    ENTRY_WIRE = 10,    /* of one in a message, with its share of the message's head */
};

static struct peer a, b;
static struct bag bag;

/* What is told here is too much to be written down. */
static void start(struct peer *peer, const char *node)
{
    open_peer(peer, node, 1);
    peer->state->changed = NULL;
}

static int begin(void **state)
{
    start(&a, "a");
    start(&b, "b");
    up(&b, "a", 1);
    return 0;
}

static int finish(void **state)
{
    empty(&bag);
    close_peer(&a);
    close_peer(&b);
    return 0;
}

static void join(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char key[32], meta[64];
        assert_int_equal(snprintf(key, sizeof key, "user:%05u", i), KEY_LEN);
        assert_int_equal(snprintf(meta, sizeof meta, "{\"online_at\":\"17000000%05u000\"}", i), META_LEN);
        track(&a, 1000 + i, "room:lobby", key, meta);
    }
}

/* Every second one leaves. */
static void leave_half(void)
{
    for (unsigned i = 0; i < MANY; i += 2)
        assert_int_equal(untrack(&a, 1000 + i, NULL, NULL), 1);
}

/* What a's news take in messages. */
static size_t news(void)
{
    empty(&bag);
    send_heartbeat(&a, 0, &bag);
    return bytes_in(&bag);
}

/* ---- memory ---- */

/* Also just after the maps have doubled their buckets. */
static void an_entry_takes_less_than_200_bytes_and_its_text(void **state)
{
    static const unsigned counts[] = { 100, 4096, 4097, 32768, 32769, MANY };
    size_t before = heap_in_use();
    unsigned joined = 0;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        join(joined, counts[i]);
        joined = counts[i];
        size_t of_each = (heap_in_use() - before) / joined - KEY_LEN - META_LEN;
        print_message("%u entries: %zu bytes each, and key and meta\n", joined, of_each);
        assert_in_range(of_each, 1, ENTRY_MEMORY);
    }
}

static void nothing_is_left(void **state)
{
    size_t before = heap_in_use();
    struct peer third;
    start(&third, "a");
    for (unsigned i = 0; i < MANY; i++)
        track(&third, i, "room", "ann", "{}");
    close_peer(&third);
    assert_int_equal(heap_in_use(), before);
}

/* ---- joining ---- */

static size_t calls_of_join(unsigned from, unsigned to)
{
    size_t before = heap.calls;
    join(from, to);
    return heap.calls - before;
}

/* One allocation each, and now and then the buckets of two maps. */
static void a_join_is_one_allocation(void **state)
{
    assert_in_range(calls_of_join(0, MANY / 2), MANY / 2, MANY / 2 + 40);
    assert_in_range(calls_of_join(MANY / 2, MANY - 1), MANY / 2 - 1, MANY / 2 + 4);
    assert_int_equal(calls_of_join(MANY - 1, MANY), 1);
}

static void an_untrack_allocates_nothing_but_the_history(void **state)
{
    join(0, MANY);
    size_t before = heap.calls;
    leave_half();
    assert_in_range(heap.calls - before, 0, 12);
    assert_int_equal(pinion__presence_count(a.state, str("room:lobby")), MANY / 2);
}

/* ---- messages ---- */

static void a_delta_is_as_long_as_what_it_tells(void **state)
{
    join(0, MANY / 2);
    size_t first = news();
    join(MANY / 2, MANY);
    size_t second = news();
    assert_in_range(first, MANY / 2 * (KEY_LEN + META_LEN), MANY / 2 * (KEY_LEN + META_LEN + ENTRY_WIRE));
    assert_in_range(second, first - first / 50, first + first / 50); /* ids grow longer */

    join(MANY, MANY + 1);
    assert_in_range(news(), 1, KEY_LEN + META_LEN + ENTRY_WIRE + 40);
}

/* In the end there are more removals than the history has room for. */
static void leaving_is_told_in_a_byte_or_two(void **state)
{
    join(0, MANY);
    (void)news();
    for (unsigned i = 0; i < 2 * PINION_PRESENCE_HISTORY_DEFAULT; i += 2)
        assert_int_equal(untrack(&a, 1000 + i, NULL, NULL), 1);
    assert_in_range(news(), 1, PINION_PRESENCE_HISTORY_DEFAULT + 100);
    assert_int_equal(bag.messages[0].ptr[1], PINION_PRESENCE_DELTA);
}

/* ---- merging ---- */

static size_t calls_of_merge(void)
{
    size_t before = heap.calls;
    for (size_t i = 0; i < bag.count; i++)
        assert_int_equal(deliver(&b, bag.messages[i], 0, NULL), 0);
    return heap.calls - before;
}

/* One allocation for each entry that is new, one for each message: however many there are. */
static void a_merge_costs_what_is_new(void **state)
{
    join(0, MANY);
    (void)news();
    assert_in_range(calls_of_merge(), MANY, MANY + bag.count + 40);
    assert_int_equal(calls_of_merge(), 0); /* again: it is known */
    join(MANY, MANY + 1);
    (void)news();
    assert_int_equal(calls_of_merge(), 2);
    assert_int_equal(untrack(&a, 1000, NULL, NULL), 1);
    (void)news();
    assert_int_equal(calls_of_merge(), 0);
    assert_int_equal(pinion__presence_count(b.state, str("room:lobby")), MANY);
}

static void a_node_that_goes_and_comes_allocates_nothing(void **state)
{
    join(0, MANY);
    (void)news();
    (void)calls_of_merge();
    size_t before = heap.calls;
    struct pinion_presence_replica *replica = up(&b, "a", 1);
    pinion__presence_replica_down(replica);
    assert_int_equal(pinion__presence_count(b.state, str("room:lobby")), 0);
    up(&b, "a", 1);
    assert_int_equal(pinion__presence_count(b.state, str("room:lobby")), MANY);
    assert_int_equal(heap.calls, before);
}

#define with_peers(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_peers(an_entry_takes_less_than_200_bytes_and_its_text),
        with_peers(nothing_is_left),
        with_peers(a_join_is_one_allocation),
        with_peers(an_untrack_allocates_nothing_but_the_history),
        with_peers(a_delta_is_as_long_as_what_it_tells),
        with_peers(leaving_is_told_in_a_byte_or_two),
        with_peers(a_merge_costs_what_is_new),
        with_peers(a_node_that_goes_and_comes_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
