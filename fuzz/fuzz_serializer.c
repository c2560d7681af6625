/* Both serializers, text and binary: what can be decoded can be encoded, and keeps its meaning. The first
 * byte chooses: '0' V1 text, '1' V2 text, '2' V1 binary, '3' V2 binary.
 *
 * Fuzzes: src/proto/serializer.c src/proto/serializer_common.c src/proto/serializer_v1.c
 * src/proto/serializer_v2.c */
#include "base/frame.h"
#include "fuzz.h"
#include "proto/json_scan.h"
#include "proto/serializer.h"
#include <pinion/error.h>

static struct pinion_slice body_of(struct pinion_frame *frame)
{
    return pinion__slice(pinion__frame_body(frame), frame->body_len);
}

static struct pinion_frame *encode(const struct pinion_serializer *serializer, struct pinion_message message,
                                   enum pinion_message_kind kind)
{
    struct pinion_frame *frame = NULL;
    message.kind = kind;
    message.status = pinion__slice_str("ok");
    REQUIRE(serializer->encode(&message, &frame) == 0);
    REQUIRE(frame->refs == 1 && frame->body_len <= frame->capacity);
    return frame;
}

/* ---- text ---- */

/* Refs are compared as bytes, so there must be only one way to write each. */
static void check_ref(struct pinion_slice ref)
{
    struct pinion_json_value value;
    if (ref.len)
        REQUIRE(pinion__json_scan(ref, &value) == 0 && !value.spaced && value.type != PINION_JSON_NULL);
}

static void check_payload(const struct pinion_message *again, const struct pinion_message *message)
{
    struct pinion_json_value value;
    struct pinion_slice compact = message->payload;
    char *out = allocate(compact.len);
    if (message->payload_spaced)
        compact = pinion__slice(out, (size_t)(pinion__json_compact(out, compact) - out));
    REQUIRE(pinion__slice_eq(again->payload, compact) && !again->payload_spaced);
    REQUIRE(pinion__json_scan(compact, &value) == 0);
    free(out);
}

/* A push to a client has the same form as a message from one, except that V1's has no join_ref. */
static void check_push(const struct pinion_serializer *serializer, const struct pinion_message *message)
{
    struct pinion_message again;
    struct pinion_message_scratch scratch = { .max_depth = PINION_JSON_DEPTH };
    struct pinion_frame *frame = encode(serializer, *message, PINION_MESSAGE_PUSH);
    bool has_join_ref = serializer == &pinion__serializer_v2;
    REQUIRE(serializer->decode(frame->opcode == PINION_OPCODE_BINARY, body_of(frame), &again, &scratch) == 0);
    REQUIRE(pinion__slice_eq(again.join_ref, has_join_ref ? message->join_ref : pinion__slice(NULL, 0)));
    REQUIRE(pinion__slice_eq(again.ref, message->ref));
    REQUIRE(pinion__slice_eq(again.topic, message->topic));
    REQUIRE(pinion__slice_eq(again.event, message->event));
    REQUIRE(again.topic_invalid == message->topic_invalid);
    REQUIRE(pinion__slice_eq(again.topic_json, message->topic_json));
    check_payload(&again, message);
    pinion__frame_unref(frame);
}

static void check_reply(const struct pinion_serializer *serializer, const struct pinion_message *message)
{
    static const char *const names[] = { "response", "status" };
    struct pinion_message again;
    struct pinion_message_scratch scratch = { .max_depth = PINION_JSON_DEPTH };
    struct pinion_json_value members[2];
    bool found[2];
    struct pinion_frame *frame = encode(serializer, *message, PINION_MESSAGE_REPLY);
    REQUIRE(serializer->decode(frame->opcode == PINION_OPCODE_BINARY, body_of(frame), &again, &scratch) == 0);
    REQUIRE(pinion__slice_eq(again.ref, message->ref) && pinion__slice_eq(again.topic, message->topic));
    REQUIRE(pinion__slice_is(again.event, "phx_reply"));
    REQUIRE(pinion__json_scan_object(again.payload, PINION_JSON_DEPTH, names, members, found, 2) == 0 &&
            found[0] && found[1]);
    REQUIRE(pinion__slice_is(members[1].text, "\"ok\""));
    again.payload = members[0].text;
    check_payload(&again, message);
    pinion__frame_unref(frame);
}

/* ---- binary ---- */

/* The frame to a client is made of the one that came: a kind, lengths and strings, some of which are left out
 * (a reply has its status in place of the event), and the payload. */
static void check_binary(const struct pinion_message *message, struct pinion_slice bytes,
                         enum pinion_message_kind kind, const bool kept[4])
{
    struct pinion_frame *frame = encode(&pinion__serializer_v2, *message, kind);
    struct pinion_slice body = body_of(frame);
    bool reply = kind == PINION_MESSAGE_REPLY;
    const char *lengths = body.ptr + 1, *from = bytes.ptr + 5, *to = lengths;
    for (size_t i = 0; i < 4; i++)
        to += kept[i];
    REQUIRE(body.ptr[0] == (char)kind);
    for (size_t i = 0; i < 4; i++) {
        struct pinion_slice string = pinion__slice(from, (uint8_t)bytes.ptr[1 + i]);
        from += string.len;
        if (!kept[i])
            continue;
        if (reply && i == 3)
            string = pinion__slice_str("ok");
        REQUIRE((uint8_t)*lengths++ == string.len);
        REQUIRE(pinion__slice_eq(pinion__slice(to, string.len), string));
        to += string.len;
    }
    REQUIRE(pinion__slice_eq(message->payload, pinion__slice(from, (size_t)(bytes.ptr + bytes.len - from))));
    REQUIRE(pinion__slice_eq(message->payload, pinion__slice(to, (size_t)(body.ptr + body.len - to))));
    pinion__frame_unref(frame);
}

static void check_binaries(const struct pinion_message *message, struct pinion_slice bytes)
{
    static const bool push[] = { true, false, true, true }; /* join_ref, ref, topic, event */
    static const bool reply[] = { true, true, true, true };
    static const bool broadcast[] = { false, false, true, true };
    struct pinion_frame *frame;
    check_binary(message, bytes, PINION_MESSAGE_PUSH, push);
    check_binary(message, bytes, PINION_MESSAGE_REPLY, reply);
    check_binary(message, bytes, PINION_MESSAGE_BROADCAST, broadcast);
    REQUIRE(pinion__serializer_v1.encode(message, &frame) == PINION_ENOTSUP);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pinion_message message;
    struct pinion_message_scratch scratch = { .max_depth = PINION_JSON_DEPTH };
    struct input input = { data, size };
    uint8_t choice = input_byte(&input);
    const struct pinion_serializer *serializer = choice & 1 ? &pinion__serializer_v2 : &pinion__serializer_v1;
    struct pinion_slice bytes = pinion__slice((const char *)input.at, input.left);

    int rc = serializer->decode(choice & 2, bytes, &message, &scratch);
    REQUIRE(rc == 0 || rc == PINION_EPROTO);
    if (rc == 0 && message.payload_binary) {
        check_binaries(&message, bytes);
    } else if (rc == 0) {
        check_ref(message.join_ref);
        check_ref(message.ref);
        check_push(serializer, &message);
        check_reply(serializer, &message);
    }
    return 0;
}
