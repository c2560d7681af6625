#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/serializing.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct pinion_serializer *const v1 = &pinion__serializer_v1;

static int decode(struct pinion_slice text, struct pinion_message *message)
{
    return decode_with(v1, PINION_OPCODE_TEXT, text, message);
}

/* --- decoding --- */

static void refuses_what_is_no_message(void **unused)
{
    static const struct pinion_slice texts[] = {
        LITERAL(""),
        LITERAL("null"),
        LITERAL("{}"),
        LITERAL("[null,\"1\",\"t\",\"e\",{}]"),
        LITERAL("{\"event\":\"e\",\"payload\":{},\"ref\":\"1\"}"),
        LITERAL("{\"topic\":\"t\",\"payload\":{},\"ref\":\"1\"}"),
        LITERAL("{\"topic\":\"t\",\"event\":\"e\",\"ref\":\"1\"}"),
        LITERAL("{\"topic\":\"t\",\"event\":\"e\",\"payload\":{}}"),
        LITERAL("{\"Topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":\"1\"}"),
        LITERAL("{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":\"1\"}}"),
        LITERAL("{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":\"1\",}"),
        LITERAL("{\"topic\":\"\xFF\",\"event\":\"e\",\"payload\":{},\"ref\":\"1\"}"),
        LITERAL("{\"topic\":\"t\",\"event\":\"e\",\"payload\":01,\"ref\":\"1\"}"),
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        check_refused(v1, PINION_OPCODE_TEXT, texts[i]);
        check_refused(v1, PINION_OPCODE_BINARY, texts[i]);
    }
}

static const struct pinion_slice join =
    LITERAL("{\"topic\":\"rooms:lobby\",\"event\":\"phx_join\",\"payload\":{\"a\":[1]},\"ref\":\"1\"}");

static void refuses_every_beginning_of_a_message(void **unused)
{
    for (size_t len = 0; len < join.len; len++)
        check_refused(v1, PINION_OPCODE_TEXT, pinion__slice(join.ptr, len));
}

static void check_join(const struct pinion_message *message)
{
    assert_int_equal(message->kind, PINION_MESSAGE_PUSH);
    assert_int_equal(message->join_ref.len, 0);
    assert_slice(message->ref, "\"1\"");
    assert_slice(message->topic, "rooms:lobby");
    assert_slice(message->event, "phx_join");
    assert_slice(message->payload, "{\"a\":[1]}");
    assert_false(message->payload_binary);
    assert_false(message->payload_spaced);
    assert_false(message->topic_invalid);
    assert_false(message->event_invalid);
}

static void reads_a_message(void **unused)
{
    struct pinion_message message;
    assert_int_equal(decode(join, &message), 0);
    check_join(&message);
}

static void reads_it_from_a_binary_frame_too(void **unused)
{
    struct pinion_message message;
    assert_int_equal(decode_with(v1, PINION_OPCODE_BINARY, join, &message), 0);
    check_join(&message);
}

static void reads_members_in_any_order_and_ignores_others(void **unused)
{
    struct pinion_message message;
    struct pinion_slice text = LITERAL(" { \"x\" : {\"topic\":0} , \"ref\" : 7 ,\"p\\u0061yload\": [ ] ,"
                                       "\"event\":\"\\u0065\", \"topic\":\"r\\u006fom:1\" } ");
    assert_int_equal(decode(text, &message), 0);
    assert_slice(message.ref, "7");
    assert_slice(message.topic, "room:1");
    assert_slice(message.event, "e");
    assert_slice(message.payload, "[ ]");
    assert_true(message.payload_spaced);
}

static void honours_a_join_ref(void **unused)
{
    struct pinion_message message;
    assert_int_equal(
        decode(LITERAL("{\"join_ref\":\"4\",\"topic\":\"t\",\"event\":\"e\",\"payload\":null,\"ref\":null}"),
               &message),
        0);
    assert_slice(message.join_ref, "\"4\"");
    assert_int_equal(message.ref.len, 0);
    assert_slice(message.payload, "null");
}

static void marks_names_that_are_no_strings(void **unused)
{
    struct pinion_message message;
    assert_int_equal(decode(LITERAL("{\"topic\":5,\"event\":null,\"payload\":{},\"ref\":\"1\"}"), &message),
                     0);
    assert_true(message.topic_invalid);
    assert_true(message.event_invalid);
    assert_slice(message.topic_json, "5");
}

/* --- encoding --- */

static void writes_a_reply(void **unused)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_REPLY,
        .join_ref = LITERAL("\"1\""),
        .ref = LITERAL("\"1\""),
        .topic = LITERAL("rooms:lobby"),
        .status = LITERAL("ok"),
    };
    check_encoded(v1, &message, PINION_OPCODE_TEXT,
                  LITERAL("{\"event\":\"phx_reply\",\"payload\":{\"response\":{},\"status\":\"ok\"},"
                          "\"ref\":\"1\",\"topic\":\"rooms:lobby\"}"));
}

static void writes_a_push_and_a_broadcast(void **unused)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_BROADCAST,
        .topic = LITERAL("rooms:lobby"),
        .event = LITERAL("new_msg"),
        .payload = LITERAL("{\"body\":\"hi\"}"),
    };
    struct pinion_slice frame = LITERAL("{\"event\":\"new_msg\",\"payload\":{\"body\":\"hi\"},\"ref\":null,"
                                        "\"topic\":\"rooms:lobby\"}");
    check_encoded(v1, &message, PINION_OPCODE_TEXT, frame);
    message.kind = PINION_MESSAGE_PUSH;
    message.join_ref = LITERAL("\"1\"");
    check_encoded(v1, &message, PINION_OPCODE_TEXT, frame);
}

static void compacts_and_escapes_what_it_writes(void **unused)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_PUSH,
        .topic = LITERAL("a\"b\x01"),
        .event = LITERAL("e\n"),
        .payload = LITERAL("{ \"k\" : \"v w\" }"),
        .payload_spaced = true,
    };
    check_encoded(v1, &message, PINION_OPCODE_TEXT,
                  LITERAL("{\"event\":\"e\\n\",\"payload\":{\"k\":\"v w\"},\"ref\":null,"
                          "\"topic\":\"a\\\"b\\u0001\"}"));
}

static void echoes_a_topic_that_is_no_string(void **unused)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_REPLY,
        .ref = LITERAL("2"),
        .topic_invalid = true,
        .topic_json = LITERAL("[5]"),
        .status = LITERAL("error"),
        .payload = LITERAL("{\"reason\":\"unmatched topic\"}"),
    };
    check_encoded(
        v1, &message, PINION_OPCODE_TEXT,
        LITERAL("{\"event\":\"phx_reply\",\"payload\":{\"response\":{\"reason\":\"unmatched topic\"},"
                "\"status\":\"error\"},\"ref\":2,\"topic\":[5]}"));
}

static void cannot_carry_binary(void **unused)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_PUSH,
        .topic = LITERAL("t"),
        .event = LITERAL("e"),
        .payload = LITERAL("x"),
        .payload_binary = true,
    };
    check_not_encoded(v1, &message, PINION_ENOTSUP);
}

static void reads_what_it_wrote(void **unused)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_PUSH,
        .ref = LITERAL("\"9\""),
        .topic = LITERAL("t\x00\"\\caf\xC3\xA9"),
        .event = LITERAL("\x1F/"),
        .payload = LITERAL("[1]"),
    };
    struct pinion_message back;
    struct pinion_frame *frame;
    assert_int_equal(v1->encode(&message, &frame), 0);
    assert_int_equal(decode(pinion__slice(pinion__frame_body(frame), frame->body_len), &back), 0);
    assert_true(pinion__slice_eq(back.ref, message.ref));
    assert_true(pinion__slice_eq(back.topic, message.topic));
    assert_true(pinion__slice_eq(back.event, message.event));
    assert_true(pinion__slice_eq(back.payload, message.payload));
    pinion__frame_unref(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_message),
        cmocka_unit_test(refuses_every_beginning_of_a_message),
        cmocka_unit_test(reads_a_message),
        cmocka_unit_test(reads_it_from_a_binary_frame_too),
        cmocka_unit_test(reads_members_in_any_order_and_ignores_others),
        cmocka_unit_test(honours_a_join_ref),
        cmocka_unit_test(marks_names_that_are_no_strings),
        cmocka_unit_test(writes_a_reply),
        cmocka_unit_test(writes_a_push_and_a_broadcast),
        cmocka_unit_test(compacts_and_escapes_what_it_writes),
        cmocka_unit_test(echoes_a_topic_that_is_no_string),
        cmocka_unit_test(cannot_carry_binary),
        cmocka_unit_test(reads_what_it_wrote),
    };
    return cmocka_run_group_tests(tests, create_guard, free_guard);
}
