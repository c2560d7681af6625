/* What the serializers share: from the values of a text frame to a message, and from a message to a text
 * frame. */
#ifndef PINION_PROTO_SERIALIZER_COMMON_H
#define PINION_PROTO_SERIALIZER_COMMON_H

#include "base/frame.h"
#include "proto/json_scan.h"
#include <pinion/message.h>

/* The values of a message, in the order of the V2 array. */
enum {
    PINION_FIELD_JOIN_REF,
    PINION_FIELD_REF,
    PINION_FIELD_TOPIC,
    PINION_FIELD_EVENT,
    PINION_FIELD_PAYLOAD,
    PINION_FIELDS,
};

/* Make a message of its values. PINION_EPROTO: a name or a ref is too long. */
int pinion__message_from_json(const struct pinion_json_value values[PINION_FIELDS],
                              struct pinion_message *message, struct pinion_message_scratch *scratch);

/* A text frame that is being written. */
struct pinion_text {
    struct pinion_frame *frame;
    char *end; /* the end of what was written */
};

#define PINION_TEXT_SYNTAX                                                                                   \
    96 /* bytes of syntax that a serializer may put around the values of one message                         \
        */

/* Begin the frame of a message, with room for each of its values once, and for the syntax. PINION_ENOMEM. */
int pinion__text_begin(struct pinion_text *text, const struct pinion_message *message);

/* Write the frame's syntax. The compiler knows the length of the literal. */
static inline void pinion__text_syntax(struct pinion_text *text, const char *literal)
{
    size_t len = strlen(literal);
    memcpy(text->end, literal, len);
    text->end += len;
}

void pinion__text_ref(struct pinion_text *text, struct pinion_slice ref);
void pinion__text_topic(struct pinion_text *text, const struct pinion_message *message);
void pinion__text_event(struct pinion_text *text, const struct pinion_message *message);

/* Write the payload. For a reply, it is the object that holds response and status. */
void pinion__text_payload(struct pinion_text *text, const struct pinion_message *message);

/* End the text, and return the frame. */
struct pinion_frame *pinion__text_frame(struct pinion_text *text);

#endif
