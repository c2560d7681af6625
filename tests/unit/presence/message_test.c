/* Messages as bytes: what each consists of, and all that is refused. */
#include "presence/clock.h"
#include "presence/message.h"
#include "proto/varint.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/guard.h"
#include "helpers/presence.h"
#include "helpers/slices.h"

#define HEAD                                                                                                 \
    "\x01\x01\x01"                                                                                           \
    "a\x01" /* a delta of "a", incarnation 1 */
#define ANN                                                                                                  \
    "\x02\0\x04room\x03"                                                                                     \
    "ann\xac\x02\x07{\"n\":1}" /* clock + 2, topic 0 is "room", id 300 */
#define BOB                                                                                                  \
    "\x02\0\x03"                                                                                             \
    "bob\x01\x02{}" /* clock + 2, topic 0, id 1 */

#define DELTA HEAD "\x05\x04\x02\x02\x03\x02" ANN BOB /* 6 to 9; 2 and 5 were removed */
#define STATE                                                                                                \
    "\x01\x02\x01"                                                                                           \
    "b\x07\x14\x05\x04\x02" ANN BOB
#define REQUEST                                                                                              \
    "\x01\x03\x01"                                                                                           \
    "b\x07\x05"                                                                                              \
    "a.b.c\x09\xac\x02"

static struct guard guard;

static int create_guard(void **state)
{
    guard = guard_new(64 * 1024);
    return 0;
}

static int free_guard(void **state)
{
    guard_free(&guard);
    return 0;
}

static int read_placed(struct pinion_slice bytes, struct pinion_presence_message *message)
{
    const char *placed = guard_place(&guard, bytes.ptr, bytes.len);
    return pinion__presence_message_read(pinion__slice(placed, bytes.len), message);
}

static void check_refused(struct pinion_slice bytes, int expected)
{
    struct pinion_presence_message message, before;
    memset(&message, 0xA5, sizeof message);
    before = message;
    if (read_placed(bytes, &message) != expected) {
        for (size_t i = 0; i < bytes.len; i++)
            print_error("%02x ", (unsigned char)bytes.ptr[i]);
        fail_msg("is not refused");
    }
    assert_memory_equal(&message, &before, sizeof message);
    assert_string_not_equal(pinion_error_detail(), "");
}

#define refused(literal) check_refused(LITERAL(literal), PINION_EPROTO)

/* ---- what is read ---- */

static void check_entries(const struct pinion_presence_message *message)
{
    struct pinion_presence_entries entries = pinion__presence_entries(message);
    struct pinion_presence_item item;
    uint64_t clock;
    size_t topic;
    assert_int_equal(message->entry_count, 2);
    assert_int_equal(message->topic_count, 1);
    assert_true(pinion__presence_entries_next(&entries, &clock, &topic, &item));
    assert_int_equal(clock, 7);
    assert_int_equal(topic, 0);
    assert_slice(item.topic, "room");
    assert_slice(item.key, "ann");
    assert_slice(item.meta, "{\"n\":1}");
    assert_int_equal(item.id, 300);
    assert_true(pinion__presence_entries_next(&entries, &clock, &topic, &item));
    assert_int_equal(clock, 9);
    assert_int_equal(topic, 0);
    assert_slice(item.topic, "");
    assert_slice(item.key, "bob");
    assert_slice(item.meta, "{}");
    assert_int_equal(item.id, 1);
    assert_false(pinion__presence_entries_next(&entries, &clock, &topic, &item));
}

static void a_delta(void **state)
{
    struct pinion_presence_message message;
    uint64_t clock;
    assert_int_equal(read_placed(LITERAL(DELTA), &message), 0);
    assert_int_equal(message.kind, PINION_PRESENCE_DELTA);
    assert_slice(message.node, "a");
    assert_int_equal(message.incarnation, 1);
    assert_int_equal(message.from, 5);
    assert_int_equal(message.to, 9);
    struct pinion_presence_removals removals = pinion__presence_removals(&message);
    assert_int_equal(message.removal_count, 2);
    assert_true(pinion__presence_removals_next(&removals, &clock));
    assert_int_equal(clock, 2);
    assert_true(pinion__presence_removals_next(&removals, &clock));
    assert_int_equal(clock, 5);
    assert_false(pinion__presence_removals_next(&removals, &clock));
    check_entries(&message);
}

static void a_part_of_a_state(void **state)
{
    struct pinion_presence_message message;
    assert_int_equal(read_placed(LITERAL(STATE), &message), 0);
    assert_int_equal(message.kind, PINION_PRESENCE_STATE);
    assert_slice(message.node, "b");
    assert_int_equal(message.incarnation, 7);
    assert_int_equal(message.at, 20);
    assert_int_equal(message.from, 5);
    assert_int_equal(message.to, 9);
    assert_int_equal(message.removal_count, 0);
    check_entries(&message);
}

static void a_request(void **state)
{
    struct pinion_presence_message message;
    assert_int_equal(read_placed(LITERAL(REQUEST), &message), 0);
    assert_int_equal(message.kind, PINION_PRESENCE_REQUEST);
    assert_slice(message.node, "b");
    assert_int_equal(message.incarnation, 7);
    assert_slice(message.asked, "a.b.c");
    assert_int_equal(message.asked_incarnation, 9);
    assert_int_equal(message.known, 300);
}

static void a_heartbeat_is_a_delta_of_nothing(void **state)
{
    struct pinion_presence_message message;
    assert_int_equal(read_placed(LITERAL(HEAD "\x05\0\0\0"), &message), 0);
    assert_int_equal(message.from, 5);
    assert_int_equal(message.to, 5);
    assert_int_equal(message.removal_count + message.entry_count + message.topic_count, 0);
    assert_int_equal(read_placed(LITERAL(HEAD "\0\0\0\0"), &message), 0);
    assert_int_equal(message.to, 0);
}

static void several_topics(void **state)
{
    struct pinion_presence_message message;
    struct pinion_presence_item item;
    uint64_t clock;
    size_t topic;
    assert_int_equal(read_placed(LITERAL(HEAD "\0\x09\0\x03"
                                              "\x01\0\x01r\0\0\x02{}"
                                              "\x01\x01\x01s\0\0\x02{}"
                                              "\x01\0\0\0\x02{}"),
                                 &message),
                     0);
    struct pinion_presence_entries entries = pinion__presence_entries(&message);
    assert_int_equal(message.topic_count, 2);
    assert_true(pinion__presence_entries_next(&entries, &clock, &topic, &item));
    assert_int_equal(topic, 0);
    assert_true(pinion__presence_entries_next(&entries, &clock, &topic, &item));
    assert_int_equal(topic, 1);
    assert_slice(item.topic, "s");
    assert_true(pinion__presence_entries_next(&entries, &clock, &topic, &item));
    assert_int_equal(topic, 0);
    assert_slice(item.topic, "");
}

/* ---- what is written ---- */

static void writing_gives_these_bytes(void **state)
{
    const uint64_t removed[] = { 2, 5 };
    struct pinion_presence_item ann = { LITERAL("room"), LITERAL("ann"), LITERAL("{\"n\":1}"), 300 };
    struct pinion_presence_item bob = { .key = LITERAL("bob"), .meta = LITERAL("{}"), .id = 1 };
    struct pinion_buf out;
    pinion__buf_init(&out, 1000);
    assert_int_equal(pinion__presence_put_head(&out, PINION_PRESENCE_DELTA, LITERAL("a"), 1), 0);
    assert_int_equal(pinion__varint_append(&out, 5), 0);
    assert_int_equal(pinion__varint_append(&out, 4), 0);
    assert_int_equal(pinion__presence_put_removals(&out, removed, 2), 0);
    assert_int_equal(pinion__varint_append(&out, 2), 0);
    assert_int_equal(pinion__presence_put_entry(&out, 2, 0, &ann), 0);
    assert_int_equal(pinion__presence_put_entry(&out, 2, 0, &bob), 0);
    assert_slice(pinion__slice(out.data, out.len), DELTA);
    pinion__buf_release(&out);
}

/* ---- what is refused ---- */

static void check_every_cut(struct pinion_slice bytes)
{
    struct pinion_presence_message message;
    char longer[128];
    assert_int_equal(read_placed(bytes, &message), 0);
    for (size_t len = 0; len < bytes.len; len++)
        check_refused(pinion__slice(bytes.ptr, len), PINION_EPROTO);
    memcpy(longer, bytes.ptr, bytes.len);
    longer[bytes.len] = '\0';
    check_refused(pinion__slice(longer, bytes.len + 1), PINION_EPROTO);
}

static void what_is_cut_off_or_goes_on(void **state)
{
    check_every_cut(LITERAL(DELTA));
    check_every_cut(LITERAL(STATE));
    check_every_cut(LITERAL(REQUEST));
    check_every_cut(LITERAL(HEAD "\x05\0\0\0"));
}

static void other_versions_and_kinds(void **state)
{
    check_refused(LITERAL("\x02\x01\x01"
                          "a\x01\x05\0\0\0"),
                  PINION_ENOTSUP);
    check_refused(LITERAL("\0\x01"), PINION_ENOTSUP);
    refused("\x01\0\x01"
            "a\x01\x05\0\0\0");
    refused("\x01\x04\x01"
            "a\x01\x05\0\0\0");
}

static void who_sends_it(void **state)
{
    refused("\x01\x01\0\x01\x05\0\0\0"); /* no name */
    refused("\x01\x01\x01"
            "a\0\x05\0\0\0"); /* no incarnation */
    refused("\x01\x01\xff"
            "a\x01\x05\0\0\0"); /* a name longer than the message */
    refused("\x01\x03\x01"
            "b\x07\0\x09\x05"); /* asks nobody */
    refused("\x01\x03\x01"
            "b\x07\x01"
            "a\0\x05"); /* asks no incarnation */
}

#define LARGEST   "\xff\xff\xff\xff\xff\xff\xff\xff\x3f" /* PINION_PRESENCE_CLOCK_MAX */
#define TOO_LARGE "\x80\x80\x80\x80\x80\x80\x80\x80\x40"

static void numbers_beyond_their_bounds(void **state)
{
    struct pinion_presence_message message;
    assert_int_equal(read_placed(LITERAL(HEAD "\0" LARGEST "\0\0"), &message), 0);
    assert_true(message.to == PINION_PRESENCE_CLOCK_MAX);
    assert_int_equal(read_placed(LITERAL(HEAD LARGEST "\0\0\0"), &message), 0);
    refused(HEAD "\0" TOO_LARGE "\0\0");
    refused(HEAD TOO_LARGE "\0\0\0");
    refused(HEAD "\x01" LARGEST "\0\0");
    refused("\x01\x01\x01"
            "a" TOO_LARGE "\0\0\0\0");
    refused("\x01\x02\x01"
            "a\x01" TOO_LARGE "\0\0\0");
    refused("\x01\x02\x01"
            "a\x01\x08\0\x09\0"); /* a part that reaches beyond its state */
    refused("\x01\x02\x01"
            "a\x01\x08\x09\0\0");
    refused("\x01\x03\x01"
            "b\x07\x01"
            "a\x09" TOO_LARGE);
    refused(HEAD "\x85\0\0\0\0"); /* 5, but longer than need be */
}

static void removals_in_no_order(void **state)
{
    struct pinion_presence_message message;
    assert_int_equal(read_placed(LITERAL(HEAD "\x05\x02\x02\x05\x01\0"), &message), 0); /* 5, 6 of 6, 7 */
    refused(HEAD "\x05\x02\x01\0\0");                                                   /* clock 0 */
    refused(HEAD "\x05\x02\x02\x05\0\0");                                               /* 5 twice */
    refused(HEAD "\x05\x02\x01\x07\0");         /* 7 by 7 itself at the earliest */
    refused(HEAD "\x05\x02\x03\x01\x01\x01\0"); /* three by two operations */
    refused(HEAD "\x05\0\x01\x01\0");           /* one by none */
    refused(HEAD "\0\x01\x01\x01\0");           /* the first operation removes nothing */
    refused(HEAD "\x05\x02\xff\xff\xff\xff\x7f\x01\0");
    refused(HEAD "\x05\x02\x01" TOO_LARGE "\0");
}

#define ENTRY(clock) clock "\0\x01r\x01k\0\x02{}"
#define AGAIN(clock) clock "\0\x01k\0\x02{}"

static void entries_in_no_order(void **state)
{
    struct pinion_presence_message message;
    assert_int_equal(read_placed(LITERAL(HEAD "\x05\x02\0\x02" ENTRY("\x01") AGAIN("\x01")), &message), 0);
    assert_int_equal(read_placed(LITERAL(HEAD "\x05\x02\x01\x03\x01" ENTRY("\x02")), &message), 0);
    refused(HEAD "\x05\x02\0\x01" ENTRY("\0"));                       /* not after 5 */
    refused(HEAD "\x05\x02\0\x01" ENTRY("\x03"));                     /* beyond 7 */
    refused(HEAD "\x05\x02\0\x02" ENTRY("\x01") AGAIN("\0"));         /* 6 twice */
    refused(HEAD "\x05\x02\x01\x03\x02" ENTRY("\x01") AGAIN("\x01")); /* three by two operations */
    refused(HEAD "\x05\x02\0\xff\xff\xff\xff\x7f" ENTRY("\x01"));
    refused(HEAD "\x05\x02\0\x01" ENTRY(TOO_LARGE));
}

static void topics_that_were_not_named(void **state)
{
    refused(HEAD "\x05\x02\0\x01\x01\x01\x01r\x01k\0\x02{}");                  /* 1 before 0 */
    refused(HEAD "\x05\x02\0\x02" ENTRY("\x01") "\x01\x02\x01s\x01k\0\x02{}"); /* 2 before 1 */
    refused(HEAD "\x05\x02\0\x01\x01\0\0\x01k\0\x02{}");                       /* an empty name */
    refused(HEAD "\x05\x02\0\x01\x01\0\x01\xff\x01k\0\x02{}");                 /* no UTF-8 */
}

static void keys_and_metas_that_would_reach_a_browser(void **state)
{
    refused(HEAD "\x05\x02\0\x01\x01\0\x01r\x01\xc3\0\x02{}"); /* no UTF-8 */
    refused(HEAD "\x05\x02\0\x01\x01\0\x01r\x01k\0\0");        /* nothing */
    refused(HEAD "\x05\x02\0\x01\x01\0\x01r\x01k\0\x02[]");
    refused(HEAD "\x05\x02\0\x01\x01\0\x01r\x01k\0\x03{} ");
    refused(HEAD "\x05\x02\0\x01\x01\0\x01r\x01k\0\x04{},1");
    refused(HEAD "\x05\x02\0\x01\x01\0\x01r\x01k\0\x05{\"a\"}");
    refused(HEAD "\x05\x02\0\x01\x01\0\x01r\x01k\0\x07{\"a\":\xff}");
    refused(HEAD "\x05\x02\0\x01\x01\0\x01r\x01k\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01{}");
}

static void a_meta_of_any_length_it_may_have(void **state)
{
    struct pinion_presence_message message;
    char *bytes = malloc(PINION_PRESENCE_META_MAX + 64);
    struct pinion_slice head = LITERAL(HEAD "\x05\x02\0\x01\x01\0\x01r\x01k\0");
    for (size_t len = PINION_PRESENCE_META_MAX - 1; len <= PINION_PRESENCE_META_MAX + 1; len++) {
        struct pinion_buf out;
        pinion__buf_init(&out, PINION_PRESENCE_META_MAX + 64);
        assert_int_equal(pinion__buf_append(&out, head.ptr, head.len), 0);
        assert_int_equal(pinion__varint_append(&out, len), 0);
        fill_meta(bytes, len);
        assert_int_equal(pinion__buf_append(&out, bytes, len), 0);
        assert_int_equal(pinion__presence_message_read(pinion__slice(out.data, out.len), &message),
                         len <= PINION_PRESENCE_META_MAX ? 0 : PINION_EPROTO);
        pinion__buf_release(&out);
    }
    free(bytes);
}

/* Whatever one byte is changed to, it is read or refused. */
static void changed_bytes(void **state)
{
    static const struct pinion_slice messages[] = { LITERAL(DELTA), LITERAL(STATE), LITERAL(REQUEST) };
    for (size_t m = 0; m < sizeof messages / sizeof *messages; m++) {
        for (size_t i = 0; i < messages[m].len; i++) {
            char bytes[128];
            memcpy(bytes, messages[m].ptr, messages[m].len);
            for (int value = 0; value < 256; value++) {
                struct pinion_presence_message message;
                bytes[i] = (char)value;
                int rc = read_placed(pinion__slice(bytes, messages[m].len), &message);
                assert_true(rc == 0 || rc == PINION_EPROTO || (rc == PINION_ENOTSUP && i == 0));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delta),
        cmocka_unit_test(a_part_of_a_state),
        cmocka_unit_test(a_request),
        cmocka_unit_test(a_heartbeat_is_a_delta_of_nothing),
        cmocka_unit_test(several_topics),
        cmocka_unit_test(writing_gives_these_bytes),
        cmocka_unit_test(what_is_cut_off_or_goes_on),
        cmocka_unit_test(other_versions_and_kinds),
        cmocka_unit_test(who_sends_it),
        cmocka_unit_test(numbers_beyond_their_bounds),
        cmocka_unit_test(removals_in_no_order),
        cmocka_unit_test(entries_in_no_order),
        cmocka_unit_test(topics_that_were_not_named),
        cmocka_unit_test(keys_and_metas_that_would_reach_a_browser),
        cmocka_unit_test(a_meta_of_any_length_it_may_have),
        cmocka_unit_test(changed_bytes),
    };
    return cmocka_run_group_tests(tests, create_guard, free_guard);
}
