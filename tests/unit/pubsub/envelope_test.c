/* Envelopes: what is written is read again, and whatever else comes is refused. */
#include "pubsub/envelope.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/guard.h"
#include "helpers/slices.h"

static struct guard guard;

static int create_guard(void **state)
{
    guard = guard_new(4096);
    return 0;
}

static int free_guard(void **state)
{
    guard_free(&guard);
    return 0;
}

static struct pinion_slice placed(struct pinion_slice bytes)
{
    return pinion__slice(guard_place(&guard, bytes.ptr, bytes.len), bytes.len);
}

static int read_bytes(struct pinion_slice bytes)
{
    struct pinion_envelope envelope;
    return pinion__envelope_read(placed(bytes), &envelope);
}

static struct pinion_envelope a_broadcast(void)
{
    return (struct pinion_envelope){
        .kind = PINION_ENVELOPE_BROADCAST,
        .node = pinion__slice_str("a"),
        .incarnation = 300,
        .sequence = 5,
        .broadcast = { .topic = pinion__slice_str("room"),
                       .event = pinion__slice_str("new"),
                       .type = PINION_PAYLOAD_JSON,
                       .payload = pinion__slice_str("{}") },
    };
}

/* Written flush against a page that may not be touched. */
static struct pinion_slice written(const struct pinion_envelope *envelope)
{
    static char zeros[4096];
    size_t size = pinion__envelope_size(envelope);
    char *out = guard_place(&guard, zeros, size);
    pinion__envelope_write(envelope, out);
    return pinion__slice(out, size);
}

static void the_bytes_are_these(void **state)
{
    struct pinion_envelope envelope = a_broadcast();
    assert_slice(written(&envelope), "\x01\x01\x01"
                                     "a\xAC\x02\x05\x00\x04room\x03new{}");
}

static void check_again(const struct pinion_envelope *envelope)
{
    struct pinion_envelope again;
    assert_int_equal(pinion__envelope_read(written(envelope), &again), 0);
    assert_int_equal(again.kind, envelope->kind);
    assert_true(pinion__slice_eq(again.node, envelope->node));
    assert_true(again.incarnation == envelope->incarnation);
    assert_true(again.sequence == envelope->sequence);
    assert_true(pinion__slice_eq(again.body, envelope->body));
    assert_true(pinion__slice_eq(again.broadcast.topic, envelope->broadcast.topic));
    assert_true(pinion__slice_eq(again.broadcast.event, envelope->broadcast.event));
    assert_true(pinion__slice_eq(again.broadcast.payload, envelope->broadcast.payload));
    assert_int_equal(again.broadcast.type, envelope->broadcast.type);
}

static void what_is_written_is_read_again(void **state)
{
    char longest[255];
    struct pinion_envelope envelope = a_broadcast();
    memset(longest, 'x', sizeof longest);
    check_again(&envelope);
    envelope.sequence = envelope.incarnation = UINT64_MAX;
    envelope.node = envelope.broadcast.topic = envelope.broadcast.event =
        pinion__slice(longest, sizeof longest);
    envelope.broadcast.type = PINION_PAYLOAD_BINARY;
    envelope.broadcast.payload = pinion__slice("\0\xFF", 2);
    check_again(&envelope);
    envelope.broadcast.topic = envelope.broadcast.event = envelope.broadcast.payload = pinion__slice(NULL, 0);
    check_again(&envelope);
}

static void other_kinds_carry_bytes(void **state)
{
    struct pinion_envelope envelope = { .kind = PINION_ENVELOPE_PRESENCE,
                                        .node = pinion__slice_str("b"),
                                        .sequence = 1,
                                        .body = pinion__slice("\0x", 2) };
    check_again(&envelope);
    envelope.kind = PINION_ENVELOPE_LONGPOLL;
    envelope.body = pinion__slice(NULL, 0);
    check_again(&envelope);
}

/* Each byte of a broadcast up to its payload is needed. */
static void what_is_cut_off_is_refused(void **state)
{
    char bytes[64];
    struct pinion_envelope envelope = a_broadcast();
    struct pinion_slice whole = written(&envelope);
    assert_in_range(whole.len, 1, sizeof bytes);
    memcpy(bytes, whole.ptr, whole.len);
    for (size_t len = 0; len < whole.len - 2; len++)
        assert_int_equal(read_bytes(pinion__slice(bytes, len)), PINION_EPROTO);
    assert_int_equal(read_bytes(pinion__slice(bytes, whole.len - 2)), 0);
}

static void what_is_malformed_is_refused(void **state)
{
    assert_int_equal(read_bytes(LITERAL("\x01\x02\x00\x01\x01")), PINION_EPROTO); /* no name */
    assert_int_equal(read_bytes(LITERAL("\x01\x02\x01\x1F\x01\x01")),
                     PINION_EPROTO); /* a control character */
    assert_int_equal(read_bytes(LITERAL("\x01\x02\x01\x7F\x01\x01")), PINION_EPROTO); /* another */
    assert_int_equal(read_bytes(LITERAL("\x01\x02\x01\xFF\x01\x01")), PINION_EPROTO); /* no UTF-8 */
    assert_int_equal(read_bytes(LITERAL("\x01\x02\x01"
                                        "a\x01\x00")),
                     PINION_EPROTO); /* sequence 0 */
    assert_int_equal(read_bytes(LITERAL("\x01\x02\x01"
                                        "a\x81\x00\x01")),
                     PINION_EPROTO); /* a number that is longer than it need be */
    assert_int_equal(read_bytes(LITERAL("\x01\x01\x01"
                                        "a\x01\x01\x02\x00\x00{}")),
                     PINION_EPROTO); /* a payload of a third type */
    assert_int_equal(read_bytes(LITERAL("\x01\x01\x01"
                                        "a\x01\x01\x00\x01\x00\x00{}")),
                     PINION_EPROTO); /* a zero byte in a topic */
    assert_int_equal(read_bytes(LITERAL("\x01\x01\x01"
                                        "a\x01\x01\x00\x00\x01\xC3{}")),
                     PINION_EPROTO); /* an event that is no UTF-8 */
}

static void other_versions_and_kinds_are_told_apart(void **state)
{
    assert_int_equal(read_bytes(LITERAL("\x02\x01")), PINION_ENOTSUP);
    assert_non_null(strstr(pinion_error_detail(), "version 2"));
    assert_int_equal(read_bytes(LITERAL("\x01\x09\x01"
                                        "a\x01\x01")),
                     PINION_ENOTSUP);
    assert_non_null(strstr(pinion_error_detail(), "kind 9"));
    assert_int_equal(read_bytes(LITERAL("\x01\x00\x01"
                                        "a\x01\x01")),
                     PINION_ENOTSUP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_are_these),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(other_kinds_carry_bytes),
        cmocka_unit_test(what_is_cut_off_is_refused),
        cmocka_unit_test(what_is_malformed_is_refused),
        cmocka_unit_test(other_versions_and_kinds_are_told_apart),
    };
    return cmocka_run_group_tests(tests, create_guard, free_guard);
}
