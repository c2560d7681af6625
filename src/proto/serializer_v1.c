/* Version 1.0.0 of the serializer: text only, an object {event, payload, ref, topic}. A client may also send
 * a join_ref, but never gets one. */
#include "proto/serializer.h"
#include "proto/serializer_common.h"
#include <pinion/serializer.h>

/* In the order of the fields. */
static const char *const keys[PINION_FIELDS] = { "join_ref", "ref", "topic", "event", "payload" };

/* The kind of frame does not matter: a binary frame with JSON text is read as text. */
static int decode(bool binary, struct pinion_slice bytes, struct pinion_message *message,
                  struct pinion_message_scratch *scratch)
{
    struct pinion_json_value values[PINION_FIELDS];
    bool found[PINION_FIELDS];
    int rc = pinion__json_scan_object(bytes, scratch->max_depth, keys, values, found, PINION_FIELDS);
    if (rc)
        return rc;
    if (!found[PINION_FIELD_JOIN_REF])
        values[PINION_FIELD_JOIN_REF] = (struct pinion_json_value){ .type = PINION_JSON_NULL };
    for (int field = PINION_FIELD_REF; field < PINION_FIELDS; field++) {
        if (!found[field])
            return PINION_EPROTO;
    }
    return pinion__message_from_json(values, message, scratch);
}

static int encode(const struct pinion_message *message, struct pinion_frame **out)
{
    if (message->payload_binary)
        return PINION_ENOTSUP;
    struct pinion_text text;
    int rc = pinion__text_begin(&text, message);
    if (rc)
        return rc;
    pinion__text_syntax(&text, "{\"event\":");
    pinion__text_event(&text, message);
    pinion__text_syntax(&text, ",\"payload\":");
    pinion__text_payload(&text, message);
    pinion__text_syntax(&text, ",\"ref\":");
    pinion__text_ref(&text, message->ref);
    pinion__text_syntax(&text, ",\"topic\":");
    pinion__text_topic(&text, message);
    pinion__text_syntax(&text, "}");
    *out = pinion__text_frame(&text);
    return 0;
}

const struct pinion_serializer pinion__serializer_v1 = {
    .size = sizeof(pinion_serializer),
    .name = "1.0.0",
    .decode = decode,
    .encode = encode,
};
