/* Other nodes that come up, go down, come back, restart, and are gone for good. */
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

static int begin(void **state)
{
    open_peer(&a, "a", 5);
    open_peer(&b, "b", 1);
    return 0;
}

static int finish(void **state)
{
    close_peer(&a);
    close_peer(&b);
    return 0;
}

/* b has a copy of a's two entries. */
static struct pinion_presence_replica *copy_of_two(void)
{
    struct pinion_presence_replica *replica = up(&b, "a", 5);
    track(&a, 1, "room", "ann", "{}");
    track(&a, 2, "room", "bob", "{}");
    tell(&a, &b);
    assert_told(&b, "+room/ann{} +room/bob{} ");
    return replica;
}

static void what_is_down_is_invisible_until_it_is_up(void **state)
{
    struct pinion_presence_replica *replica = copy_of_two();
    track(&b, 1, "room", "cid", "{}");
    b.told[0] = '\0';
    pinion__presence_replica_down(replica);
    assert_told(&b, "-room/ann{} -room/bob{} ");
    assert_string_equal(listed(&b, "room"), "cid{} ");
    assert_int_equal(pinion__presence_count(b.state, str("room")), 1);
    assert_int_equal(replica->count, 2);
    pinion__presence_replica_down(replica);
    assert_told(&b, "");

    assert_ptr_equal(up(&b, "a", 5), replica);
    assert_told(&b, "+room/ann{} +room/bob{} ");
    assert_string_equal(listed(&b, "room"), "cid{} ann{} bob{} ");
    up(&b, "a", 5);
    assert_told(&b, "");
}

static void a_topic_of_only_invisible_entries_is_none(void **state)
{
    pinion__presence_replica_down(copy_of_two());
    assert_null(pinion__presence_topic(b.state, str("room")));
    assert_int_equal(pinion__presence_count(b.state, str("room")), 0);
    track(&b, 9, "room", "ann", "{\"mine\":1}");
    assert_string_equal(listed(&b, "room"), "ann{\"mine\":1} ");
}

static void what_is_down_changes_silently(void **state)
{
    struct pinion_presence_replica *replica = copy_of_two();
    pinion__presence_replica_down(replica);
    b.told[0] = '\0';
    untrack(&a, 1, NULL, NULL);
    track(&a, 3, "hall", "cid", "{}");
    tell(&a, &b);
    assert_told(&b, "");
    up(&b, "a", 5);
    assert_told(&b, "+room/bob{} +hall/cid{} ");
}

static void what_is_removed_is_forgotten(void **state)
{
    pinion__presence_replica_remove(copy_of_two());
    assert_told(&b, "-room/ann{} -room/bob{} ");
    assert_null(pinion__presence_replica_find(b.state, str("a")));
    assert_int_equal(b.state->topics.count, 0);
    assert_false(pinion__presence_replica_lacks(up(&b, "a", 5)));
    untrack(&a, 1, NULL, NULL);
    tell(&a, &b);
    assert_told(&b, "");
    assert_int_equal(ask(&b, &a, 0), PINION_PRESENCE_DELTA);
    assert_told(&b, "+room/bob{} ");
}

static void what_is_removed_while_down_leaves_once(void **state)
{
    struct pinion_presence_replica *replica = copy_of_two();
    pinion__presence_replica_down(replica);
    assert_told(&b, "-room/ann{} -room/bob{} ");
    pinion__presence_replica_remove(replica);
    assert_told(&b, "");
    assert_int_equal(b.state->topics.count, 0);
}

static void a_restarted_node_begins_anew(void **state)
{
    copy_of_two();
    close_peer(&a);
    open_peer(&a, "a", 6);
    track(&a, 1, "room", "ann", "{\"again\":1}");
    struct pinion_presence_replica *replica = up(&b, "a", 6);
    assert_told(&b, "-room/ann{} -room/bob{} ");
    assert_int_equal(replica->incarnation, 6);
    assert_int_equal(replica->known.base, 0);
    tell(&a, &b);
    assert_told(&b, "+room/ann{\"again\":1} ");
}

static void a_late_message_of_an_earlier_life_is_none(void **state)
{
    struct pinion_presence_replica *none = NULL;
    copy_of_two();
    up(&b, "a", 6);
    b.told[0] = '\0';
    assert_int_equal(pinion__presence_replica_up(b.state, str("a"), 5, &none), PINION_ECLOSED);
    assert_null(none);
    assert_int_equal(pinion__presence_replica_find(b.state, str("a"))->incarnation, 6);
    struct bag late = { 0 };
    send_heartbeat(&a, 0, &late);
    assert_int_equal(deliver(&b, late.messages[0], 0, NULL), PINION_ENOENT);
    assert_told(&b, "");
    empty(&late);
}

/* The node's clock was set back before it restarted: it is not shut out for good. */
static void a_lower_incarnation_takes_the_place_of_one_that_is_down(void **state)
{
    struct pinion_presence_replica *replica = copy_of_two();
    pinion__presence_replica_down(replica);
    b.told[0] = '\0';
    replica = up(&b, "a", 4);
    assert_int_equal(replica->incarnation, 4);
    assert_int_equal(replica->count, 0);
    assert_told(&b, "");
}

static void names_and_incarnations_that_cannot_be(void **state)
{
    struct pinion_presence_replica *none = NULL;
    char name[256];
    memset(name, 'x', sizeof name);
    assert_int_equal(pinion__presence_replica_up(b.state, str(""), 1, &none), PINION_EINVAL);
    assert_int_equal(pinion__presence_replica_up(b.state, pinion__slice(name, 256), 1, &none), PINION_EINVAL);
    assert_int_equal(pinion__presence_replica_up(b.state, str("c"), 0, &none), PINION_EINVAL);
    assert_int_equal(pinion__presence_replica_up(b.state, str("c"), PINION_PRESENCE_CLOCK_MAX + 1, &none),
                     PINION_EINVAL);
    assert_int_equal(pinion__presence_replica_up(b.state, str("b"), 2, &none), PINION_EINVAL);
    assert_null(none);
    assert_null(pinion__presence_replica_next(b.state, NULL));
    assert_int_equal(pinion__presence_replica_up(b.state, pinion__slice(name, 255), 1, NULL), 0);
}

static void replicas_one_after_the_other(void **state)
{
    assert_null(pinion__presence_replica_next(b.state, NULL));
    struct pinion_presence_replica *c = up(&b, "c", 1), *d = up(&b, "d", 1), *e = up(&b, "e", 1);
    assert_ptr_equal(pinion__presence_replica_next(b.state, NULL), c);
    assert_ptr_equal(pinion__presence_replica_next(b.state, c), d);
    assert_ptr_equal(pinion__presence_replica_next(b.state, d), e);
    assert_null(pinion__presence_replica_next(b.state, e));
    pinion__presence_replica_remove(d);
    assert_ptr_equal(pinion__presence_replica_next(b.state, c), e);
    assert_ptr_equal(pinion__presence_replica_find(b.state, str("b")), b.state->own);
}

/* Nodes of one name in two lives, or of two names, never give one ref to two entries. */
static void refs_differ_between_nodes_and_lives(void **state)
{
    static const char *const names[] = { "a", "b", "a@host", "b@host", "c" };
    enum { NAMES = 5, LIVES = 4, ALL = NAMES * LIVES };
    char refs[ALL][PINION_PRESENCE_REF_LEN + 1];
    for (size_t i = 0; i < ALL; i++) {
        struct peer peer;
        open_peer(&peer, names[i % NAMES], 1 + i / NAMES);
        track(&peer, 1, "room", "ann", "{}");
        pinion__presence_ref(pinion__presence_tracked(peer.state, 1, str("room"), str("ann")), refs[i]);
        close_peer(&peer);
        assert_int_equal(strlen(refs[i]), PINION_PRESENCE_REF_LEN);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(refs[i], refs[j]);
    }
}

#define with_peers(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_peers(what_is_down_is_invisible_until_it_is_up),
        with_peers(a_topic_of_only_invisible_entries_is_none),
        with_peers(what_is_down_changes_silently),
        with_peers(what_is_removed_is_forgotten),
        with_peers(what_is_removed_while_down_leaves_once),
        with_peers(a_restarted_node_begins_anew),
        with_peers(a_late_message_of_an_earlier_life_is_none),
        with_peers(a_lower_incarnation_takes_the_place_of_one_that_is_down),
        with_peers(names_and_incarnations_that_cannot_be),
        with_peers(replicas_one_after_the_other),
        cmocka_unit_test(refs_differ_between_nodes_and_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
