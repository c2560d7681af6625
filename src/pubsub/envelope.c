#include "pubsub/envelope.h"
#include "base/log.h"
#include "proto/utf8.h"
#include "proto/varint.h"
#include <assert.h>
#include <pinion/pubsub.h>

enum { TYPE_JSON, TYPE_BINARY };

bool pinion__is_node_id(struct pinion_slice name)
{
    if (name.len == 0 || name.len > PINION_NODE_MAX || !pinion__utf8_valid(name.ptr, name.len))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.ptr[i] < ' ' || name.ptr[i] == 0x7F)
            return false;
    }
    return true;
}

/* ---- writing ---- */

size_t pinion__envelope_size(const struct pinion_envelope *envelope)
{
    size_t size = 2 + 1 + envelope->node.len + pinion__varint_len(envelope->incarnation) +
                  pinion__varint_len(envelope->sequence);
    if (envelope->kind != PINION_ENVELOPE_BROADCAST)
        return size + envelope->body.len;
    return size + 1 + 1 + envelope->broadcast.topic.len + 1 + envelope->broadcast.event.len +
           envelope->broadcast.payload.len;
}

static char *put_bytes(char *out, struct pinion_slice bytes)
{
    if (bytes.len)
        memcpy(out, bytes.ptr, bytes.len);
    return out + bytes.len;
}

static char *put_name(char *out, struct pinion_slice name)
{
    assert(name.len <= UINT8_MAX);
    *out++ = (char)name.len;
    return put_bytes(out, name);
}

void pinion__envelope_write(const struct pinion_envelope *envelope, char *out)
{
    *out++ = PINION_ENVELOPE_VERSION;
    *out++ = (char)envelope->kind;
    out = put_name(out, envelope->node);
    out += pinion__varint_write(out, envelope->incarnation);
    out += pinion__varint_write(out, envelope->sequence);
    if (envelope->kind != PINION_ENVELOPE_BROADCAST) {
        put_bytes(out, envelope->body);
        return;
    }
    *out++ = envelope->broadcast.type == PINION_PAYLOAD_BINARY ? TYPE_BINARY : TYPE_JSON;
    out = put_name(out, envelope->broadcast.topic);
    out = put_name(out, envelope->broadcast.event);
    put_bytes(out, envelope->broadcast.payload);
}

/* ---- reading ---- */

static int malformed(const char *what)
{
    return pinion__fail(PINION_EPROTO, "a message from another node is malformed: %s", what);
}

static struct pinion_slice take(struct pinion_slice *in, size_t len)
{
    struct pinion_slice bytes = pinion__slice(in->ptr, len);
    *in = pinion__slice(in->ptr + len, in->len - len);
    return bytes;
}

static int read_byte(struct pinion_slice *in, uint8_t *out)
{
    if (in->len == 0)
        return PINION_EPROTO;
    *out = (uint8_t)*take(in, 1).ptr;
    return 0;
}

static int read_name(struct pinion_slice *in, struct pinion_slice *out)
{
    uint8_t len = 0;
    int rc = read_byte(in, &len);
    if (!rc && len > in->len)
        rc = PINION_EPROTO;
    if (!rc)
        *out = take(in, len);
    return rc;
}

static int read_sender(struct pinion_slice *in, struct pinion_envelope *out)
{
    int rc = read_name(in, &out->node);
    if (!rc)
        rc = pinion__varint_read(in, &out->incarnation);
    if (!rc)
        rc = pinion__varint_read(in, &out->sequence);
    return rc || !pinion__is_node_id(out->node) || out->sequence == 0 ? malformed("who sends it") : 0;
}

static bool is_text(struct pinion_slice name)
{
    return pinion__utf8_valid(name.ptr, name.len) && (name.len == 0 || !memchr(name.ptr, '\0', name.len));
}

static int read_broadcast(struct pinion_slice *in, struct pinion_envelope *out)
{
    uint8_t type = 0;
    int rc = read_byte(in, &type);
    if (!rc)
        rc = read_name(in, &out->broadcast.topic);
    if (!rc)
        rc = read_name(in, &out->broadcast.event);
    if (rc || type > TYPE_BINARY || !is_text(out->broadcast.topic) || !is_text(out->broadcast.event))
        return malformed("what it broadcasts");
    out->broadcast.type = type == TYPE_BINARY ? PINION_PAYLOAD_BINARY : PINION_PAYLOAD_JSON;
    out->broadcast.payload = *in;
    return 0;
}

static int read_body(struct pinion_slice *in, uint8_t kind, struct pinion_envelope *out)
{
    switch (kind) {
    case PINION_ENVELOPE_BROADCAST:
        out->kind = PINION_ENVELOPE_BROADCAST;
        return read_broadcast(in, out);
    case PINION_ENVELOPE_PRESENCE:
    case PINION_ENVELOPE_LONGPOLL:
        out->kind = (enum pinion_envelope_kind)kind;
        out->body = *in;
        return 0;
    default:
        return pinion__fail(PINION_ENOTSUP, "a message from another node is of the unknown kind %u", kind);
    }
}

int pinion__envelope_read(struct pinion_slice bytes, struct pinion_envelope *out)
{
    struct pinion_envelope envelope = { 0 };
    uint8_t version = 0, kind = 0;
    if (read_byte(&bytes, &version) || read_byte(&bytes, &kind))
        return malformed("cut off");
    if (version != PINION_ENVELOPE_VERSION)
        return pinion__fail(PINION_ENOTSUP, "a message from another node has version %u instead of %u",
                            version, PINION_ENVELOPE_VERSION);
    int rc = read_sender(&bytes, &envelope);
    if (!rc)
        rc = read_body(&bytes, kind, &envelope);
    if (!rc)
        *out = envelope;
    return rc;
}
