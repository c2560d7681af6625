/* What the serializers' tests share: decoding against a guard page, comparing encoded frames. Include after
 * cmocka.h. */
#ifndef PINION_TESTS_SERIALIZING_H
#define PINION_TESTS_SERIALIZING_H

#include "base/frame.h"
#include "helpers/guard.h"
#include "helpers/slices.h"
#include "proto/json_scan.h"
#include "proto/serializer.h"
#include <pinion/error.h>

/* One decode at a time: the message points into these. */
static struct guard guard;
static struct pinion_message_scratch scratch;

static int create_guard(void **unused)
{
    guard = guard_new(64 * 1024);
    return 0;
}

static int free_guard(void **unused)
{
    guard_free(&guard);
    return 0;
}

/* The scratch is poisoned first, so that what a decode did not write cannot look right. */
static int decode_with(const struct pinion_serializer *serializer, int opcode, struct pinion_slice bytes,
                       struct pinion_message *message)
{
    const char *placed = guard_place(&guard, bytes.ptr, bytes.len);
    memset(&scratch, 0xFE, sizeof scratch);
    scratch.max_depth = PINION_JSON_DEPTH;
    return serializer->decode(opcode == PINION_OPCODE_BINARY, pinion__slice(placed, bytes.len), message,
                              &scratch);
}

/* A decode that fails must answer EPROTO, and leave no memory behind. */
static void check_refused(const struct pinion_serializer *serializer, int opcode, struct pinion_slice bytes)
{
    struct pinion_message message = { .memory = NULL };
    if (decode_with(serializer, opcode, bytes, &message) != PINION_EPROTO)
        fail_msg("not refused: %.*s", (int)bytes.len, bytes.ptr);
    assert_null(message.memory);
}

static void check_encoded(const struct pinion_serializer *serializer, const struct pinion_message *message,
                          int opcode, struct pinion_slice expected)
{
    struct pinion_frame *frame = NULL;
    assert_int_equal(serializer->encode(message, &frame), 0);
    assert_int_equal(frame->opcode, opcode);
    assert_int_equal(frame->refs, 1);
    assert_int_equal(frame->head_len, 0);
    assert_true(frame->capacity >= frame->body_len);
    assert_true(frame->capacity - frame->body_len <= 100 || message->payload_spaced);
    struct pinion_slice body = pinion__slice(pinion__frame_body(frame), frame->body_len);
    if (!pinion__slice_eq(body, expected))
        fail_msg("encoded: %.*s", (int)body.len, body.ptr);
    pinion__frame_unref(frame);
}

static void check_not_encoded(const struct pinion_serializer *serializer,
                              const struct pinion_message *message, int error)
{
    struct pinion_frame *frame = NULL;
    assert_int_equal(serializer->encode(message, &frame), error);
    assert_null(frame);
}

#endif
