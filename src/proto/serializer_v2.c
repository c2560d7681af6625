/* Version 2.0.0 of the serializer. Text is the array [join_ref, ref, topic, event, payload]. A binary frame
 * has a kind, a length byte for each string of the kind, the strings, and the payload as it is. */
#include "proto/serializer.h"
#include "proto/serializer_common.h"
#include "proto/utf8.h"
#include <pinion/serializer.h>

/* --- decoding --- */

static int decode_text(struct pinion_slice bytes, struct pinion_message *message,
                       struct pinion_message_scratch *scratch)
{
    struct pinion_json_value values[PINION_FIELDS];
    int rc = pinion__json_scan_array(bytes, scratch->max_depth, values, PINION_FIELDS);
    return rc ? rc : pinion__message_from_json(values, message, scratch);
}

/* Take the next string of a binary frame from the front of `rest`. */
static int take_string(struct pinion_slice *rest, size_t len, struct pinion_slice *out)
{
    if (len > rest->len || !pinion__utf8_valid(rest->ptr, len))
        return PINION_EPROTO;
    *out = pinion__slice(rest->ptr, len);
    *rest = pinion__slice(rest->ptr + len, rest->len - len);
    return 0;
}

static int take_ref(struct pinion_slice *rest, size_t len, char *scratch, struct pinion_slice *out)
{
    struct pinion_slice chars;
    int rc = take_string(rest, len, &chars);
    if (!rc)
        *out = pinion__slice(scratch, (size_t)(pinion__json_quote(scratch, chars) - scratch));
    return rc;
}

static int decode_binary(struct pinion_slice bytes, struct pinion_message *message,
                         struct pinion_message_scratch *scratch)
{
    enum { HEADER = 5 };
    const unsigned char *header = (const unsigned char *)bytes.ptr;
    struct pinion_message read = { .kind = PINION_MESSAGE_PUSH, .payload_binary = true };

    if (bytes.len < HEADER || header[0] != PINION_MESSAGE_PUSH)
        return PINION_EPROTO;
    struct pinion_slice rest = pinion__slice(bytes.ptr + HEADER, bytes.len - HEADER);
    int rc = take_ref(&rest, header[1], scratch->join_ref, &read.join_ref);
    if (!rc)
        rc = take_ref(&rest, header[2], scratch->ref, &read.ref);
    if (!rc)
        rc = take_string(&rest, header[3], &read.topic);
    if (!rc)
        rc = take_string(&rest, header[4], &read.event);
    if (rc)
        return rc;
    read.payload = rest;
    *message = read;
    return 0;
}

static int decode(bool binary, struct pinion_slice bytes, struct pinion_message *message,
                  struct pinion_message_scratch *scratch)
{
    return binary ? decode_binary(bytes, message, scratch) : decode_text(bytes, message, scratch);
}

/* --- encoding --- */

static int encode_text(const struct pinion_message *message, struct pinion_frame **out)
{
    struct pinion_text text;
    int rc = pinion__text_begin(&text, message);
    if (rc)
        return rc;
    pinion__text_syntax(&text, "[");
    pinion__text_ref(&text, message->join_ref);
    pinion__text_syntax(&text, ",");
    pinion__text_ref(&text, message->ref);
    pinion__text_syntax(&text, ",");
    pinion__text_topic(&text, message);
    pinion__text_syntax(&text, ",");
    pinion__text_event(&text, message);
    pinion__text_syntax(&text, ",");
    pinion__text_payload(&text, message);
    pinion__text_syntax(&text, "]");
    *out = pinion__text_frame(&text);
    return 0;
}

/* The form of a ref in a binary frame: nothing for null, the characters of a string, the JSON text of
 * anything else. */
static int ref_chars(struct pinion_slice ref, char scratch[PINION_NAME_MAX], struct pinion_slice *out)
{
    *out = ref;
    if (ref.len == 0 || ref.ptr[0] != '"')
        return 0;
    struct pinion_json_value string = {
        .text = ref,
        .type = PINION_JSON_STRING,
        .escaped = memchr(ref.ptr, '\\', ref.len) != NULL,
    };
    return pinion__json_unescape(&string, scratch, PINION_NAME_MAX, out);
}

/* The strings of a binary frame, in order. */
struct binary_strings {
    struct pinion_slice items[4];
    size_t count;
    size_t size;                      /* of all strings and their length bytes */
    char scratch[2][PINION_NAME_MAX]; /* for refs that are unescaped */
};

static int add_string(struct binary_strings *strings, struct pinion_slice string)
{
    if (string.len > UINT8_MAX)
        return PINION_ETOOBIG;
    strings->items[strings->count++] = string;
    strings->size += 1 + string.len;
    return 0;
}

static int add_ref(struct binary_strings *strings, struct pinion_slice ref)
{
    struct pinion_slice chars;
    int rc = ref_chars(ref, strings->scratch[strings->count], &chars);
    return rc ? rc : add_string(strings, chars);
}

static int gather_strings(const struct pinion_message *message, struct binary_strings *strings)
{
    bool reply = message->kind == PINION_MESSAGE_REPLY;
    int rc = 0;
    strings->count = 0;
    strings->size = 0;
    if (message->kind != PINION_MESSAGE_BROADCAST)
        rc = add_ref(strings, message->join_ref);
    if (!rc && reply)
        rc = add_ref(strings, message->ref);
    if (!rc)
        rc = add_string(strings, message->topic_invalid ? message->topic_json : message->topic);
    if (!rc)
        rc = add_string(strings, reply ? message->status : message->event);
    return rc;
}

static int encode_binary(const struct pinion_message *message, struct pinion_frame **out)
{
    struct binary_strings strings;
    int rc = gather_strings(message, &strings);
    if (rc)
        return rc;
    struct pinion_frame *frame = pinion__frame_new(1 + strings.size + message->payload.len);
    if (!frame)
        return PINION_ENOMEM;

    char *end = pinion__frame_body(frame);
    *end++ = (char)message->kind;
    for (size_t i = 0; i < strings.count; i++)
        *end++ = (char)strings.items[i].len;
    for (size_t i = 0; i < strings.count; i++)
        end = pinion__slice_put(end, strings.items[i]);
    end = pinion__slice_put(end, message->payload);
    frame->opcode = PINION_OPCODE_BINARY;
    frame->body_len = (size_t)(end - pinion__frame_body(frame));
    *out = frame;
    return 0;
}

static int encode(const struct pinion_message *message, struct pinion_frame **out)
{
    return message->payload_binary ? encode_binary(message, out) : encode_text(message, out);
}

const struct pinion_serializer pinion__serializer_v2 = {
    .size = sizeof(pinion_serializer),
    .name = "2.0.0",
    .decode = decode,
    .encode = encode,
};
