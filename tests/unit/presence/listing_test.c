/* Presences as clients get them: lists of entries, and of changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/presence.h"
#include "presence/listing.h"

static struct peer peer;
static struct pinion_presence_batch *batch;

static int begin(void **state)
{
    open_peer(&peer, "node", 7);
    batch = pinion__presence_batch_new(str("room"), NULL);
    assert_non_null(batch);
    return 0;
}

static int finish(void **state)
{
    pinion__presence_batch_free(batch);
    close_peer(&peer);
    return 0;
}

static const struct pinion_presence_topic *room(void)
{
    return pinion__presence_topic(peer.state, str("room"));
}

/* The ref of the clock-th operation, which `%n` in what is expected stands for. */
static void put_ref(char *out, uint64_t clock)
{
    struct pinion_presence_entry entry = { .replica = peer.state->own, .clock = clock };
    pinion__presence_ref(&entry, out);
}

/* Consumes the payload. */
static void check(pinion_payload *list, const char *expected)
{
    char text[1000];
    size_t len = 0, actual_len;
    const char *actual = pinion_payload_bytes(list, &actual_len);
    for (; *expected; expected++) {
        if (*expected != '%') {
            text[len++] = *expected;
            continue;
        }
        put_ref(text + len, (uint64_t)(*++expected - '0'));
        len += PINION_PRESENCE_REF_LEN;
    }
    text[len] = '\0';
    if (len != actual_len || memcmp(actual, text, len) != 0)
        fail_msg("expected %s, got %.*s", text, (int)actual_len, actual);
    pinion_payload_unref(list);
}

static void a_topic_is_grouped_by_key(void **state)
{
    check(pinion__presence_list_topic(NULL), "{}");
    track(&peer, 1, "room", "ann", "{\"a\":1}");
    track(&peer, 2, "room", "bob", "{}");
    track(&peer, 3, "room", "ann", "{}");
    track(&peer, 3, "elsewhere", "ann", "{}");
    check(pinion__presence_list_topic(room()),
          "{\"ann\":{\"metas\":[{\"a\":1,\"phx_ref\":\"%1\"},{\"phx_ref\":\"%3\"}]},"
          "\"bob\":{\"metas\":[{\"phx_ref\":\"%2\"}]}}");
    check(pinion__presence_list_key(room(), str("bob"), false), "{\"metas\":[{\"phx_ref\":\"%2\"}]}");
    check(pinion__presence_list_key(room(), str("bob"), true),
          "{\"bob\":{\"metas\":[{\"phx_ref\":\"%2\"}]}}");
}

static void keys_are_quoted(void **state)
{
    track(&peer, 1, "room", "", "{}");
    track(&peer, 1, "room", "\"\\\n\x01\xc3\xa9", "{}");
    check(pinion__presence_list_topic(room()),
          "{\"\":{\"metas\":[{\"phx_ref\":\"%1\"}]},"
          "\"\\\"\\\\\\n\\u0001\xc3\xa9\":{\"metas\":[{\"phx_ref\":\"%2\"}]}}");
}

static void note(uint64_t id, const char *key, bool joined)
{
    static uint64_t version;
    const struct pinion_presence_entry *entry =
        pinion__presence_tracked(peer.state, id, str("room"), str(key));
    assert_non_null(entry);
    assert_int_equal(pinion__presence_batch_add(batch, entry, joined, ++version), 0);
    batch->given = version; /* so that nothing is cancelled */
}

static void changes_are_grouped_by_key(void **state)
{
    struct pinion_list taken = PINION_LIST_HEAD(taken);
    struct pinion_presence_changes joins, leaves;
    track(&peer, 1, "room", "ann", "{\"a\":1}");
    track(&peer, 2, "room", "bob", "{}");
    track(&peer, 3, "room", "ann", "{}");
    assert_true(pinion__presence_batch_empty(batch));
    note(1, "ann", true);
    note(2, "bob", true);
    note(3, "ann", true);
    note(2, "bob", false);
    assert_false(pinion__presence_batch_empty(batch));
    untrack(&peer, 1, NULL, NULL); /* a change keeps its texts */
    (void)pinion__presence_batch_take(batch, 1000, &taken);
    assert_true(pinion__presence_batch_empty(batch));
    pinion__presence_changes_init(&joins);
    pinion__presence_changes_init(&leaves);
    assert_int_equal(pinion__presence_changes_sort(&taken, &joins, &leaves), 0);
    check(pinion__presence_list_changes(&joins, 0),
          "{\"ann\":{\"metas\":[{\"a\":1,\"phx_ref\":\"%1\"},{\"phx_ref\":\"%3\"}]},"
          "\"bob\":{\"metas\":[{\"phx_ref\":\"%2\"}]}}");
    check(pinion__presence_list_changes(&leaves, 0), "{\"bob\":{\"metas\":[{\"phx_ref\":\"%2\"}]}}");
    pinion__presence_changes_release(&joins);
    pinion__presence_changes_release(&leaves);
    check(pinion__presence_list_changes(&joins, 0), "{}");
}

static void two_lists_make_a_diff(void **state)
{
    check(pinion__presence_join_lists(pinion_json("{s:{}}", "a"), NULL),
          "{\"joins\":{\"a\":{}},\"leaves\":{}}");
    pinion_payload *poison = pinion__presence_join_lists(pinion_json("nonsense"), pinion_json("{}"));
    assert_int_equal(pinion_payload_kind(poison), PINION_PAYLOAD_POISON);
    pinion_payload_unref(poison);
}

#define with_peer(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_peer(a_topic_is_grouped_by_key),
        with_peer(keys_are_quoted),
        with_peer(changes_are_grouped_by_key),
        with_peer(two_lists_make_a_diff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
