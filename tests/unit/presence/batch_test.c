/* What waits to be told of a topic: what cancels what, what an update comes to, and how it is cut into diffs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/presence.h"
#include "presence/batch.h"

#define PLENTY 1000000

static struct pinion_presence_state *state_a;
static struct pinion_presence_batch *batch;
static uint64_t version;

static void note(void *data, const struct pinion_presence_entry *entry, bool joined)
{
    assert_int_equal(pinion__presence_batch_add(batch, entry, joined, ++version), 0);
}

static int begin(void **state)
{
    const struct pinion_presence_state_options options = { .node = str("a"),
                                                           .incarnation = 1,
                                                           .changed = note };
    version = 0;
    batch = pinion__presence_batch_new(str("room"), NULL);
    assert_non_null(batch);
    return pinion__presence_state_new(&state_a, &options);
}

static int finish(void **state)
{
    pinion__presence_state_free(state_a);
    pinion__presence_batch_free(batch);
    return 0;
}

static void give_a_list(void)
{
    batch->given = version;
}

/* ---- what an id does, under its own name; the meta says which it is ---- */

static struct pinion_presence_item item(uint64_t id, const char *key, const char *meta)
{
    return (
        struct pinion_presence_item){ .topic = str("room"), .key = str(key), .meta = str(meta), .id = id };
}

static void join(uint64_t id, const char *key, const char *meta)
{
    struct pinion_presence_item what = item(id, key, meta);
    assert_int_equal(pinion__presence_track(state_a, &what, NULL), 0);
}

static void leave(uint64_t id)
{
    assert_int_equal(pinion__presence_untrack(state_a, id, ANY, ANY), 1);
}

/* As pinion_presence_update does: with the ref of the one before. {"n":?} or {}. */
static void rename_to(uint64_t id, const char *key, int n)
{
    char meta[100], ref[PINION_PRESENCE_REF_LEN + 1];
    pinion__presence_ref(pinion__presence_tracked(state_a, id, str("room"), str(key)), ref);
    if (n)
        snprintf(meta, sizeof meta, "{\"n\":%d,\"phx_ref_prev\":\"%s\"}", n, ref);
    else
        snprintf(meta, sizeof meta, "{\"phx_ref_prev\":\"%s\"}", ref);
    struct pinion_presence_item what = item(id, key, meta);
    assert_int_equal(pinion__presence_update(state_a, &what, NULL), 0);
}

/* ---- what is told: "+key{meta} " and "-key{meta} ", with ^n for the ref of the n-th operation ---- */

static void number_refs(char *text)
{
    for (uint64_t clock = 1; clock < 10; clock++) {
        char ref[PINION_PRESENCE_REF_LEN + 1], *found;
        struct pinion_presence_entry entry = { .replica = state_a->own, .clock = clock };
        pinion__presence_ref(&entry, ref);
        while ((found = strstr(text, ref))) {
            found[0] = '^';
            found[1] = (char)('0' + clock);
            memmove(found + 2, found + PINION_PRESENCE_REF_LEN, strlen(found + PINION_PRESENCE_REF_LEN) + 1);
        }
    }
}

static const char *next_diff(size_t max)
{
    static char text[8192];
    struct pinion_list taken = PINION_LIST_HEAD(taken);
    size_t len = 0;
    text[0] = '\0';
    (void)pinion__presence_batch_take(batch, max, &taken);
    while (!pinion__list_empty(&taken)) {
        struct pinion_presence_change *change = pinion__presence_change_at(taken.next);
        struct pinion_slice key = pinion__presence_change_key(change);
        struct pinion_slice meta = pinion__presence_change_meta(change);
        len += (size_t)snprintf(text + len, sizeof text - len, "%c%.*s%.*s ", change->joined ? '+' : '-',
                                (int)key.len, key.ptr, (int)meta.len, meta.ptr);
        pinion__list_remove(&change->in_order);
        free(change);
    }
    number_refs(text);
    return text;
}

/* How many changes the next diff has. */
static size_t changes_taken(void)
{
    struct pinion_list taken = PINION_LIST_HEAD(taken);
    size_t count = 0;
    (void)pinion__presence_batch_take(batch, PLENTY, &taken);
    while (!pinion__list_empty(&taken)) {
        struct pinion_presence_change *change = pinion__presence_change_at(taken.next);
        pinion__list_remove(&change->in_order);
        free(change);
        count++;
    }
    return count;
}

#define assert_diff(expected) assert_string_equal(next_diff(PLENTY), (expected))

static void assert_nothing_waits(void)
{
    assert_true(pinion__presence_batch_empty(batch));
    assert_int_equal(batch->bytes, 0);
    assert_diff("");
}

/* ---- cancelling ---- */

static void who_joins_and_leaves_was_not_here(void **state)
{
    join(1, "ann", "{}");
    leave(1);
    assert_nothing_waits();
    join(2, "bob", "{}");
    join(1, "ann", "{}");
    leave(1);
    assert_diff("+bob{} ");
}

static void whoever_has_a_list_hears_of_both(void **state)
{
    join(1, "ann", "{}");
    give_a_list();
    join(2, "bob", "{}");
    leave(1);
    leave(2);
    assert_diff("+ann{} -ann{} ");
    assert_nothing_waits();
}

static void who_was_told_leaves(void **state)
{
    join(1, "ann", "{}");
    assert_diff("+ann{} ");
    leave(1);
    assert_diff("-ann{} ");
    assert_nothing_waits();
}

/* ---- updates ---- */

static void many_updates_are_one(void **state)
{
    join(1, "ann", "{}");
    assert_diff("+ann{} ");
    for (int n = 1; n <= 50000; n++)
        rename_to(1, "ann", n);
    assert_in_range(batch->bytes, 1, 300);
    assert_diff("-ann{} +ann{\"n\":50000,\"phx_ref_prev\":\"^1\"} ");
    assert_nothing_waits();
}

/* There is none before that anybody knows. */
static void a_join_that_is_updated_replaces_nothing(void **state)
{
    join(1, "ann", "{}");
    rename_to(1, "ann", 0);
    assert_diff("+ann{} ");
    leave(1);
    assert_diff("-ann{\"phx_ref_prev\":\"^1\"} ");
    join(1, "bob", "{\"a\":1}");
    rename_to(1, "bob", 1);
    rename_to(1, "bob", 2);
    assert_diff("+bob{\"n\":2} ");
}

static void an_update_that_was_given_is_told(void **state)
{
    join(1, "ann", "{}");
    assert_diff("+ann{} ");
    rename_to(1, "ann", 1); /* 3 */
    give_a_list();
    rename_to(1, "ann", 2); /* 5 */
    rename_to(1, "ann", 3);
    assert_diff("-ann{} +ann{\"n\":1,\"phx_ref_prev\":\"^1\"} -ann{\"n\":1,\"phx_ref_prev\":\"^1\"} "
                "+ann{\"n\":3,\"phx_ref_prev\":\"^3\"} ");
}

static void an_update_and_then_gone(void **state)
{
    join(1, "ann", "{}");
    assert_diff("+ann{} ");
    rename_to(1, "ann", 1);
    rename_to(1, "ann", 2);
    leave(1);
    join(1, "ann", "{\"new\":1}"); /* another, which replaces nothing */
    assert_diff("-ann{} +ann{\"new\":1} ");
}

/* ---- those of another node, which leave and come back ---- */

static const struct pinion_presence_entry *tracked(uint64_t id, const char *key)
{
    return pinion__presence_tracked(state_a, id, str("room"), str(key));
}

static void who_left_and_came_back_was_never_away(void **state)
{
    join(1, "ann", "{}");
    assert_diff("+ann{} ");
    for (int i = 0; i < 3; i++) {
        note(NULL, tracked(1, "ann"), false);
        note(NULL, tracked(1, "ann"), true);
    }
    assert_nothing_waits();
    leave(1);
    assert_diff("-ann{} ");
}

/* The refs are the same: in one diff, clients would take the join in before the leave. */
static void who_was_seen_to_be_away_is_told_in_two_diffs(void **state)
{
    join(1, "ann", "{}");
    join(2, "bob", "{}");
    join(3, "cleo", "{}");
    assert_diff("+ann{} +bob{} +cleo{} ");
    note(NULL, tracked(1, "ann"), false);
    note(NULL, tracked(2, "bob"), false);
    note(NULL, tracked(3, "cleo"), false);
    give_a_list();
    note(NULL, tracked(1, "ann"), true);
    note(NULL, tracked(2, "bob"), true);
    assert_diff("-ann{} -bob{} -cleo{} ");
    assert_diff("+ann{} +bob{} ");
    assert_nothing_waits();
}

/* ---- cutting ---- */

static void what_is_too_much_for_one_diff_is_told_in_several(void **state)
{
    join(1, "a", "{}");
    join(2, "b", "{}");
    join(3, "c", "{}");
    size_t one = batch->bytes / 3;
    assert_string_equal(next_diff(2 * one), "+a{} +b{} ");
    assert_int_equal(batch->bytes, one);
    join(4, "d", "{}");
    leave(1);
    assert_string_equal(next_diff(2 * one - 1), "+c{} ");
    assert_string_equal(next_diff(1), "+d{} "); /* one at least */
    assert_string_equal(next_diff(1), "-a{} ");
    assert_nothing_waits();
}

/* A key must not be gone between two diffs, however long ago its update began. */
static void an_update_is_not_torn_apart(void **state)
{
    join(1, "ann", "{}");
    assert_diff("+ann{} ");
    rename_to(1, "ann", 1);
    join(2, "bob", "{}");
    rename_to(1, "ann", 2);
    assert_string_equal(next_diff(1), "-ann{} +ann{\"n\":2,\"phx_ref_prev\":\"^1\"} ");
    assert_string_equal(next_diff(1), "+bob{} ");
    assert_nothing_waits();
}

/* Of which clients may know different parts. */
static void what_some_have_been_shown_is_told_in_short_diffs(void **state)
{
    char key[16];
    for (uint64_t id = 1; id <= 2 * PINION_PRESENCE_PARTIAL_MAX + 1; id++) {
        snprintf(key, sizeof key, "user%u", (unsigned)id);
        join(id, key, "{}");
        if (id == PINION_PRESENCE_PARTIAL_MAX + 1)
            batch->pushed = batch->given = version; /* the rest is newer than any state */
    }
    size_t lens[3] = { 0 };
    for (int i = 0; i < 3; i++)
        lens[i] = changes_taken();
    assert_int_equal(lens[0], PINION_PRESENCE_PARTIAL_MAX);
    assert_int_equal(lens[1], PINION_PRESENCE_PARTIAL_MAX);
    assert_int_equal(lens[2], 1);
    for (uint64_t id = 1; id <= 2 * PINION_PRESENCE_PARTIAL_MAX + 1; id++)
        leave(id);
    assert_int_equal(changes_taken(), 2 * PINION_PRESENCE_PARTIAL_MAX + 1); /* nobody knows of these */
    assert_nothing_waits();
}

#define with_batch(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_batch(who_joins_and_leaves_was_not_here),
        with_batch(whoever_has_a_list_hears_of_both),
        with_batch(who_was_told_leaves),
        with_batch(many_updates_are_one),
        with_batch(a_join_that_is_updated_replaces_nothing),
        with_batch(an_update_that_was_given_is_told),
        with_batch(an_update_and_then_gone),
        with_batch(who_left_and_came_back_was_never_away),
        with_batch(who_was_seen_to_be_away_is_told_in_two_diffs),
        with_batch(what_is_too_much_for_one_diff_is_told_in_several),
        with_batch(an_update_is_not_torn_apart),
        with_batch(what_some_have_been_shown_is_told_in_short_diffs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
