/* Messages to frames and back, in both versions. */
#include "base/frame.h"
#include "micro.h"
#include "proto/serializer.h"
#include <pinion/serializer.h>
#include <stdio.h>
#include <stdlib.h>

static char *payload;
static char *frame;
static size_t frame_len;

static void set_up_frame(const char *format, size_t size)
{
    payload = micro_payload(size);
    int len = asprintf(&frame, format, payload);
    if (len < 0)
        micro_fail("a frame");
    frame_len = (size_t)len;
}

static void set_up_v2(size_t size)
{
    set_up_frame("[\"3\",\"17\",\"rooms:lobby\",\"new_msg\",%s]", size);
}

static void set_up_v1(size_t size)
{
    set_up_frame("{\"topic\":\"rooms:lobby\",\"event\":\"new_msg\",\"payload\":%s,\"ref\":\"17\"}", size);
}

static void set_up_v2_binary(size_t size)
{
    static const char head[] = "\x00\x01\x02\x0b\x07"
                               "317rooms:lobbynew_msg";
    payload = micro_payload(size);
    frame_len = sizeof head - 1 + size;
    frame = malloc(frame_len);
    if (!frame)
        micro_fail("a frame");
    memcpy(frame, head, sizeof head - 1);
    memcpy(frame + sizeof head - 1, payload, size);
}

static void tear_down(void)
{
    free(payload);
    free(frame);
}

static void decode(const pinion_serializer *serializer, bool binary, unsigned iterations)
{
    struct pinion_slice bytes = pinion__slice(frame, frame_len);
    pinion_message_scratch scratch = { .max_depth = 128 };
    for (unsigned i = 0; i < iterations; i++) {
        pinion_message message = { 0 };
        micro_must(serializer->decode(binary, bytes, &message, &scratch), "decoding");
    }
}

static void decode_v1(unsigned iterations, size_t size)
{
    decode(&pinion__serializer_v1, false, iterations);
}

static void decode_v2(unsigned iterations, size_t size)
{
    decode(&pinion__serializer_v2, false, iterations);
}

static void decode_v2_binary(unsigned iterations, size_t size)
{
    decode(&pinion__serializer_v2, true, iterations);
}

static pinion_message message_of(enum pinion_message_kind kind, size_t size)
{
    pinion_message message = {
        .kind = kind,
        .topic = pinion__slice_str("rooms:lobby"),
        .event = pinion__slice_str("new_msg"),
        .payload = pinion__slice(payload, size),
    };
    if (kind == PINION_MESSAGE_REPLY) {
        message.join_ref = pinion__slice_str("\"3\"");
        message.ref = pinion__slice_str("\"17\"");
        message.status = pinion__slice_str("ok");
    }
    return message;
}

static void encode(const pinion_serializer *serializer, pinion_message message, unsigned iterations)
{
    for (unsigned i = 0; i < iterations; i++) {
        struct pinion_frame *out;
        micro_must(serializer->encode(&message, &out), "encoding");
        pinion__frame_unref(out);
    }
}

static void encode_v1_broadcast(unsigned iterations, size_t size)
{
    encode(&pinion__serializer_v1, message_of(PINION_MESSAGE_BROADCAST, size), iterations);
}

static void encode_v2_broadcast(unsigned iterations, size_t size)
{
    encode(&pinion__serializer_v2, message_of(PINION_MESSAGE_BROADCAST, size), iterations);
}

static void encode_v2_reply(unsigned iterations, size_t size)
{
    encode(&pinion__serializer_v2, message_of(PINION_MESSAGE_REPLY, size), iterations);
}

static void encode_v2_binary(unsigned iterations, size_t size)
{
    pinion_message message = message_of(PINION_MESSAGE_BROADCAST, size);
    message.payload_binary = true;
    encode(&pinion__serializer_v2, message, iterations);
}

const struct micro micro_serializers[] = {
    { "v2/decode/64", 20000, 1, 64, set_up_v2, decode_v2, tear_down },
    { "v2/decode/1024", 5000, 1, 1024, set_up_v2, decode_v2, tear_down },
    { "v2/decode-binary/1024", 20000, 1, 1024, set_up_v2_binary, decode_v2_binary, tear_down },
    { "v2/encode-reply/64", 20000, 1, 64, set_up_v2, encode_v2_reply, tear_down },
    { "v2/encode-broadcast/64", 20000, 1, 64, set_up_v2, encode_v2_broadcast, tear_down },
    { "v2/encode-broadcast/1024", 20000, 1, 1024, set_up_v2, encode_v2_broadcast, tear_down },
    { "v2/encode-binary/1024", 20000, 1, 1024, set_up_v2, encode_v2_binary, tear_down },
    { "v1/decode/64", 10000, 1, 64, set_up_v1, decode_v1, tear_down },
    { "v1/encode-broadcast/64", 20000, 1, 64, set_up_v1, encode_v1_broadcast, tear_down },
    { 0 },
};
