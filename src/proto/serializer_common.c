/* Reading is the same for every serializer once the five values are found. Writing is too, but for the syntax
 * around the values: so a serializer lists the pieces of its frame, and the rest happens here. */
#include "proto/serializer_common.h"
#include <assert.h>

/* --- from JSON --- */

/* A ref as JSON text of which equal ones have equal bytes: without white space, and strings without needless
 * escapes. */
static int read_ref(const struct pinion_json_value *value, char *scratch, struct pinion_slice *out)
{
    if (value->type == PINION_JSON_NULL) {
        *out = pinion__slice(NULL, 0);
        return 0;
    }
    if (value->text.len > PINION_NAME_MAX + 2)
        return PINION_EPROTO;
    *out = value->text;
    char *end = scratch;
    if (value->escaped) {
        char chars[PINION_NAME_MAX];
        struct pinion_slice unescaped;
        if (pinion__json_unescape(value, chars, sizeof chars, &unescaped) != 0)
            return PINION_EPROTO;
        end = pinion__json_quote(scratch, unescaped);
    } else if (value->spaced) {
        end = pinion__json_compact(scratch, value->text);
    }
    if (end != scratch)
        *out = pinion__slice(scratch, (size_t)(end - scratch));
    return 0;
}

static int read_name(const struct pinion_json_value *string, char scratch[PINION_NAME_MAX],
                     struct pinion_slice *out)
{
    struct pinion_slice name;
    if (pinion__json_unescape(string, scratch, PINION_NAME_MAX, &name) != 0 || name.len > PINION_NAME_MAX)
        return PINION_EPROTO;
    *out = name;
    return 0;
}

static int read_topic(const struct pinion_json_value *value, struct pinion_message *message,
                      struct pinion_message_scratch *scratch)
{
    if (value->type == PINION_JSON_STRING)
        return read_name(value, scratch->topic, &message->topic);
    if (value->text.len > sizeof scratch->topic_json)
        return PINION_EPROTO;
    message->topic_invalid = true;
    message->topic_json = value->text;
    if (value->spaced) {
        char *end = pinion__json_compact(scratch->topic_json, value->text);
        message->topic_json = pinion__slice(scratch->topic_json, (size_t)(end - scratch->topic_json));
    }
    return 0;
}

static int read_event(const struct pinion_json_value *value, struct pinion_message *message,
                      struct pinion_message_scratch *scratch)
{
    if (value->type == PINION_JSON_STRING)
        return read_name(value, scratch->event, &message->event);
    message->event_invalid = true;
    return 0;
}

int pinion__message_from_json(const struct pinion_json_value values[PINION_FIELDS],
                              struct pinion_message *message, struct pinion_message_scratch *scratch)
{
    const struct pinion_json_value *payload = &values[PINION_FIELD_PAYLOAD];
    struct pinion_message read = {
        .kind = PINION_MESSAGE_PUSH,
        .payload = payload->text,
        .payload_spaced = payload->spaced,
    };
    int rc = read_ref(&values[PINION_FIELD_JOIN_REF], scratch->join_ref, &read.join_ref);
    if (!rc)
        rc = read_ref(&values[PINION_FIELD_REF], scratch->ref, &read.ref);
    if (!rc)
        rc = read_topic(&values[PINION_FIELD_TOPIC], &read, scratch);
    if (!rc)
        rc = read_event(&values[PINION_FIELD_EVENT], &read, scratch);
    if (!rc)
        *message = read;
    return rc;
}

/* --- to text --- */

static void add_piece(struct pinion_text *text, enum pinion_piece_form form, struct pinion_slice bytes)
{
    assert(text->count < sizeof text->pieces / sizeof text->pieces[0]);
    text->pieces[text->count].form = form;
    text->pieces[text->count].bytes = bytes;
    text->count++;
    text->size += form == PINION_PIECE_QUOTED ? pinion__json_quoted_len(bytes) : bytes.len;
}

void pinion__text_begin(struct pinion_text *text, const char *literal)
{
    text->count = 0;
    text->size = 0;
    pinion__text_syntax(text, literal);
}

void pinion__text_syntax(struct pinion_text *text, const char *literal)
{
    add_piece(text, PINION_PIECE_RAW, pinion__slice_str(literal));
}

void pinion__text_ref(struct pinion_text *text, struct pinion_slice ref)
{
    add_piece(text, PINION_PIECE_RAW, ref.len ? ref : pinion__slice_str("null"));
}

void pinion__text_topic(struct pinion_text *text, const struct pinion_message *message)
{
    if (message->topic_invalid)
        add_piece(text, PINION_PIECE_RAW, message->topic_json);
    else
        add_piece(text, PINION_PIECE_QUOTED, message->topic);
}

void pinion__text_event(struct pinion_text *text, const struct pinion_message *message)
{
    if (message->kind == PINION_MESSAGE_REPLY)
        pinion__text_syntax(text, "\"phx_reply\"");
    else
        add_piece(text, PINION_PIECE_QUOTED, message->event);
}

static void add_json(struct pinion_text *text, const struct pinion_message *message)
{
    if (message->payload.len == 0)
        pinion__text_syntax(text, "{}");
    else
        add_piece(text, message->payload_spaced ? PINION_PIECE_SPACED : PINION_PIECE_RAW, message->payload);
}

void pinion__text_payload(struct pinion_text *text, const struct pinion_message *message)
{
    if (message->kind != PINION_MESSAGE_REPLY) {
        add_json(text, message);
        return;
    }
    pinion__text_syntax(text, "{\"response\":");
    add_json(text, message);
    pinion__text_syntax(text, ",\"status\":");
    add_piece(text, PINION_PIECE_QUOTED, message->status);
    pinion__text_syntax(text, "}");
}

static char *write_piece(char *out, const struct pinion_piece *piece)
{
    switch (piece->form) {
    case PINION_PIECE_QUOTED:
        return pinion__json_quote(out, piece->bytes);
    case PINION_PIECE_SPACED:
        return pinion__json_compact(out, piece->bytes);
    case PINION_PIECE_RAW:
        break;
    }
    memcpy(out, piece->bytes.ptr, piece->bytes.len);
    return out + piece->bytes.len;
}

int pinion__text_frame(const struct pinion_text *text, struct pinion_frame **out)
{
    struct pinion_frame *frame = pinion__frame_new(text->size);
    if (!frame)
        return PINION_ENOMEM;
    char *body = pinion__frame_body(frame);
    char *end = body;
    for (size_t i = 0; i < text->count; i++)
        end = write_piece(end, &text->pieces[i]);
    frame->opcode = PINION_OPCODE_TEXT;
    frame->body_len = (size_t)(end - body);
    *out = frame;
    return 0;
}
