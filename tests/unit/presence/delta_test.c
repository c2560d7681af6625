/* What a node tells others, as messages; that they take it in rightly is merge_test.c. */
#include "presence/delta.h"
#include "presence/replica.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/presence.h"
#include "helpers/slices.h"

static struct peer a, b;
static struct bag bag;

static int begin(void **state)
{
    open_peer(&a, "a", 1);
    open_peer(&b, "b", 1);
    up(&a, "b", 1);
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

static struct pinion_presence_message message_at(size_t index)
{
    struct pinion_presence_message message;
    assert_true(index < bag.count);
    assert_int_equal(pinion__presence_message_read(bag.messages[index], &message), 0);
    return message;
}

/* ---- heartbeats ---- */

static void a_heartbeat_carries_what_is_new_once(void **state)
{
    track(&a, 1, "room", "ann", "{}");
    track(&a, 2, "room", "bob", "{}");
    assert_true(pinion__presence_has_news(a.state));
    send_heartbeat(&a, 0, &bag);
    assert_false(pinion__presence_has_news(a.state));
    assert_slice(bag.messages[0], "\x01\x01\x01"
                                  "a\x01\0\x02\0\x02"
                                  "\x01\0\x04room\x03"
                                  "ann\x01\x02{}"
                                  "\x01\0\x03"
                                  "bob\x02\x02{}");
    send_heartbeat(&a, 0, &bag);
    assert_slice(bag.messages[1], "\x01\x01\x01"
                                  "a\x01\x02\0\0\0");
    untrack(&a, 1, "room", "ann");
    send_heartbeat(&a, 0, &bag);
    assert_slice(bag.messages[2], "\x01\x01\x01"
                                  "a\x01\x02\x01\x01\x01\0");
    assert_int_equal(bag.count, 3);
}

static void the_first_says_that_there_is_nothing(void **state)
{
    assert_false(pinion__presence_has_news(a.state));
    send_heartbeat(&a, 0, &bag);
    assert_slice(bag.messages[0], "\x01\x01\x01"
                                  "a\x01\0\0\0\0");
}

static void what_came_and_went_between_two_is_only_a_removal(void **state)
{
    track(&a, 1, "room", "ann", "{}");
    assert_int_equal(try_update(&a, 1, "room", "ann", "{\"n\":2}"), 0);
    assert_int_equal(try_update(&a, 1, "room", "ann", "{\"n\":3}"), 0);
    send_heartbeat(&a, 0, &bag);
    assert_slice(bag.messages[0], "\x01\x01\x01"
                                  "a\x01\0\x05\x02\x01\x02\x01"
                                  "\x05\0\x04room\x03"
                                  "ann\x01\x07{\"n\":3}");
}

/* What others do is not this node's to tell. */
static void each_tells_of_its_own(void **state)
{
    track(&b, 1, "room", "bob", "{}");
    tell(&b, &a);
    assert_int_equal(pinion__presence_count(a.state, str("room")), 1);
    assert_false(pinion__presence_has_news(a.state));
    send_heartbeat(&a, 0, &bag);
    assert_slice(bag.messages[0], "\x01\x01\x01"
                                  "a\x01\0\0\0\0");
}

/* ---- several messages ---- */

static void crowd(struct peer *peer, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "user%u", i);
        track(peer, i, i % 3 ? "room" : "hall", key, "{\"status\":\"here\"}");
        peer->told[0] = '\0';
    }
}

/* They follow each other without a gap, none is too long, and all but the last are well filled. */
static void check_parts(size_t max, enum pinion_presence_kind kind, uint64_t from, uint64_t to)
{
    for (size_t i = 0; i < bag.count; i++) {
        struct pinion_presence_message message = message_at(i);
        assert_int_equal(message.kind, kind);
        assert_true(bag.messages[i].len <= max);
        assert_true(i == bag.count - 1 || bag.messages[i].len > max / 3);
        assert_int_equal(message.from, from);
        assert_true(message.to > from || to == from);
        from = message.to;
    }
    assert_int_equal(from, to);
}

static void much_that_is_new_comes_in_several_messages(void **state)
{
    crowd(&a, 500);
    send_heartbeat(&a, 2048, &bag);
    assert_true(bag.count > 5);
    check_parts(2048, PINION_PRESENCE_DELTA, 0, 500);
    deliver_all(&b, &bag);
    assert_int_equal(pinion__presence_count(b.state, str("room")), 333);
    assert_int_equal(pinion__presence_count(b.state, str("hall")), 167);

    for (unsigned i = 0; i < 500; i += 2)
        untrack(&a, i * 7 % 500, NULL, NULL);
    send_heartbeat(&a, 300, &bag);
    assert_true(bag.count > 1);
    check_parts(300, PINION_PRESENCE_DELTA, 500, a.state->own->known.base);
    deliver_all(&b, &bag);
    assert_int_equal(up(&b, "a", 1)->count, 250);
}

static void an_entry_that_is_too_long_travels_alone(void **state)
{
    char meta[1000];
    fill_meta(meta, sizeof meta - 1);
    meta[sizeof meta - 1] = '\0';
    for (unsigned i = 0; i < 3; i++)
        track(&a, i, "room", "ann", meta);
    send_heartbeat(&a, 1, &bag);
    assert_int_equal(bag.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(message_at(i).entry_count, 1);
    deliver_all(&b, &bag);
    assert_int_equal(pinion__presence_count(b.state, str("room")), 3);
}

static int refuse_second(void *data, struct pinion_slice message)
{
    return bag.count == 1 ? PINION_EBUSY : put_in_bag(data, message);
}

static void what_was_not_sent_is_sent_the_next_time(void **state)
{
    struct pinion_presence_output out = { .max = 2048, .emit = refuse_second, .data = &bag };
    crowd(&a, 500);
    assert_int_equal(pinion__presence_heartbeat(a.state, &out), PINION_EBUSY);
    assert_int_equal(bag.count, 1);
    assert_true(pinion__presence_has_news(a.state));
    send_heartbeat(&a, 2048, &bag);
    check_parts(2048, PINION_PRESENCE_DELTA, 0, 500);
}

/* ---- requests and answers ---- */

static void a_request_says_what_is_known(void **state)
{
    struct pinion_buf request;
    track(&a, 1, "room", "ann", "{}");
    tell(&a, &b);
    pinion__buf_init(&request, 100);
    assert_int_equal(pinion__presence_request(up(&b, "a", 1), &request), 0);
    assert_slice(pinion__slice(request.data, request.len), "\x01\x03\x01"
                                                           "b\x01\x01"
                                                           "a\x01\x01");
    pinion__buf_release(&request);
}

static void who_lacks_nothing_gets_nothing(void **state)
{
    track(&a, 1, "room", "ann", "{}");
    tell(&a, &b);
    assert_int_equal(ask(&b, &a, 0), 0);
}

static void what_is_at_hand_is_answered_by_a_delta(void **state)
{
    track(&a, 1, "room", "ann", "{}");
    tell(&a, &b);
    track(&a, 2, "room", "bob", "{}");
    untrack(&a, 1, "room", "ann");
    send_heartbeat(&a, 0, &bag); /* is lost */
    b.told[0] = '\0';
    assert_int_equal(ask(&b, &a, 0), PINION_PRESENCE_DELTA);
    assert_told(&b, "-room/ann{} +room/bob{} ");
}

/* Of a thousand tracks none needs to be remembered: they are all there. */
static void tracks_are_always_at_hand(void **state)
{
    crowd(&a, 1000);
    assert_int_equal(ask(&b, &a, 0), PINION_PRESENCE_DELTA);
    assert_int_equal(pinion__presence_count(b.state, str("room")), 666);
}

static void forgotten_removals_are_answered_by_the_whole_state(void **state)
{
    struct peer c;
    open_peer_with(
        &c, (struct pinion_presence_state_options){ .node = str("c"), .incarnation = 1, .history_max = 3 });
    up(&b, "c", 1);
    crowd(&c, 10);
    tell(&c, &b);
    for (unsigned i = 0; i < 3; i++)
        untrack(&c, i, NULL, NULL);
    assert_int_equal(ask(&b, &c, 0), PINION_PRESENCE_DELTA);
    for (unsigned i = 3; i < 7; i++)
        untrack(&c, i, NULL, NULL);
    b.told[0] = '\0';
    assert_int_equal(ask(&b, &c, 0), PINION_PRESENCE_STATE);
    assert_told(&b, "-hall/user3{\"status\":\"here\"} -room/user4{\"status\":\"here\"} "
                    "-room/user5{\"status\":\"here\"} -hall/user6{\"status\":\"here\"} ");
    assert_int_equal(ask(&b, &c, 0), 0);
    close_peer(&c);
}

/* More removals between two heartbeats than are remembered. */
static void a_heartbeat_may_need_the_whole_state(void **state)
{
    struct peer c;
    open_peer_with(
        &c, (struct pinion_presence_state_options){ .node = str("c"), .incarnation = 1, .history_max = 3 });
    up(&b, "c", 1);
    crowd(&c, 100);
    tell(&c, &b);
    for (unsigned i = 0; i < 50; i++)
        untrack(&c, i, NULL, NULL);
    send_heartbeat(&c, 500, &bag);
    assert_true(bag.count > 2);
    check_parts(500, PINION_PRESENCE_STATE, 0, 150);
    deliver_all(&b, &bag);
    assert_int_equal(up(&b, "c", 1)->count, 50);
    assert_false(pinion__presence_has_news(c.state));
    assert_false(pinion__presence_replica_lacks(up(&b, "c", 1)));
    close_peer(&c);
}

static void a_state_may_be_empty(void **state)
{
    struct peer c;
    open_peer_with(
        &c, (struct pinion_presence_state_options){ .node = str("c"), .incarnation = 1, .history_max = 1 });
    up(&b, "c", 1);
    crowd(&c, 3);
    tell(&c, &b);
    for (unsigned i = 0; i < 3; i++)
        untrack(&c, i, NULL, NULL);
    send_heartbeat(&c, 0, &bag);
    assert_slice(bag.messages[0], "\x01\x02\x01"
                                  "c\x01\x06\0\x06\0");
    deliver_all(&b, &bag);
    assert_int_equal(up(&b, "c", 1)->count, 0);
    close_peer(&c);
}

static void check_unanswered(const char *asked, uint64_t incarnation, uint64_t known)
{
    struct pinion_presence_output out = { .emit = put_in_bag, .data = &bag };
    struct pinion_presence_message request = { .kind = PINION_PRESENCE_REQUEST, .node = str("b") };
    request.asked = str(asked);
    request.asked_incarnation = incarnation;
    request.known = known;
    assert_int_equal(pinion__presence_answer(a.state, &request, &out), 0);
    assert_int_equal(bag.count, 0);
}

static void requests_to_somebody_else_are_not_answered(void **state)
{
    track(&a, 1, "room", "ann", "{}");
    check_unanswered("b", 1, 0);
    check_unanswered("a", 2, 0);
    check_unanswered("a", 1, 1);
    check_unanswered("a", 1, PINION_PRESENCE_CLOCK_MAX);
}

/* An answer is for one; the next heartbeat is for all. */
static void an_answer_is_no_heartbeat(void **state)
{
    track(&a, 1, "room", "ann", "{}");
    assert_int_equal(ask(&b, &a, 0), PINION_PRESENCE_DELTA);
    assert_true(pinion__presence_has_news(a.state));
    b.told[0] = '\0';
    tell(&a, &b);
    assert_told(&b, "");
}

#define with_peers(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_peers(a_heartbeat_carries_what_is_new_once),
        with_peers(the_first_says_that_there_is_nothing),
        with_peers(what_came_and_went_between_two_is_only_a_removal),
        with_peers(each_tells_of_its_own),
        with_peers(much_that_is_new_comes_in_several_messages),
        with_peers(an_entry_that_is_too_long_travels_alone),
        with_peers(what_was_not_sent_is_sent_the_next_time),
        with_peers(a_request_says_what_is_known),
        with_peers(who_lacks_nothing_gets_nothing),
        with_peers(what_is_at_hand_is_answered_by_a_delta),
        with_peers(tracks_are_always_at_hand),
        with_peers(forgotten_removals_are_answered_by_the_whole_state),
        with_peers(a_heartbeat_may_need_the_whole_state),
        with_peers(a_state_may_be_empty),
        with_peers(requests_to_somebody_else_are_not_answered),
        with_peers(an_answer_is_no_heartbeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
