/* What the serializers share: the values of a text frame to a message, and a message to a text frame. */
#ifndef PINION_PROTO_SERIALIZER_COMMON_H
#define PINION_PROTO_SERIALIZER_COMMON_H

#include "base/frame.h"
#include "proto/json_scan.h"
#include <pinion/message.h>

/* The values of a message in the order of the V2 array. */
enum {
    PINION_FIELD_JOIN_REF,
    PINION_FIELD_REF,
    PINION_FIELD_TOPIC,
    PINION_FIELD_EVENT,
    PINION_FIELD_PAYLOAD,
    PINION_FIELDS,
};

/* Make the message of its values. PINION_EPROTO when a name or a ref is too long. */
int pinion__message_from_json(const struct pinion_json_value values[PINION_FIELDS],
                              struct pinion_message *message, struct pinion_message_scratch *scratch);

/* A text frame in the making. */
struct pinion_text {
    struct pinion_frame *frame;
    char *end; /* of what is written */
};

#define PINION_TEXT_SYNTAX                                                                                   \
    96 /* bytes of syntax that a serializer may put around the values of one message                         \
        */

/* Begin the frame of a message, with room for its values, each once, and for the syntax. PINION_ENOMEM. */
int pinion__text_begin(struct pinion_text *text, const struct pinion_message *message);

/* The frame's own syntax. The compiler knows its length. */
static inline void pinion__text_syntax(struct pinion_text *text, const char *literal)
{
    size_t len = strlen(literal);
    memcpy(text->end, literal, len);
    text->end += len;
}

void pinion__text_ref(struct pinion_text *text, struct pinion_slice ref);
void pinion__text_topic(struct pinion_text *text, const struct pinion_message *message);
void pinion__text_event(struct pinion_text *text, const struct pinion_message *message);

/* The payload; of a reply the object that holds its response and status. */
void pinion__text_payload(struct pinion_text *text, const struct pinion_message *message);

/* The end. */
struct pinion_frame *pinion__text_frame(struct pinion_text *text);

#endif
