/* Taking in what others tell: in order, out of order, twice, in part. */
#include "presence/merge.h"
#include "presence/replica.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/presence.h"
#include "helpers/slices.h"

/* a tells, b listens. */
static struct peer a, b;
static struct bag bag;

static int begin(void **state)
{
    open_peer_with(
        &a, (struct pinion_presence_state_options){ .node = str("a"), .incarnation = 1, .history_max = 100 });
    open_peer(&b, "b", 1);
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

static struct pinion_presence_replica *copy(void)
{
    return pinion__presence_replica_find(b.state, str("a"));
}

static void deliver_one(size_t index)
{
    assert_int_equal(deliver(&b, bag.messages[index], 0, NULL), 0);
}

/* A message of its own for what was done. */
static void send(void)
{
    send_heartbeat(&a, 0, &bag);
}

/* ---- deltas ---- */

static void joins_and_leaves(void **state)
{
    track(&a, 1, "room", "ann", "{\"n\":1}");
    track(&a, 2, "hall", "bob", "{}");
    tell(&a, &b);
    assert_told(&b, "+room/ann{\"n\":1} +hall/bob{} ");
    untrack(&a, 2, NULL, NULL);
    assert_int_equal(try_update(&a, 1, "room", "ann", "{\"n\":2}"), 0);
    tell(&a, &b);
    assert_told(&b, "-room/ann{\"n\":1} -hall/bob{} +room/ann{\"n\":2} ");
    assert_string_equal(listed(&b, "room"), "ann{\"n\":2} ");
    assert_null(pinion__presence_topic(b.state, str("hall")));
}

static void an_entry_is_the_same_everywhere(void **state)
{
    char here[PINION_PRESENCE_REF_LEN + 1], there[PINION_PRESENCE_REF_LEN + 1];
    track(&a, 77, "room", "ann", "{}");
    tell(&a, &b);
    const struct pinion_presence_entry *original =
        pinion__presence_tracked(a.state, 77, str("room"), str("ann"));
    const struct pinion_presence_entry *entry =
        pinion__presence_first(pinion__presence_topic(b.state, str("room")));
    pinion__presence_ref(original, here);
    pinion__presence_ref(entry, there);
    assert_string_equal(here, there);
    assert_int_equal(entry->id, 77);
    assert_int_equal(entry->clock, original->clock);
    assert_slice(pinion__presence_replica_name(entry->replica), "a");
}

/* The same id on another node is another channel. */
static void ids_are_of_their_node(void **state)
{
    track(&b, 1, "room", "ann", "{\"b\":1}");
    track(&a, 1, "room", "ann", "{\"a\":1}");
    tell(&a, &b);
    assert_string_equal(listed(&b, "room"), "ann{\"b\":1} ann{\"a\":1} ");
    assert_int_equal(untrack(&b, 1, NULL, NULL), 1);
    assert_string_equal(listed(&b, "room"), "ann{\"a\":1} ");
    assert_int_equal(untrack(&b, 1, "room", "ann"), 0);
    assert_null(pinion__presence_tracked(b.state, 1, str("room"), str("ann")));
}

static void a_message_that_comes_twice_is_merged_once(void **state)
{
    track(&a, 1, "room", "ann", "{}");
    send();
    deliver_one(0);
    deliver_one(0);
    untrack(&a, 1, NULL, NULL);
    send();
    deliver_one(1);
    assert_told(&b, "+room/ann{} -room/ann{} ");
    deliver_one(0);
    deliver_one(1);
    assert_told(&b, "");
}

static void a_removal_that_comes_first_keeps_the_entry_out(void **state)
{
    track(&a, 1, "room", "ann", "{}");
    send();
    untrack(&a, 1, NULL, NULL);
    send();
    deliver_one(1);
    assert_true(pinion__presence_replica_lacks(copy()) == false); /* the removal makes its addition known */
    deliver_one(0);
    assert_told(&b, "");
    assert_int_equal(copy()->count, 0);
}

static void an_update_that_comes_first(void **state)
{
    track(&a, 1, "room", "ann", "{\"n\":1}");
    send();
    assert_int_equal(try_update(&a, 1, "room", "ann", "{\"n\":2}"), 0);
    send();
    deliver_one(1);
    deliver_one(0);
    assert_told(&b, "+room/ann{\"n\":2} ");
}

/* An update is two operations: were it one, the removal that the first update tells of would count as seen as
 * soon as the second update's message had said that the first one's entry is gone. */
static void of_three_updates_the_middle_one_comes_last(void **state)
{
    track(&a, 1, "room", "ann", "{\"n\":1}");
    send();
    assert_int_equal(try_update(&a, 1, "room", "ann", "{\"n\":2}"), 0);
    send();
    assert_int_equal(try_update(&a, 1, "room", "ann", "{\"n\":3}"), 0);
    send();
    deliver_one(0);
    deliver_one(2);
    assert_told(&b, "+room/ann{\"n\":1} +room/ann{\"n\":3} ");
    assert_true(pinion__presence_replica_lacks(copy()));
    deliver_one(1);
    assert_told(&b, "-room/ann{\"n\":1} ");
    assert_false(pinion__presence_replica_lacks(copy()));
}

static void what_is_lost_is_asked_for(void **state)
{
    track(&a, 1, "room", "ann", "{}");
    tell(&a, &b);
    untrack(&a, 1, NULL, NULL);
    track(&a, 2, "room", "bob", "{}");
    send(); /* is lost */
    track(&a, 3, "room", "cid", "{}");
    tell(&a, &b);
    assert_told(&b, "+room/ann{} +room/cid{} ");
    assert_true(pinion__presence_replica_lacks(copy()));
    assert_int_equal(ask(&b, &a, 0), PINION_PRESENCE_DELTA);
    assert_told(&b, "-room/ann{} +room/bob{} ");
    assert_false(pinion__presence_replica_lacks(copy()));
    assert_string_equal(listed(&b, "room"), "cid{} bob{} ");
}

static void an_empty_heartbeat_tells_that_something_is_lacking(void **state)
{
    track(&a, 1, "room", "ann", "{}");
    send();
    send();
    deliver_one(1);
    assert_true(pinion__presence_replica_lacks(copy()));
    deliver_one(0);
    assert_false(pinion__presence_replica_lacks(copy()));
}

/* ---- states ---- */

static void crowd(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char key[16];
        snprintf(key, sizeof key, "user%u", i);
        track(&a, i, "room", key, "{}");
    }
}

/* b knows the first 20 of 120; then all of those go and the removals are forgotten. The state is in the bag,
 * in several parts. */
static void prepare_state(void)
{
    struct pinion_presence_message request = { .kind = PINION_PRESENCE_REQUEST };
    struct pinion_presence_output out = { .max = 300, .emit = put_in_bag, .data = &bag };
    crowd(0, 20);
    tell(&a, &b);
    crowd(20, 140);
    for (unsigned i = 0; i < 20; i++)
        untrack(&a, i, NULL, NULL);
    for (unsigned i = 0; i < 101; i++)
        assert_int_equal(try_update(&a, 139, "room", "user139", "{}"), 0);
    request.asked = str("a");
    request.asked_incarnation = 1;
    request.known = copy()->known.base;
    b.told[0] = '\0';
    assert_int_equal(pinion__presence_answer(a.state, &request, &out), 0);
    assert_true(bag.count > 5);
    assert_int_equal(bag.messages[0].ptr[1], PINION_PRESENCE_STATE);
}

static void check_complete(void)
{
    assert_int_equal(copy()->count, 120);
    assert_int_equal(pinion__presence_count(b.state, str("room")), 120);
    assert_int_equal(copy()->known.base, a.state->own->known.base);
    assert_int_equal(copy()->snapshot.at, 0);
    assert_null(copy()->snapshot.parts.ranges);
    assert_null(pinion__presence_get(pinion__presence_topic(b.state, str("room")), str("user19")));
}

static void the_parts_of_a_state_in_order(void **state)
{
    prepare_state();
    size_t last = bag.count - 1;
    for (size_t i = 0; i < last; i++)
        deliver_one(i);
    assert_null(strchr(b.told, '-')); /* what has left leaves at the end */
    assert_int_equal(copy()->known.base, 20);
    deliver_one(last);
    check_complete();
}

static void the_parts_of_a_state_backwards_and_twice(void **state)
{
    prepare_state();
    for (size_t i = bag.count; i-- > 0;) {
        deliver_one(i);
        deliver_one(i);
    }
    check_complete();
    b.told[0] = '\0';
    deliver_one(2);
    assert_told(&b, "");
}

static void a_lost_part_may_come_with_the_next_answer(void **state)
{
    prepare_state();
    for (size_t i = 0; i < bag.count; i++) {
        if (i != 2)
            deliver_one(i);
    }
    assert_true(pinion__presence_replica_lacks(copy()));
    assert_int_equal(copy()->known.base, 20);
    assert_int_equal(ask(&b, &a, 300), PINION_PRESENCE_STATE);
    check_complete();
}

/* While the parts come, so do deltas: of what the state has, and of what is newer. */
static void a_delta_between_the_parts_of_a_state(void **state)
{
    struct bag newer = { 0 };
    prepare_state();
    send_heartbeat(&a, 0, &newer); /* another state, which is lost */
    empty(&newer);
    for (size_t i = 0; i < 3; i++)
        deliver_one(i);
    untrack(&a, 20, NULL, NULL);  /* was in the first part */
    untrack(&a, 138, NULL, NULL); /* will be in the last */
    crowd(140, 141);
    send_heartbeat(&a, 0, &newer);
    assert_int_equal(newer.messages[0].ptr[1], PINION_PRESENCE_DELTA);
    b.told[0] = '\0';
    deliver_all(&b, &newer);
    assert_told(&b, "-room/user20{} +room/user140{} ");
    for (size_t i = 3; i < bag.count; i++)
        deliver_one(i);
    assert_false(pinion__presence_replica_lacks(copy()));
    assert_int_equal(copy()->count, 119);
    assert_null(pinion__presence_get(pinion__presence_topic(b.state, str("room")), str("user20")));
    assert_null(pinion__presence_get(pinion__presence_topic(b.state, str("room")), str("user138")));
}

/* Two states under way at once, their parts mixed: the later one counts. */
static void a_later_state_takes_the_place_of_an_earlier_one(void **state)
{
    prepare_state();
    size_t earlier = bag.count;
    struct pinion_presence_message request = { .kind = PINION_PRESENCE_REQUEST };
    struct pinion_presence_output out = { .max = 300, .emit = put_in_bag, .data = &bag };
    request.asked = str("a");
    request.asked_incarnation = 1;
    untrack(&a, 20, NULL, NULL);
    crowd(140, 141);
    assert_int_equal(pinion__presence_answer(a.state, &request, &out), 0);
    for (size_t i = 0; i < earlier; i++) {
        deliver_one(i);
        if (earlier + i < bag.count)
            deliver_one(earlier + i);
    }
    for (size_t i = 2 * earlier; i < bag.count; i++)
        deliver_one(i);
    check_complete();
    assert_null(pinion__presence_get(pinion__presence_topic(b.state, str("room")), str("user20")));
}

/* ---- whose messages ---- */

static void strangers_are_not_merged(void **state)
{
    struct peer stranger;
    open_peer(&stranger, "c", 1);
    track(&stranger, 1, "room", "eve", "{}");
    send_heartbeat(&stranger, 0, &bag);
    assert_int_equal(deliver(&b, bag.messages[0], 0, NULL), PINION_ENOENT);
    assert_told(&b, "");
    close_peer(&stranger);
}

static void other_incarnations_are_not_merged(void **state)
{
    struct peer other;
    open_peer(&other, "a", 2);
    track(&other, 1, "room", "ann", "{}");
    send_heartbeat(&other, 0, &bag);
    assert_int_equal(deliver(&b, bag.messages[0], 0, NULL), PINION_ENOENT);
    up(&b, "a", 2);
    assert_int_equal(deliver(&b, bag.messages[0], 0, NULL), 0);
    assert_told(&b, "+room/ann{} ");
    close_peer(&other);
}

static void what_a_node_hears_of_itself_is_not_merged(void **state)
{
    track(&a, 1, "room", "ann", "{}");
    a.told[0] = '\0';
    send();
    assert_int_equal(deliver(&a, bag.messages[0], 0, NULL), PINION_ENOENT);
    assert_told(&a, "");
}

#define with_peers(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_peers(joins_and_leaves),
        with_peers(an_entry_is_the_same_everywhere),
        with_peers(ids_are_of_their_node),
        with_peers(a_message_that_comes_twice_is_merged_once),
        with_peers(a_removal_that_comes_first_keeps_the_entry_out),
        with_peers(an_update_that_comes_first),
        with_peers(of_three_updates_the_middle_one_comes_last),
        with_peers(what_is_lost_is_asked_for),
        with_peers(an_empty_heartbeat_tells_that_something_is_lacking),
        with_peers(the_parts_of_a_state_in_order),
        with_peers(the_parts_of_a_state_backwards_and_twice),
        with_peers(a_lost_part_may_come_with_the_next_answer),
        with_peers(a_delta_between_the_parts_of_a_state),
        with_peers(a_later_state_takes_the_place_of_an_earlier_one),
        with_peers(strangers_are_not_merged),
        with_peers(other_incarnations_are_not_merged),
        with_peers(what_a_node_hears_of_itself_is_not_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
