/* Once the five values are found, reading is the same for every serializer. Writing differs only in the order
 * of the values and in the syntax around them. */
#include "proto/serializer_common.h"
#include <assert.h>

/* --- from JSON --- */

/* Read a ref as JSON text in a form where equal refs have equal bytes: without white space, and without
 * needless escapes in strings. */
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
    *message = (struct pinion_message){
        .kind = PINION_MESSAGE_PUSH,
        .payload = payload->text,
        .payload_spaced = payload->spaced,
    };
    int rc = read_ref(&values[PINION_FIELD_JOIN_REF], scratch->join_ref, &message->join_ref);
    if (!rc)
        rc = read_ref(&values[PINION_FIELD_REF], scratch->ref, &message->ref);
    if (!rc)
        rc = read_topic(&values[PINION_FIELD_TOPIC], message, scratch);
    if (!rc)
        rc = read_event(&values[PINION_FIELD_EVENT], message, scratch);
    return rc;
}

/* --- to text --- */

static const struct pinion_slice null = { "null", 4 };
static const struct pinion_slice reply_event = { "phx_reply", 9 };

static struct pinion_slice event_of(const struct pinion_message *message)
{
    return message->kind == PINION_MESSAGE_REPLY ? reply_event : message->event;
}

static struct pinion_slice ref_or_null(struct pinion_slice ref)
{
    return ref.len ? ref : null;
}

/* The most bytes that the values take. A payload without its white space may take fewer. */
static size_t values_len(const struct pinion_message *message)
{
    size_t topic = message->topic_invalid ? message->topic_json.len : pinion__json_quoted_len(message->topic);
    return ref_or_null(message->join_ref).len + ref_or_null(message->ref).len + topic +
           pinion__json_quoted_len(event_of(message)) + pinion__json_quoted_len(message->status) +
           message->payload.len;
}

int pinion__text_begin(struct pinion_text *text, const struct pinion_message *message)
{
    text->frame = pinion__frame_new(PINION_TEXT_SYNTAX + values_len(message));
    if (!text->frame)
        return PINION_ENOMEM;
    text->end = pinion__frame_body(text->frame);
    return 0;
}

void pinion__text_ref(struct pinion_text *text, struct pinion_slice ref)
{
    text->end = pinion__slice_put(text->end, ref_or_null(ref));
}

void pinion__text_topic(struct pinion_text *text, const struct pinion_message *message)
{
    if (message->topic_invalid)
        text->end = pinion__slice_put(text->end, message->topic_json);
    else
        text->end = pinion__json_quote(text->end, message->topic);
}

void pinion__text_event(struct pinion_text *text, const struct pinion_message *message)
{
    text->end = pinion__json_quote(text->end, event_of(message));
}

static void put_json(struct pinion_text *text, const struct pinion_message *message)
{
    if (message->payload.len == 0)
        pinion__text_syntax(text, "{}");
    else if (message->payload_spaced)
        text->end = pinion__json_compact(text->end, message->payload);
    else
        text->end = pinion__slice_put(text->end, message->payload);
}

void pinion__text_payload(struct pinion_text *text, const struct pinion_message *message)
{
    if (message->kind != PINION_MESSAGE_REPLY) {
        put_json(text, message);
        return;
    }
    pinion__text_syntax(text, "{\"response\":");
    put_json(text, message);
    pinion__text_syntax(text, ",\"status\":");
    text->end = pinion__json_quote(text->end, message->status);
    pinion__text_syntax(text, "}");
}

struct pinion_frame *pinion__text_frame(struct pinion_text *text)
{
    struct pinion_frame *frame = text->frame;
    frame->body_len = (size_t)(text->end - pinion__frame_body(frame));
    assert(frame->body_len <= frame->capacity);
    return frame;
}
