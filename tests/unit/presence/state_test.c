/* What a node's own channels do, and looking up. */
#include "presence/state.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/presence.h"
#include "helpers/random.h"
#include "helpers/slices.h"

static struct peer peer;

static int begin(void **state)
{
    open_peer(&peer, "a", 1);
    return 0;
}

static int finish(void **state)
{
    close_peer(&peer);
    return 0;
}

/* ---- track ---- */

static void what_is_tracked_is_told_and_found(void **state)
{
    const struct pinion_presence_entry *entry = NULL;
    struct pinion_presence_item item = item_of(7, "room", "ann", "{\"n\":1}");
    assert_int_equal(pinion__presence_track(peer.state, &item, &entry), 0);
    assert_told(&peer, "+room/ann{\"n\":1} ");
    assert_slice(pinion__presence_key(entry), "ann");
    assert_slice(pinion__presence_meta(entry), "{\"n\":1}");
    assert_slice(pinion__presence_topic_name(entry->topic), "room");
    assert_slice(pinion__presence_replica_name(entry->replica), "a");
    assert_int_equal(entry->id, 7);
    assert_true(pinion__presence_visible(entry));

    const struct pinion_presence_topic *topic = pinion__presence_topic(peer.state, str("room"));
    assert_ptr_equal(entry->topic, topic);
    assert_ptr_equal(pinion__presence_first(topic), entry);
    assert_null(pinion__presence_next(entry));
    assert_ptr_equal(pinion__presence_get(topic, str("ann")), entry);
    assert_null(pinion__presence_next_of_key(entry));
    assert_null(pinion__presence_get(topic, str("an")));
    assert_ptr_equal(pinion__presence_tracked(peer.state, 7, str("room"), str("ann")), entry);
}

static void an_id_tracks_one_key_on_one_topic_once(void **state)
{
    track(&peer, 1, "room", "ann", "{}");
    assert_int_equal(try_track(&peer, 1, "room", "ann", "{\"again\":1}"), PINION_EBUSY);
    track(&peer, 1, "room", "bob", "{}");
    track(&peer, 1, "hall", "ann", "{}");
    track(&peer, 2, "room", "ann", "{\"other\":1}");
    assert_told(&peer, "+room/ann{} +room/bob{} +hall/ann{} +room/ann{\"other\":1} ");
    assert_string_equal(listed(&peer, "room"), "ann{} ann{\"other\":1} bob{} ");
    assert_string_equal(listed(&peer, "hall"), "ann{} ");
}

static void counts_are_of_entries_and_of_keys(void **state)
{
    assert_int_equal(pinion__presence_count(peer.state, str("room")), 0);
    assert_null(pinion__presence_topic(peer.state, str("room")));
    track(&peer, 1, "room", "ann", "{}");
    track(&peer, 2, "room", "ann", "{}");
    track(&peer, 3, "room", "bob", "{}");
    assert_int_equal(pinion__presence_count(peer.state, str("room")), 3);
    assert_int_equal(pinion__presence_topic(peer.state, str("room"))->keys.count, 2);
    assert_int_equal(pinion__presence_count(peer.state, str("hall")), 0);
}

static void the_empty_key_is_a_key(void **state)
{
    struct pinion_presence_item item = { .topic = str("room"), .key = ANY, .meta = str("{}"), .id = 1 };
    track(&peer, 1, "room", "ann", "{}");
    assert_int_equal(pinion__presence_track(peer.state, &item, NULL), 0);
    assert_int_equal(pinion__presence_track(peer.state, &item, NULL), PINION_EBUSY);
    assert_string_equal(listed(&peer, "room"), "ann{} {} ");
    assert_int_equal(untrack(&peer, 1, "room", ""), 1);
    assert_string_equal(listed(&peer, "room"), "ann{} ");
}

static void keys_and_topics_may_hold_any_character(void **state)
{
    struct pinion_presence_item item = { .topic = LITERAL("r\0om"),
                                         .key = LITERAL("a\0\"\xc3\xa9"),
                                         .meta = LITERAL("{}") };
    assert_int_equal(pinion__presence_track(peer.state, &item, NULL), 0);
    const struct pinion_presence_topic *topic = pinion__presence_topic(peer.state, item.topic);
    assert_non_null(topic);
    assert_non_null(pinion__presence_get(topic, item.key));
    assert_null(pinion__presence_topic(peer.state, LITERAL("r\0on")));
    assert_null(pinion__presence_get(topic, LITERAL("a\0\"")));
}

/* ---- what is refused ---- */

static void check_refused(struct pinion_presence_item item, int expected)
{
    const struct pinion_presence_entry *entry = NULL;
    assert_int_equal(pinion__presence_item_check(&item), expected);
    assert_int_equal(pinion__presence_track(peer.state, &item, &entry), expected);
    assert_string_not_equal(pinion_error_detail(), "");
    assert_null(entry);
    assert_told(&peer, "");
    assert_int_equal(peer.state->topics.count, 0);
    assert_int_equal(peer.state->own->known.base, 0);
}

static void names_that_are_too_long_or_no_text(void **state)
{
    char name[256];
    memset(name, 'x', sizeof name);
    struct pinion_presence_item item = { .topic = LITERAL("room"),
                                         .key = LITERAL("k"),
                                         .meta = LITERAL("{}") };
    item.topic = pinion__slice(name, 256);
    check_refused(item, PINION_EINVAL);
    item.topic = LITERAL("");
    check_refused(item, PINION_EINVAL);
    item.topic = LITERAL("\xff");
    check_refused(item, PINION_EINVAL);
    item.topic = LITERAL("room");
    item.key = pinion__slice(name, 256);
    check_refused(item, PINION_EINVAL);
    item.key = LITERAL("\xed\xa0\x80");
    check_refused(item, PINION_EINVAL);
    item.topic = item.key = pinion__slice(name, 255);
    assert_int_equal(pinion__presence_track(peer.state, &item, NULL), 0);
    assert_string_equal(peer.told + 512, "{} ");
}

static void metas_that_are_no_objects(void **state)
{
    static const char *const metas[] = { "",    "[]",  "1",    "null",         "\"{}\"",
                                         " {}", "{} ", "{}{}", "{\"a\":}",     "{\"a\"}",
                                         "{",   "}",   "{}\n", "{\"a\":1E999}" };
    for (size_t i = 0; i < sizeof metas / sizeof *metas; i++)
        check_refused(item_of(1, "room", "ann", metas[i]), PINION_EINVAL);
}

static void a_meta_that_is_too_big(void **state)
{
    size_t len = PINION_PRESENCE_META_MAX + 1;
    char *meta = malloc(len);
    fill_meta(meta, len);
    struct pinion_presence_item item = { .topic = LITERAL("r"), .key = LITERAL("k"), .meta = { meta, len } };
    check_refused(item, PINION_ETOOBIG);
    fill_meta(meta, --item.meta.len);
    const struct pinion_presence_entry *entry = NULL;
    assert_int_equal(pinion__presence_track(peer.state, &item, &entry), 0);
    assert_true(pinion__slice_eq(pinion__presence_meta(entry), item.meta));
    free(meta);
}

static void check_no_state(struct pinion_presence_state_options options)
{
    struct pinion_presence_state *none = NULL;
    assert_int_equal(pinion__presence_state_new(&none, &options), PINION_EINVAL);
    assert_null(none);
}

static void a_node_needs_a_name_and_an_incarnation(void **state)
{
    char name[256];
    memset(name, 'x', sizeof name);
    check_no_state((struct pinion_presence_state_options){ .node = str(""), .incarnation = 1 });
    check_no_state((struct pinion_presence_state_options){ .node = str("a"), .incarnation = 0 });
    check_no_state((struct pinion_presence_state_options){ .node = str("a"),
                                                           .incarnation = PINION_PRESENCE_CLOCK_MAX + 1 });
    check_no_state(
        (struct pinion_presence_state_options){ .node = pinion__slice(name, 256), .incarnation = 1 });
}

/* ---- update ---- */

static void an_update_is_a_leave_and_a_join_with_another_ref(void **state)
{
    char before[PINION_PRESENCE_REF_LEN + 1], after[PINION_PRESENCE_REF_LEN + 1];
    const struct pinion_presence_entry *entry = NULL;
    struct pinion_presence_item item = item_of(1, "room", "ann", "{\"n\":1}");
    assert_int_equal(pinion__presence_track(peer.state, &item, &entry), 0);
    track(&peer, 2, "room", "bob", "{}");
    pinion__presence_ref(entry, before);
    peer.told[0] = '\0';
    item.meta = str("{\"n\":2}");
    assert_int_equal(pinion__presence_update(peer.state, &item, &entry), 0);
    assert_told(&peer, "-room/ann{\"n\":1} +room/ann{\"n\":2} ");
    pinion__presence_ref(entry, after);
    assert_string_not_equal(before, after);
    assert_ptr_equal(pinion__presence_tracked(peer.state, 1, str("room"), str("ann")), entry);
    assert_string_equal(listed(&peer, "room"), "ann{\"n\":2} bob{} ");
    assert_int_equal(pinion__presence_count(peer.state, str("room")), 2);
}

static void an_update_that_fails_changes_nothing(void **state)
{
    assert_int_equal(try_update(&peer, 1, "room", "ann", "{}"), PINION_ENOENT);
    track(&peer, 1, "room", "ann", "{}");
    assert_told(&peer, "+room/ann{} ");
    assert_int_equal(try_update(&peer, 1, "room", "bob", "{}"), PINION_ENOENT);
    assert_int_equal(try_update(&peer, 1, "hall", "ann", "{}"), PINION_ENOENT);
    assert_int_equal(try_update(&peer, 2, "room", "ann", "{}"), PINION_ENOENT);
    assert_int_equal(try_update(&peer, 1, "room", "ann", "[]"), PINION_EINVAL);
    assert_told(&peer, "");
    assert_string_equal(listed(&peer, "room"), "ann{} ");
}

/* ---- untrack ---- */

static void track_several(void)
{
    track(&peer, 1, "room", "ann", "{}");
    track(&peer, 1, "room", "bob", "{}");
    track(&peer, 1, "hall", "ann", "{}");
    track(&peer, 2, "room", "ann", "{\"two\":2}");
    peer.told[0] = '\0';
}

static void untrack_one(void **state)
{
    track_several();
    assert_int_equal(untrack(&peer, 1, "room", "ann"), 1);
    assert_told(&peer, "-room/ann{} ");
    assert_int_equal(untrack(&peer, 1, "room", "ann"), 0);
    assert_int_equal(untrack(&peer, 2, "room", "bob"), 0);
    assert_int_equal(untrack(&peer, 3, "room", "ann"), 0);
    assert_told(&peer, "");
    assert_string_equal(listed(&peer, "room"), "bob{} ann{\"two\":2} ");
}

static void untrack_all_of_an_id_on_a_topic(void **state)
{
    track_several();
    assert_int_equal(untrack(&peer, 1, "room", NULL), 2);
    assert_told(&peer, "-room/ann{} -room/bob{} ");
    assert_string_equal(listed(&peer, "hall"), "ann{} ");
}

static void untrack_all_of_an_id_under_a_key(void **state)
{
    track_several();
    assert_int_equal(untrack(&peer, 1, NULL, "ann"), 2);
    assert_told(&peer, "-room/ann{} -hall/ann{} ");
}

static void untrack_all_of_an_id(void **state)
{
    track_several();
    assert_int_equal(untrack(&peer, 1, NULL, NULL), 3);
    assert_told(&peer, "-room/ann{} -room/bob{} -hall/ann{} ");
    assert_null(pinion__presence_topic(peer.state, str("hall")));
    assert_int_equal(peer.state->topics.count, 1);
    assert_int_equal(untrack(&peer, 1, NULL, NULL), 0);
    assert_int_equal(untrack(&peer, 2, NULL, NULL), 1);
    assert_int_equal(peer.state->topics.count, 0);
}

/* ---- order, refs ---- */

static void order_is_that_of_coming(void **state)
{
    track(&peer, 1, "room", "c", "{}");
    track(&peer, 2, "room", "a", "{}");
    track(&peer, 3, "room", "b", "{}");
    track(&peer, 4, "room", "c", "{\"4\":4}");
    assert_string_equal(listed(&peer, "room"), "c{} c{\"4\":4} a{} b{} ");
    untrack(&peer, 1, "room", "c");
    assert_string_equal(listed(&peer, "room"), "a{} b{} c{\"4\":4} ");
    track(&peer, 1, "room", "c", "{}");
    assert_string_equal(listed(&peer, "room"), "a{} b{} c{\"4\":4} c{} ");
}

/* The tag is SipHash-1-3 of the node's name under the incarnation as key: no accident may change it, since
 * the nodes of a cluster need not run one version. */
static void a_ref_is_made_of_the_replica_and_the_clock(void **state)
{
    char ref[PINION_PRESENCE_REF_LEN + 1], other[PINION_PRESENCE_REF_LEN + 1];
    const struct pinion_presence_entry *entry = NULL;
    struct pinion_presence_item item = item_of(1, "room", "ann", "{}");
    struct peer restarted;
    assert_int_equal(pinion__presence_track(peer.state, &item, &entry), 0);
    pinion__presence_ref(entry, ref);
    assert_string_equal(ref, "XJhZDBFXAAAAAAAB");

    open_peer(&restarted, "a", 2);
    assert_int_equal(pinion__presence_track(restarted.state, &item, &entry), 0);
    pinion__presence_ref(entry, other);
    assert_string_not_equal(ref, other);
    close_peer(&restarted);
}

/* ---- against a table ---- */

enum { IDS = 12, TOPICS = 3, KEYS = 4, OPERATIONS = 40000 };

static struct {
    int meta; /* 0: not tracked */
    unsigned long came;
} table[IDS][TOPICS][KEYS];

static unsigned long now;

static const char *name_of(const char *prefix, unsigned i)
{
    static char names[4][16];
    static unsigned turn;
    char *name = names[turn++ % 4];
    snprintf(name, sizeof names[0], "%s%u", prefix, i);
    return name;
}

static size_t untrack_in_table(unsigned id, int topic, int key)
{
    size_t count = 0;
    for (int t = 0; t < TOPICS; t++) {
        for (int k = 0; k < KEYS; k++) {
            if ((topic >= 0 && t != topic) || (key >= 0 && k != key) || !table[id][t][k].meta)
                continue;
            table[id][t][k].meta = 0;
            count++;
        }
    }
    return count;
}

static void operate(struct random_source *source, int step)
{
    unsigned id = (unsigned)random_below(source, IDS);
    int topic = (int)random_below(source, TOPICS), key = (int)random_below(source, KEYS);
    bool there = table[id][topic][key].meta != 0;
    char meta[32];
    snprintf(meta, sizeof meta, "{\"n\":%d}", step + 1);
    switch (random_below(source, 8)) {
    case 0:
    case 1:
        assert_int_equal(try_update(&peer, id, name_of("t", topic), name_of("k", key), meta),
                         there ? 0 : PINION_ENOENT);
        break;
    case 2:
        topic = random_below(source, 2) ? topic : -1;
        key = random_below(source, 2) ? key : -1;
        assert_int_equal(untrack(&peer, id, topic < 0 ? NULL : name_of("t", (unsigned)topic),
                                 key < 0 ? NULL : name_of("k", (unsigned)key)),
                         untrack_in_table(id, topic, key));
        return;
    default:
        assert_int_equal(try_track(&peer, id, name_of("t", topic), name_of("k", key), meta),
                         there ? PINION_EBUSY : 0);
        there = !there;
        break;
    }
    if (there) {
        if (!table[id][topic][key].meta) /* an update keeps its place */
            table[id][topic][key].came = ++now;
        table[id][topic][key].meta = step + 1;
    }
}

/* Topic and key hold just what the table has, in its order. */
static void check_key(const struct pinion_presence_topic *topic, int t, int k)
{
    unsigned long last = 0;
    size_t count = 0;
    const struct pinion_presence_entry *entry = pinion__presence_get(topic, str(name_of("k", (unsigned)k)));
    for (; entry; entry = pinion__presence_next_of_key(entry), count++) {
        char meta[32];
        snprintf(meta, sizeof meta, "{\"n\":%d}", table[entry->id][t][k].meta);
        assert_true(pinion__slice_is(pinion__presence_meta(entry), meta));
        assert_true(table[entry->id][t][k].came > last);
        last = table[entry->id][t][k].came;
    }
    for (int id = 0; id < IDS; id++)
        count -= table[id][t][k].meta != 0;
    assert_int_equal(count, 0);
}

static void check_topic(int t)
{
    const struct pinion_presence_topic *topic =
        pinion__presence_topic(peer.state, str(name_of("t", (unsigned)t)));
    unsigned long last = 0;
    size_t count = 0;
    for (const struct pinion_presence_entry *entry = topic ? pinion__presence_first(topic) : NULL; entry;
         entry = pinion__presence_next(entry), count++) {
        unsigned long came = table[entry->id][t][pinion__presence_key(entry).ptr[1] - '0'].came;
        assert_true(came > last);
        last = came;
    }
    assert_int_equal(pinion__presence_count(peer.state, str(name_of("t", (unsigned)t))), count);
    for (int k = 0; topic && k < KEYS; k++)
        check_key(topic, t, k);
    for (int id = 0; id < IDS; id++) {
        for (int k = 0; k < KEYS; k++)
            count -= table[id][t][k].meta != 0;
    }
    assert_int_equal(count, 0);
}

static void it_does_what_a_table_would_do(void **state)
{
    struct random_source source = { 23 };
    memset(table, 0, sizeof table);
    for (int step = 0; step < OPERATIONS; step++) {
        operate(&source, step);
        peer.told[0] = '\0';
        for (int t = 0; step % 16 == 0 && t < TOPICS; t++)
            check_topic(t);
    }
}

/* A channel that tracks thousands of keys, and a key that thousands of channels are under, find their entries
 * without walking those thousands: only the one entry that is both would. */
static void many_of_an_id_and_many_of_a_key(void **state)
{
    enum { MANY = 5000 };
    for (unsigned i = 0; i < MANY; i++) {
        track(&peer, 1, "room", name_of("k", i), "{}");
        track(&peer, 10 + i, "room", "common", "{}");
        peer.told[0] = '\0';
    }
    assert_int_equal(pinion__presence_topic(peer.state, str("room"))->keys.count, MANY + 1);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(untrack(&peer, 1, "room", name_of("k", MANY - 1 - i)), 1);
        assert_int_equal(untrack(&peer, 10 + (i * 7919) % MANY, "room", "common"), 1);
        peer.told[0] = '\0';
    }
    assert_int_equal(peer.state->topics.count, 0);
}

#define with_peer(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_peer(what_is_tracked_is_told_and_found),
        with_peer(an_id_tracks_one_key_on_one_topic_once),
        with_peer(counts_are_of_entries_and_of_keys),
        with_peer(the_empty_key_is_a_key),
        with_peer(keys_and_topics_may_hold_any_character),
        with_peer(names_that_are_too_long_or_no_text),
        with_peer(metas_that_are_no_objects),
        with_peer(a_meta_that_is_too_big),
        cmocka_unit_test(a_node_needs_a_name_and_an_incarnation),
        with_peer(an_update_is_a_leave_and_a_join_with_another_ref),
        with_peer(an_update_that_fails_changes_nothing),
        with_peer(untrack_one),
        with_peer(untrack_all_of_an_id_on_a_topic),
        with_peer(untrack_all_of_an_id_under_a_key),
        with_peer(untrack_all_of_an_id),
        with_peer(order_is_that_of_coming),
        with_peer(a_ref_is_made_of_the_replica_and_the_clock),
        with_peer(it_does_what_a_table_would_do),
        with_peer(many_of_an_id_and_many_of_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
