#include "testing/message.h"
#include "base/log.h"
#include "proto/json_scan.h"
#include "proto/json_tree.h"
#include <stdio.h>
#include <stdlib.h>

/* NULL: it is not JSON, or memory ran out. */
static json_t *read_json(struct pinion_slice text)
{
    struct pinion_json_value value;
    return pinion__json_scan(text, &value) == 0 ? pinion__json_tree(value.text, NULL) : NULL;
}

/* ---- out ---- */

static json_t *ref_json(int ref)
{
    return ref ? json_sprintf("%d", ref) : json_null();
}

static int encode_text(const struct pinion_test_sending *message, struct pinion_frame **out)
{
    size_t len;
    const char *bytes = pinion_payload_bytes(message->payload, &len);
    json_t *payload = read_json(pinion__slice(bytes, len));
    json_t *tree = message->v1 ? json_pack("{s:s, s:s, s:o, s:o}", "topic", message->topic, "event",
                                           message->event, "payload", payload, "ref", ref_json(message->ref))
                               : json_pack("[o, o, s, s, o]", ref_json(message->join_ref),
                                           ref_json(message->ref), message->topic, message->event, payload);
    char *text = tree ? json_dumps(tree, JSON_COMPACT) : NULL;
    json_decref(tree);
    if (!text)
        return PINION_ENOMEM;
    *out = pinion__frame_copy(text, strlen(text));
    free(text);
    if (!*out)
        return PINION_ENOMEM;
    (*out)->opcode = PINION_OPCODE_TEXT;
    return 0;
}

static char *put(char *out, const char *text)
{
    size_t len = strlen(text);
    memcpy(out, text, len);
    return out + len;
}

static int encode_binary(const struct pinion_test_sending *message, struct pinion_frame **out)
{
    char join_ref[16] = "", ref[16];
    size_t len;
    const char *bytes = pinion_payload_bytes(message->payload, &len);
    size_t topic_len = strlen(message->topic), event_len = strlen(message->event);
    if (message->v1)
        return PINION_ENOTSUP;
    if (topic_len > 255 || event_len > 255)
        return PINION_ETOOBIG;
    if (message->join_ref)
        snprintf(join_ref, sizeof join_ref, "%d", message->join_ref);
    snprintf(ref, sizeof ref, "%d", message->ref);
    struct pinion_frame *frame =
        pinion__frame_new(5 + strlen(join_ref) + strlen(ref) + topic_len + event_len + len);
    if (!frame)
        return PINION_ENOMEM;
    char *end = pinion__frame_body(frame);
    *end++ = 0;
    *end++ = (char)strlen(join_ref);
    *end++ = (char)strlen(ref);
    *end++ = (char)topic_len;
    *end++ = (char)event_len;
    end = put(put(put(put(end, join_ref), ref), message->topic), message->event);
    if (len)
        memcpy(end, bytes, len);
    frame->body_len = frame->capacity;
    frame->opcode = PINION_OPCODE_BINARY;
    *out = frame;
    return 0;
}

int pinion__test_encode(const struct pinion_test_sending *message, struct pinion_frame **out)
{
    switch (pinion_payload_kind(message->payload)) {
    case PINION_PAYLOAD_JSON:
        return encode_text(message, out);
    case PINION_PAYLOAD_BINARY:
        return encode_binary(message, out);
    case PINION_PAYLOAD_POISON:
        break;
    }
    return PINION_EPAYLOAD;
}

/* ---- in ---- */

void pinion__test_message_release(struct pinion_test_message *message)
{
    free(message->ref);
    free(message->topic);
    free(message->event);
    free(message->status);
    pinion_payload_unref(message->payload);
    memset(message, 0, sizeof *message);
}

static char *copy_string(const json_t *value)
{
    return json_is_string(value) ? strdup(json_string_value(value)) : NULL;
}

static int take_parts(struct pinion_test_message *message, json_t *ref, json_t *topic, json_t *event,
                      json_t *payload)
{
    message->ref = copy_string(ref);
    message->topic = copy_string(topic);
    message->event = copy_string(event);
    if (message->event && strcmp(message->event, "phx_reply") == 0) {
        message->status = copy_string(json_object_get(payload, "status"));
        payload = json_object_get(payload, "response");
    }
    message->payload = pinion_payload_json(json_incref(payload));
    message->value = pinion_payload_tree(message->payload);
    return message->topic && message->event && message->value ? 0 : PINION_EPROTO;
}

static int decode_text(struct pinion_slice text, struct pinion_test_message *message)
{
    json_t *tree = read_json(text);
    int rc = PINION_EPROTO;
    if (json_is_array(tree) && json_array_size(tree) == 5)
        rc = take_parts(message, json_array_get(tree, 1), json_array_get(tree, 2), json_array_get(tree, 3),
                        json_array_get(tree, 4));
    else if (json_is_object(tree))
        rc = take_parts(message, json_object_get(tree, "ref"), json_object_get(tree, "topic"),
                        json_object_get(tree, "event"), json_object_get(tree, "payload"));
    json_decref(tree);
    return rc;
}

/* Take a string of this length from the rest; NULL when the rest is shorter. */
static char *take_string(struct pinion_slice *rest, unsigned char len)
{
    if (rest->len < len)
        return NULL;
    char *text = malloc((size_t)len + 1);
    if (text) {
        memcpy(text, rest->ptr, len);
        text[len] = '\0';
    }
    rest->ptr += len;
    rest->len -= len;
    return text;
}

/* Push: 0, join_ref, topic, event. Reply: 1, join_ref, ref, topic, status. Broadcast: 2, topic, event. */
static int decode_binary(struct pinion_slice bytes, struct pinion_test_message *message)
{
    static const size_t lengths[] = { 3, 4, 2 };
    const unsigned char *head = (const unsigned char *)bytes.ptr;
    if (bytes.len < 1 || head[0] > 2 || bytes.len < 1 + lengths[head[0]])
        return PINION_EPROTO;
    size_t count = lengths[head[0]];
    char *parts[4] = { 0 };
    struct pinion_slice rest = pinion__slice(bytes.ptr + 1 + count, bytes.len - 1 - count);
    for (size_t i = 0; i < count; i++)
        parts[i] = take_string(&rest, head[1 + i]);
    if (head[0] == 1) {
        message->ref = parts[1];
        message->topic = parts[2];
        message->status = parts[3];
        message->event = strdup("phx_reply");
    } else {
        message->topic = parts[count - 2];
        message->event = parts[count - 1];
    }
    if (head[0] != 2)
        free(parts[0]);
    message->payload = pinion_payload_binary(rest.ptr, rest.len);
    return message->topic && message->event ? 0 : PINION_EPROTO;
}

int pinion__test_decode(struct pinion_frame *frame, struct pinion_test_message *message)
{
    memset(message, 0, sizeof *message);
    int rc = frame->opcode == PINION_OPCODE_BINARY ? decode_binary(pinion__frame_wire(frame), message)
                                                   : decode_text(pinion__frame_wire(frame), message);
    if (rc)
        pinion__test_message_release(message);
    return rc;
}

/* ---- patterns ---- */

static bool members_match(const json_t *pattern, const json_t *value)
{
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)pattern, key, member)
    {
        if (!pinion__test_matches(member, json_object_get(value, key)))
            return false;
    }
    return true;
}

static bool elements_match(const json_t *pattern, const json_t *value)
{
    if (json_array_size(pattern) != json_array_size(value))
        return false;
    for (size_t i = 0; i < json_array_size(pattern); i++) {
        if (!pinion__test_matches(json_array_get(pattern, i), json_array_get(value, i)))
            return false;
    }
    return true;
}

bool pinion__test_matches(const json_t *pattern, const json_t *value)
{
    if (!value)
        return false;
    if (json_is_object(pattern) && json_is_object(value))
        return members_match(pattern, value);
    if (json_is_array(pattern) && json_is_array(value))
        return elements_match(pattern, value);
    return json_equal(pattern, value);
}

/* jansson says what is wrong with it. */
static int explain_pattern(const char *text)
{
    json_error_t error;
    json_t *tree = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    const char *why = tree ? "out of memory" : error.text;
    json_decref(tree);
    return pinion__fail(PINION_EINVAL, "the pattern %s is not JSON: %s", text, why);
}

int pinion__test_pattern(const char *text, json_t **out)
{
    *out = text ? read_json(pinion__slice_str(text)) : NULL;
    return text && !*out ? explain_pattern(text) : 0;
}
