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

/* A text frame in the making: what it will consist of, written down first, so that it can be allocated
 * once and then filled. */
enum pinion_piece_form {
    PINION_PIECE_RAW,
    PINION_PIECE_QUOTED, /* characters, to be made a JSON string */
    PINION_PIECE_SPACED, /* JSON text, to be compacted */
};

struct pinion_text {
    struct pinion_piece {
        enum pinion_piece_form form;
        struct pinion_slice bytes;
    } pieces[16];
    size_t count;
    size_t size; /* bytes of the frame; with a spaced piece the most they can be */
};

/* A frame that starts with this syntax. */
void pinion__text_begin(struct pinion_text *text, const char *literal);

/* More of the frame's own syntax. */
void pinion__text_syntax(struct pinion_text *text, const char *literal);
void pinion__text_ref(struct pinion_text *text, struct pinion_slice ref);
void pinion__text_topic(struct pinion_text *text, const struct pinion_message *message);
void pinion__text_event(struct pinion_text *text, const struct pinion_message *message);

/* The payload; of a reply the object that holds its response and status. */
void pinion__text_payload(struct pinion_text *text, const struct pinion_message *message);

/* The frame. PINION_ENOMEM. */
int pinion__text_frame(const struct pinion_text *text, struct pinion_frame **out);

#endif
