#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "helpers/serializing.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct pinion_serializer *const v2 = &pinion__serializer_v2;

static int decode(struct pinion_slice text, struct pinion_message *message)
{
    return decode_with(v2, PINION_OPCODE_TEXT, text, message);
}

/* count times c, as text. Lives until the next call. */
static const char *repeat(char c, size_t count)
{
    static char text[4096];
    assert_true(count < sizeof text);
    memset(text, c, count);
    text[count] = '\0';
    return text;
}

/* A formatted text message. Lives until the next call. */
static PINION_PRINTF(1, 2) struct pinion_slice text_of(const char *format, ...)
{
    static char text[8192];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert_in_range(len, 0, sizeof text - 1);
    return pinion__slice(text, (size_t)len);
}

/* --- decoding text --- */

static void refuses_text_that_is_no_message(void **unused)
{
    static const struct pinion_slice texts[] = {
        LITERAL(""),
        LITERAL("null"),
        LITERAL("[]"),
        LITERAL("{\"topic\":\"t\",\"event\":\"e\",\"payload\":{},\"ref\":\"1\"}"),
        LITERAL("[null,\"1\",\"t\",\"e\"]"),
        LITERAL("[[null,\"1\",\"t\",\"e\",{}]]"),
        LITERAL("[null,\"1\",\"t\",\"e\",{}"),
        LITERAL("[null,\"1\",\"t\",\"e\",{},]"),
        LITERAL("[null,\"1\",\"t\",\"e\",{}]]"),
        LITERAL("[null,\"1\",\"t\",\"e\",{}]\x00"),
        LITERAL("[null,\"1\",\"t\xFF\",\"e\",{}]"),
        LITERAL("[null,\"1\",\"t\",\"e\",\"\\ud800\"]"),
        LITERAL("[null,\"1\",\"t\",\"e\",1E400]"),
        LITERAL("[null,\"1\",\"t\",\"e\",{},nul]"),
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        check_refused(v2, PINION_OPCODE_TEXT, texts[i]);
}

static const struct pinion_slice push = LITERAL("[\"10\",\"2\",\"room:w2\",\"shout\",{\"k\":1}]");

static void refuses_every_beginning_of_a_text(void **unused)
{
    for (size_t len = 0; len < push.len; len++)
        check_refused(v2, PINION_OPCODE_TEXT, pinion__slice(push.ptr, len));
}

static void reads_a_text_where_it_lies(void **unused)
{
    struct pinion_message message;
    assert_int_equal(decode(push, &message), 0);
    assert_int_equal(message.kind, PINION_MESSAGE_PUSH);
    assert_slice(message.join_ref, "\"10\"");
    assert_slice(message.ref, "\"2\"");
    assert_slice(message.topic, "room:w2");
    assert_slice(message.event, "shout");
    assert_slice(message.payload, "{\"k\":1}");
    assert_false(message.payload_binary);
    assert_false(message.payload_spaced);
    assert_false(message.topic_invalid);
    assert_false(message.event_invalid);
    assert_int_equal(message.status.len, 0);
    assert_int_equal(message.topic_json.len, 0);

    const char *frame = guard.fence - push.len;
    assert_ptr_equal(message.topic.ptr, frame + 11);
    assert_ptr_equal(message.payload.ptr, frame + 28);
}

static void takes_every_json_as_payload_and_ignores_what_follows(void **unused)
{
    static const struct pinion_slice payloads[] = {
        LITERAL("null"), LITERAL("5"),      LITERAL("\"s\""),
        LITERAL("[]"),   LITERAL("[1, 2]"), LITERAL("{\"a\":{}}"),
    };
    for (size_t i = 0; i < COUNT(payloads); i++) {
        struct pinion_message message;
        struct pinion_slice text =
            text_of("\n[ null , null , \"t\" , \"e\" , %s , 6, [] ] ", payloads[i].ptr);
        assert_int_equal(decode(text, &message), 0);
        assert_true(pinion__slice_eq(message.payload, payloads[i]));
        assert_int_equal(message.payload_spaced, strchr(payloads[i].ptr, ' ') != NULL);
    }
}

static void unescapes_names(void **unused)
{
    struct pinion_message message;
    assert_int_equal(decode(LITERAL("[null,null,\"r\\u006fom:\\u0000\",\"caf\\u00e9\",{}]"), &message), 0);
    assert_slice(message.topic, "room:\x00");
    assert_slice(message.event, "caf\xC3\xA9");
}

/* That both refs, sent as this JSON, are kept as `kept`. */
static void check_ref(struct pinion_slice json, struct pinion_slice kept)
{
    struct pinion_message message;
    struct pinion_slice text = text_of("[%s,%s,\"t\",\"e\",{}]", json.ptr, json.ptr);
    assert_int_equal(decode(text, &message), 0);
    assert_true(pinion__slice_eq(message.join_ref, kept));
    assert_true(pinion__slice_eq(message.ref, kept));
}

static void keeps_refs_as_compact_json(void **unused)
{
    check_ref(LITERAL("null"), LITERAL(""));
    check_ref(LITERAL("99"), LITERAL("99"));
    check_ref(LITERAL("1.0"), LITERAL("1.0"));
    check_ref(LITERAL("false"), LITERAL("false"));
    check_ref(LITERAL("\"\""), LITERAL("\"\""));
    check_ref(LITERAL("\"null\""), LITERAL("\"null\""));
    check_ref(LITERAL("{ \"a\" : [ 1, \" \" ] }"), LITERAL("{\"a\":[1,\" \"]}"));
}

static void makes_equal_refs_equal_bytes(void **unused)
{
    check_ref(LITERAL("\"\\u0031\""), LITERAL("\"1\""));
    check_ref(LITERAL("\"a\\/b\""), LITERAL("\"a/b\""));
    check_ref(LITERAL("\"\\u000a\\u0022\""), LITERAL("\"\\n\\\"\""));
    check_ref(LITERAL("\"\\u001f\\u00E9\""), LITERAL("\"\\u001F\xC3\xA9\""));
}

static void bounds_the_length_of_refs(void **unused)
{
    struct pinion_message message;
    assert_int_equal(decode(text_of("[\"%s\",null,\"t\",\"e\",{}]", repeat('r', 255)), &message), 0);
    assert_int_equal(message.join_ref.len, 257);
    assert_int_equal(decode(text_of("[null,%s,\"t\",\"e\",{}]", repeat('7', 257)), &message), 0);
    assert_int_equal(message.ref.len, 257);
    check_refused(v2, PINION_OPCODE_TEXT, text_of("[\"%s\",null,\"t\",\"e\",{}]", repeat('r', 256)));
    check_refused(v2, PINION_OPCODE_TEXT, text_of("[null,\"%s\",\"t\",\"e\",{}]", repeat('r', 256)));
    check_refused(v2, PINION_OPCODE_TEXT, text_of("[%s,null,\"t\",\"e\",{}]", repeat('7', 258)));
    check_refused(v2, PINION_OPCODE_TEXT, text_of("[\"\\u0031%s\",null,\"t\",\"e\",{}]", repeat('r', 250)));
}

static void bounds_the_length_of_names(void **unused)
{
    struct pinion_message message;
    assert_int_equal(decode(text_of("[null,null,\"%s\",\"e\",{}]", repeat('t', 255)), &message), 0);
    assert_int_equal(message.topic.len, 255);
    assert_int_equal(decode(text_of("[null,null,\"t\",\"\\u0065%s\",{}]", repeat('e', 254)), &message), 0);
    assert_int_equal(message.event.len, 255);
    check_refused(v2, PINION_OPCODE_TEXT, text_of("[null,null,\"%s\",\"e\",{}]", repeat('t', 256)));
    check_refused(v2, PINION_OPCODE_TEXT, text_of("[null,null,\"\\n%s\",\"e\",{}]", repeat('t', 255)));
    check_refused(v2, PINION_OPCODE_TEXT, text_of("[null,null,\"t\",\"%s\",{}]", repeat('e', 256)));
    check_refused(v2, PINION_OPCODE_TEXT, text_of("[null,null,\"t\",\"%s\\n\",{}]", repeat('e', 255)));
}

static void marks_names_that_are_no_strings(void **unused)
{
    struct pinion_message message;
    assert_int_equal(decode(LITERAL("[null,\"1\",{ \"a\" : [ 1 ] },[ ],{}]"), &message), 0);
    assert_true(message.topic_invalid);
    assert_int_equal(message.topic.len, 0);
    assert_slice(message.topic_json, "{\"a\":[1]}");
    assert_true(message.event_invalid);
    assert_int_equal(message.event.len, 0);

    assert_int_equal(decode(LITERAL("[null,\"1\",null,7,{}]"), &message), 0);
    assert_slice(message.topic_json, "null");

    size_t room = sizeof scratch.topic_json;
    assert_int_equal(decode(text_of("[null,\"1\",%s,\"e\",{}]", repeat('7', room)), &message), 0);
    assert_int_equal(message.topic_json.len, room);
    check_refused(v2, PINION_OPCODE_TEXT, text_of("[null,\"1\",%s,\"e\",{}]", repeat('7', room + 1)));
}

/* --- decoding binary --- */

static const struct pinion_slice binary_push = LITERAL("\x00\x02\x01\x07\x05"
                                                       "10"
                                                       "2"
                                                       "room:w2"
                                                       "shout"
                                                       "\xFF\x00");

static void refuses_binary_that_is_no_message(void **unused)
{
    static const struct pinion_slice frames[] = {
        LITERAL(""),
        LITERAL("\x00"),
        LITERAL("\x00\x00\x00\x00"),
        LITERAL("\x01\x00\x00\x01\x01te"),
        LITERAL("\x02\x00\x00\x01\x01te"),
        LITERAL("\x03\x00\x00\x01\x01te"),
        LITERAL("\xFF\x00\x00\x01\x01te"),
        LITERAL("\x00\x00\x00\x00\xFF"),
        LITERAL("\x00\xFF\xFF\xFF\xFFx"),
        LITERAL("\x00\x01\x00\x00\x00"),
        LITERAL("\x00\x01\x00\x01\x01\xFFte"),
        LITERAL("\x00\x00\x01\x01\x01\x80te"),
        LITERAL("\x00\x00\x00\x01\x01\xC3"
                "e"),
        LITERAL("\x00\x00\x00\x01\x02t\xED\xA0"),
        /* a character cut by the border of two strings */
        LITERAL("\x00\x00\x00\x01\x01\xC3\xA9"),
    };
    for (size_t i = 0; i < COUNT(frames); i++)
        check_refused(v2, PINION_OPCODE_BINARY, frames[i]);
}

static void refuses_every_beginning_of_the_strings(void **unused)
{
    for (size_t len = 0; len < binary_push.len - 2; len++)
        check_refused(v2, PINION_OPCODE_BINARY, pinion__slice(binary_push.ptr, len));
}

static void reads_a_binary_push(void **unused)
{
    struct pinion_message message;
    assert_int_equal(decode_with(v2, PINION_OPCODE_BINARY, binary_push, &message), 0);
    assert_int_equal(message.kind, PINION_MESSAGE_PUSH);
    assert_slice(message.join_ref, "\"10\"");
    assert_slice(message.ref, "\"2\"");
    assert_slice(message.topic, "room:w2");
    assert_slice(message.event, "shout");
    assert_slice(message.payload, "\xFF\x00");
    assert_true(message.payload_binary);
    assert_false(message.topic_invalid);
    assert_false(message.event_invalid);
}

static void an_empty_ref_in_binary_is_a_string(void **unused)
{
    struct pinion_message message;
    struct pinion_slice heartbeat = LITERAL("\x00\x00\x01\x07\x09"
                                            "1phoenixheartbeat");
    assert_int_equal(decode_with(v2, PINION_OPCODE_BINARY, heartbeat, &message), 0);
    assert_slice(message.join_ref, "\"\"");
    assert_slice(message.ref, "\"1\"");
    assert_slice(message.topic, "phoenix");
    assert_slice(message.event, "heartbeat");
    assert_int_equal(message.payload.len, 0);
}

static void quotes_binary_refs_of_the_worst_kind(void **unused)
{
    char frame[5 + 2 * 255] = { 0, (char)255, (char)255, 0, 0 };
    struct pinion_message message;
    assert_int_equal(decode_with(v2, PINION_OPCODE_BINARY, pinion__slice(frame, sizeof frame), &message), 0);
    assert_int_equal(message.join_ref.len, 2 + 6 * 255);
    assert_int_equal(message.ref.len, 2 + 6 * 255);
    assert_memory_equal(message.ref.ptr, "\"\\u0000\\u0000", 13);
    assert_int_equal(message.topic.len, 0);
}

/* --- encoding text --- */

static void writes_replies(void **unused)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_REPLY,
        .join_ref = LITERAL("\"1\""),
        .ref = LITERAL("\"1\""),
        .topic = LITERAL("rooms:lobby"),
        .event = LITERAL("unused"),
        .status = LITERAL("ok"),
    };
    check_encoded(v2, &message, PINION_OPCODE_TEXT,
                  LITERAL("[\"1\",\"1\",\"rooms:lobby\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]"));

    message.join_ref = LITERAL("");
    message.ref = LITERAL("\"3\"");
    message.topic = LITERAL("nope:1");
    message.status = LITERAL("error");
    message.payload = LITERAL("{\"reason\":\"unmatched topic\"}");
    check_encoded(v2, &message, PINION_OPCODE_TEXT,
                  LITERAL("[null,\"3\",\"nope:1\",\"phx_reply\","
                          "{\"response\":{\"reason\":\"unmatched topic\"},\"status\":\"error\"}]"));

    message.ref = LITERAL("");
    message.topic_invalid = true;
    message.topic_json = LITERAL("5");
    check_encoded(v2, &message, PINION_OPCODE_TEXT,
                  LITERAL("[null,null,5,\"phx_reply\","
                          "{\"response\":{\"reason\":\"unmatched topic\"},\"status\":\"error\"}]"));
}

static void writes_pushes_and_broadcasts(void **unused)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_PUSH,
        .join_ref = LITERAL("\"10\""),
        .topic = LITERAL("room:w2"),
        .event = LITERAL("joined"),
        .payload = LITERAL("{\"k\":1}"),
    };
    check_encoded(v2, &message, PINION_OPCODE_TEXT,
                  LITERAL("[\"10\",null,\"room:w2\",\"joined\",{\"k\":1}]"));

    message.ref = message.join_ref;
    message.event = LITERAL("phx_close");
    message.payload = LITERAL("");
    check_encoded(v2, &message, PINION_OPCODE_TEXT, LITERAL("[\"10\",\"10\",\"room:w2\",\"phx_close\",{}]"));

    message = (struct pinion_message){
        .kind = PINION_MESSAGE_BROADCAST,
        .topic = LITERAL("room:w2"),
        .event = LITERAL("shout"),
        .payload = LITERAL("{\"k\":1}"),
    };
    check_encoded(v2, &message, PINION_OPCODE_TEXT, LITERAL("[null,null,\"room:w2\",\"shout\",{\"k\":1}]"));
}

static void compacts_and_escapes_what_it_writes(void **unused)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_REPLY,
        .join_ref = LITERAL("{\"a\":1}"),
        .ref = LITERAL("99"),
        .topic = LITERAL("a\"\\b\x00"),
        .status = LITERAL("\n"),
        .payload = LITERAL("{ \"k\" : [ 1 , \"v w\" ] }"),
        .payload_spaced = true,
    };
    check_encoded(v2, &message, PINION_OPCODE_TEXT,
                  LITERAL("[{\"a\":1},99,\"a\\\"\\\\b\\u0000\",\"phx_reply\","
                          "{\"response\":{\"k\":[1,\"v w\"]},\"status\":\"\\n\"}]"));
}

static void text_has_room_for_long_names(void **unused)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_BROADCAST,
        .topic = pinion__slice_str(repeat('t', 1000)),
        .event = LITERAL("e"),
    };
    check_encoded(v2, &message, PINION_OPCODE_TEXT,
                  text_of("[null,null,\"%s\",\"e\",{}]", message.topic.ptr));
}

/* --- encoding binary --- */

static void writes_binary_of_each_kind(void **unused)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_PUSH,
        .join_ref = LITERAL("\"10\""),
        .ref = LITERAL("\"2\""),
        .topic = LITERAL("room:w2"),
        .event = LITERAL("shout"),
        .status = LITERAL("ok"),
        .payload = LITERAL("\xFF\x00"),
        .payload_binary = true,
    };
    check_encoded(v2, &message, PINION_OPCODE_BINARY,
                  LITERAL("\x00\x02\x07\x05"
                          "10room:w2shout\xFF\x00"));
    message.kind = PINION_MESSAGE_REPLY;
    check_encoded(v2, &message, PINION_OPCODE_BINARY,
                  LITERAL("\x01\x02\x01\x07\x02"
                          "102room:w2ok\xFF\x00"));
    message.kind = PINION_MESSAGE_BROADCAST;
    check_encoded(v2, &message, PINION_OPCODE_BINARY,
                  LITERAL("\x02\x07\x05"
                          "room:w2shout\xFF\x00"));
}

static void writes_refs_as_their_characters(void **unused)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_REPLY,
        .ref = LITERAL("{\"a\":\"\\n\"}"),
        .topic = LITERAL("t"),
        .status = LITERAL("ok"),
        .payload_binary = true,
    };
    check_encoded(v2, &message, PINION_OPCODE_BINARY,
                  LITERAL("\x01\x00\x0A\x01\x02"
                          "{\"a\":\"\\n\"}tok"));
    message.join_ref = LITERAL("\"a\\\"\\n\"");
    message.ref = LITERAL("99");
    check_encoded(v2, &message, PINION_OPCODE_BINARY,
                  LITERAL("\x01\x03\x02\x01\x02"
                          "a\"\n99tok"));
    message.join_ref = LITERAL("\"\"");
    check_encoded(v2, &message, PINION_OPCODE_BINARY,
                  LITERAL("\x01\x00\x02\x01\x02"
                          "99tok"));
}

static void binary_has_room_for_255_bytes_of_each_string(void **unused)
{
    char longest[256];
    char too_long[257];
    char longest_ref[258];
    strcpy(longest, repeat('x', 255));
    strcpy(too_long, repeat('x', 256));
    snprintf(longest_ref, sizeof longest_ref, "\"%s\"", longest);
    const struct pinion_message fits = {
        .kind = PINION_MESSAGE_PUSH,
        .join_ref = pinion__slice_str(longest_ref),
        .topic = pinion__slice_str(longest),
        .event = pinion__slice_str(longest),
        .payload_binary = true,
    };
    struct pinion_frame *frame;
    assert_int_equal(v2->encode(&fits, &frame), 0);
    assert_int_equal(frame->body_len, 4 + 3 * 255);
    assert_memory_equal(pinion__frame_body(frame), "\x00\xFF\xFF\xFFx", 5);
    pinion__frame_unref(frame);

    struct pinion_message message = fits;
    message.topic = pinion__slice_str(too_long);
    check_not_encoded(v2, &message, PINION_ETOOBIG);
    message = fits;
    message.event = pinion__slice_str(too_long);
    check_not_encoded(v2, &message, PINION_ETOOBIG);
    message = fits;
    message.join_ref = pinion__slice_str(repeat('7', 256));
    check_not_encoded(v2, &message, PINION_ETOOBIG);
    message.join_ref = text_of("\"%s\"", too_long);
    check_not_encoded(v2, &message, PINION_ETOOBIG);
    message.join_ref = text_of("\"%s\\n\"", longest);
    check_not_encoded(v2, &message, PINION_ETOOBIG);
    message = fits;
    message.kind = PINION_MESSAGE_REPLY;
    message.status = pinion__slice_str(too_long);
    check_not_encoded(v2, &message, PINION_ETOOBIG);
}

/* --- there and back --- */

static void reads_what_it_wrote(void **unused)
{
    struct pinion_message message = {
        .kind = PINION_MESSAGE_PUSH,
        .join_ref = LITERAL("\"\\u001F\\\"\""),
        .ref = LITERAL("{\"a\":1}"),
        .topic = LITERAL("t\x00\"\\caf\xC3\xA9"),
        .event = LITERAL("\x1F/"),
        .payload = LITERAL("[1]"),
    };
    struct pinion_message back;
    struct pinion_frame *frame;
    assert_int_equal(v2->encode(&message, &frame), 0);
    assert_int_equal(decode(pinion__slice(pinion__frame_body(frame), frame->body_len), &back), 0);
    assert_true(pinion__slice_eq(back.join_ref, message.join_ref));
    assert_true(pinion__slice_eq(back.ref, message.ref));
    assert_true(pinion__slice_eq(back.topic, message.topic));
    assert_true(pinion__slice_eq(back.event, message.event));
    assert_true(pinion__slice_eq(back.payload, message.payload));
    pinion__frame_unref(frame);
}

static void a_binary_ref_comes_back_as_it_was_sent(void **unused)
{
    struct pinion_message message;
    struct pinion_slice frame = LITERAL("\x00\x03\x01\x01\x01"
                                        "a\"\n"
                                        "2te"
                                        "data");
    assert_int_equal(decode_with(v2, PINION_OPCODE_BINARY, frame, &message), 0);
    message.kind = PINION_MESSAGE_REPLY;
    message.status = LITERAL("ok");
    check_encoded(v2, &message, PINION_OPCODE_BINARY,
                  LITERAL("\x01\x03\x01\x01\x02"
                          "a\"\n"
                          "2tok"
                          "data"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_text_that_is_no_message),
        cmocka_unit_test(refuses_every_beginning_of_a_text),
        cmocka_unit_test(reads_a_text_where_it_lies),
        cmocka_unit_test(takes_every_json_as_payload_and_ignores_what_follows),
        cmocka_unit_test(unescapes_names),
        cmocka_unit_test(keeps_refs_as_compact_json),
        cmocka_unit_test(makes_equal_refs_equal_bytes),
        cmocka_unit_test(bounds_the_length_of_refs),
        cmocka_unit_test(bounds_the_length_of_names),
        cmocka_unit_test(marks_names_that_are_no_strings),
        cmocka_unit_test(refuses_binary_that_is_no_message),
        cmocka_unit_test(refuses_every_beginning_of_the_strings),
        cmocka_unit_test(reads_a_binary_push),
        cmocka_unit_test(an_empty_ref_in_binary_is_a_string),
        cmocka_unit_test(quotes_binary_refs_of_the_worst_kind),
        cmocka_unit_test(writes_replies),
        cmocka_unit_test(writes_pushes_and_broadcasts),
        cmocka_unit_test(compacts_and_escapes_what_it_writes),
        cmocka_unit_test(text_has_room_for_long_names),
        cmocka_unit_test(writes_binary_of_each_kind),
        cmocka_unit_test(writes_refs_as_their_characters),
        cmocka_unit_test(binary_has_room_for_255_bytes_of_each_string),
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(a_binary_ref_comes_back_as_it_was_sent),
    };
    return cmocka_run_group_tests(tests, create_guard, free_guard);
}
