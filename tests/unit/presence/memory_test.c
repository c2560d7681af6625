/* Memory runs out at every point where some is taken, one after the other: each time the call says so, what
 * can be seen is as it was or true, nothing leaks, and the call succeeds when there is memory again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/heap.h"
#include "helpers/presence.h"
#include <pinion/error.h>

static struct peer a, b;
static struct bag bag;

static int begin(void **state)
{
    open_peer_with(
        &a, (struct pinion_presence_state_options){ .node = str("a"), .incarnation = 1, .history_max = 4 });
    open_peer(&b, "b", 1);
    return 0;
}

static int finish(void **state)
{
    heap_unlimit();
    empty(&bag);
    close_peer(&a);
    close_peer(&b);
    return 0;
}

/* Call with memory for 0, 1, 2, … allocations until it succeeds. Each failure must be ENOMEM, and `check`
 * hold. Returns how many allocations it took. */
static size_t squeeze(int (*call)(void), void (*check)(void))
{
    for (size_t n = 0; n < 1000; n++) {
        heap_limit(n);
        int rc = call();
        heap_unlimit();
        if (rc == 0)
            return n;
        assert_int_equal(rc, PINION_ENOMEM);
        if (check)
            check();
    }
    fail_msg("it never succeeds");
    return 0;
}

/* ---- what this node's channels do ---- */

static int open_third(void)
{
    struct pinion_presence_state_options options = { .node = str("c"), .incarnation = 1 };
    struct pinion_presence_state *third = NULL;
    int rc = pinion__presence_state_new(&third, &options);
    assert_int_equal(third == NULL, rc != 0);
    pinion__presence_state_free(third);
    return rc;
}

static void a_new_state(void **state)
{
    size_t before = heap.bytes;
    assert_true(squeeze(open_third, NULL) >= 4);
    assert_int_equal(heap.bytes, before);
}

static int track_ann(void)
{
    return try_track(&a, 1, "room", "ann", "{\"n\":1}");
}

static void check_nothing_is_tracked(void)
{
    assert_told(&a, "");
    assert_int_equal(a.state->topics.count, 0);
    assert_int_equal(a.state->own->count, 0);
    assert_int_equal(a.state->own->known.base, 0);
}

static void track_is_done_or_not(void **state)
{
    assert_true(squeeze(track_ann, check_nothing_is_tracked) >= 3);
    assert_told(&a, "+room/ann{\"n\":1} ");
}

static int update_ann(void)
{
    return try_update(&a, 1, "room", "ann", "{\"n\":2}");
}

static void check_ann_is_as_she_was(void)
{
    assert_told(&a, "");
    assert_string_equal(listed(&a, "room"), "ann{\"n\":1} ");
    assert_int_equal(a.state->own->known.base, 1);
}

static void update_is_done_or_not(void **state)
{
    assert_int_equal(track_ann(), 0);
    a.told[0] = '\0';
    heap_limit(1); /* for the entry; the history must do without */
    assert_int_equal(update_ann(), 0);
    heap_unlimit();
    assert_told(&a, "-room/ann{\"n\":1} +room/ann{\"n\":2} ");
    assert_int_equal(a.state->history.since, 2);
}

static void a_failed_update_changes_nothing(void **state)
{
    assert_int_equal(track_ann(), 0);
    a.told[0] = '\0';
    assert_true(squeeze(update_ann, check_ann_is_as_she_was) >= 1);
}

/* Untracking always works. Where the removal cannot be remembered, others are told the whole state. */
static void untrack_needs_no_memory(void **state)
{
    up(&b, "a", 1);
    assert_int_equal(track_ann(), 0);
    track(&a, 2, "room", "bob", "{}");
    tell(&a, &b);
    heap_limit(0);
    assert_int_equal(untrack(&a, 1, NULL, NULL), 1);
    heap_unlimit();
    b.told[0] = '\0';
    send_heartbeat(&a, 0, &bag);
    assert_int_equal(bag.messages[0].ptr[1], PINION_PRESENCE_STATE);
    deliver_all(&b, &bag);
    assert_told(&b, "-room/ann{\"n\":1} ");
}

/* A history that cannot grow keeps the latest that it has room for. */
static void a_history_that_cannot_grow(void **state)
{
    for (unsigned i = 0; i < 20; i++)
        track(&b, i, "room", "ann", "{}");
    for (unsigned i = 0; i < 16; i++)
        untrack(&b, i, NULL, NULL);
    assert_int_equal(b.state->history.capacity, 16);
    heap_limit(0);
    assert_int_equal(untrack(&b, 16, NULL, NULL), 1);
    heap_unlimit();
    assert_int_equal(b.state->history.count, 16);
    assert_int_equal(b.state->history.since, 21); /* the first removal */
    assert_int_equal(pinion__presence_history_at(&b.state->history, 15).removed, 17);
}

/* ---- replicas ---- */

static int bring_up_a(void)
{
    return pinion__presence_replica_up(b.state, str("a"), 1, NULL);
}

static int bring_up_a_again(void)
{
    return pinion__presence_replica_up(b.state, str("a"), 2, NULL);
}

static void check_a_is_not_there(void)
{
    assert_null(pinion__presence_replica_find(b.state, str("a")));
}

static void check_a_is_in_its_first_life(void)
{
    assert_told(&b, "");
    assert_string_equal(listed(&b, "room"), "ann{\"n\":1} ");
}

static void a_replica_comes_up_or_not(void **state)
{
    assert_true(squeeze(bring_up_a, check_a_is_not_there) >= 2);
    assert_int_equal(track_ann(), 0);
    tell(&a, &b);
    b.told[0] = '\0';
    assert_true(squeeze(bring_up_a_again, check_a_is_in_its_first_life) >= 2);
    assert_told(&b, "-room/ann{\"n\":1} ");
}

/* Going down and coming up again takes none: who is here is not told wrong for want of memory. */
static void a_known_replica_goes_down_and_up_without_memory(void **state)
{
    struct pinion_presence_replica *replica = up(&b, "a", 1);
    assert_int_equal(track_ann(), 0);
    tell(&a, &b);
    b.told[0] = '\0';
    heap_limit(0);
    pinion__presence_replica_down(replica);
    assert_int_equal(bring_up_a(), 0);
    pinion__presence_replica_down(replica);
    pinion__presence_replica_remove(replica);
    heap_unlimit();
    assert_told(&b, "-room/ann{\"n\":1} +room/ann{\"n\":1} -room/ann{\"n\":1} ");
}

/* ---- messages ---- */

static struct pinion_presence_message message;
static size_t at; /* in the bag */

static int merge_next(void)
{
    assert_int_equal(pinion__presence_message_read(bag.messages[at], &message), 0);
    return pinion__presence_merge(b.state, &message);
}

/* What has been merged so far is true: the copy has no entry that the original does not have. */
static void check_copy(void)
{
    struct pinion_presence_replica *replica = pinion__presence_replica_find(b.state, str("a"));
    PINION_LIST_FOREACH (node, &replica->entries) {
        struct pinion_presence_entry *entry =
            PINION_CONTAINER_OF(node, struct pinion_presence_entry, in_replica);
        assert_true(pinion__presence_visible(entry));
    }
    assert_int_equal(pinion__presence_count(b.state, str("room")) +
                         pinion__presence_count(b.state, str("hall")),
                     replica->count);
}

static void crowd(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char key[16];
        snprintf(key, sizeof key, "user%u", i);
        track(&a, i, i % 2 ? "room" : "hall", key, "{}");
    }
}

static void check_agreement(void)
{
    struct pinion_presence_replica *replica = pinion__presence_replica_find(b.state, str("a"));
    assert_int_equal(replica->count, a.state->own->count);
    assert_int_equal(pinion__presence_count(b.state, str("room")),
                     pinion__presence_count(a.state, str("room")));
    assert_false(pinion__presence_replica_lacks(replica));
}

static void a_delta_is_merged_in_the_end(void **state)
{
    up(&b, "a", 1);
    crowd(0, 10);
    send_heartbeat(&a, 0, &bag);
    crowd(10, 20);
    send_heartbeat(&a, 0, &bag); /* is lost for now */
    for (unsigned i = 8; i < 12; i++)
        untrack(&a, i, NULL, NULL);
    send_heartbeat(&a, 0, &bag);
    at = 0;
    assert_true(squeeze(merge_next, check_copy) >= 3); /* each time it gets further */
    at = 2;
    assert_true(squeeze(merge_next, check_copy) >= 1); /* the clock must note what is not contiguous */
    at = 1;
    squeeze(merge_next, check_copy);
    check_agreement();
}

static void a_state_is_merged_in_the_end(void **state)
{
    up(&b, "a", 1);
    crowd(0, 30);
    tell(&a, &b);
    for (unsigned i = 0; i < 10; i++)
        untrack(&a, i, NULL, NULL);
    crowd(30, 60);
    send_heartbeat(&a, 200, &bag);
    assert_int_equal(bag.messages[0].ptr[1], PINION_PRESENCE_STATE);
    for (at = bag.count; at-- > 0;)
        squeeze(merge_next, check_copy);
    check_agreement();
}

static int emit(void *data, struct pinion_slice bytes)
{
    bool limited = heap.limited;
    heap.limited = false;
    int rc = put_in_bag(data, bytes);
    heap.limited = limited;
    return rc;
}

static int heartbeat(void)
{
    struct pinion_presence_output out = { .max = 200, .emit = emit, .data = &bag };
    return pinion__presence_heartbeat(a.state, &out);
}

/* What was sent before memory ran out is not sent again, and nothing is left out. */
static void a_heartbeat_is_sent_in_the_end(void **state)
{
    up(&b, "a", 1);
    crowd(0, 30);
    untrack(&a, 5, NULL, NULL);
    assert_true(squeeze(heartbeat, NULL) >= 2);
    deliver_all(&b, &bag);
    check_agreement();
}

#define with_peers(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_peers(a_new_state),
        with_peers(track_is_done_or_not),
        with_peers(update_is_done_or_not),
        with_peers(a_failed_update_changes_nothing),
        with_peers(untrack_needs_no_memory),
        with_peers(a_history_that_cannot_grow),
        with_peers(a_replica_comes_up_or_not),
        with_peers(a_known_replica_goes_down_and_up_without_memory),
        with_peers(a_delta_is_merged_in_the_end),
        with_peers(a_state_is_merged_in_the_end),
        with_peers(a_heartbeat_is_sent_in_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
