#include "transport/longpoll_message.h"
#include "proto/varint.h"

enum { FLAG_GONE = 1, FLAG_REFUSED = 2, RECALL = 1 };

/* ---- to write ---- */

static int put_byte(struct pinion_buf *out, unsigned byte)
{
    return pinion__buf_append_char(out, (char)byte);
}

static int put_slice(struct pinion_buf *out, struct pinion_slice slice)
{
    return pinion__buf_append(out, slice.ptr, slice.len);
}

static int put_start(struct pinion_buf *out, unsigned type, uint64_t number)
{
    int rc = put_byte(out, type);
    return rc ? rc : pinion__varint_append(out, number);
}

int pinion__longpoll_message_put_request(struct pinion_buf *out, uint64_t number, unsigned loop,
                                         const struct pinion_longpoll_request *request)
{
    if (request->path.len > UINT8_MAX)
        return PINION_ETOOBIG;
    int rc = put_start(out, PINION_LONGPOLL_REQUEST, number);
    if (!rc)
        rc = put_byte(out, loop);
    if (!rc)
        rc = pinion__buf_append(out, request->id, PINION_LONGPOLL_ID_LEN);
    if (!rc)
        rc = put_byte(out, request->kind);
    if (!rc)
        rc = put_byte(out, request->ndjson);
    if (!rc)
        rc = put_byte(out, (unsigned)request->path.len);
    if (!rc)
        rc = put_slice(out, request->path);
    return rc ? rc : put_slice(out, request->body);
}

int pinion__longpoll_message_put_answer(struct pinion_buf *out, uint64_t number,
                                        const struct pinion_longpoll_answer *answer)
{
    unsigned flags = (answer->gone ? FLAG_GONE : 0u) | (answer->refused ? FLAG_REFUSED : 0u);
    int rc = put_start(out, PINION_LONGPOLL_ANSWER, number);
    if (!rc)
        rc = put_byte(out, flags);
    return rc ? rc : put_slice(out, answer->text);
}

int pinion__longpoll_message_put_cancel(struct pinion_buf *out, uint64_t number, unsigned loop)
{
    int rc = put_start(out, PINION_LONGPOLL_CANCEL, number);
    return rc ? rc : put_byte(out, loop);
}

int pinion__longpoll_message_put_recall(struct pinion_buf *out, uint64_t number, unsigned loop)
{
    int rc = pinion__longpoll_message_put_cancel(out, number, loop);
    return rc ? rc : put_byte(out, RECALL);
}

/* ---- to read ---- */

static bool take_byte(struct pinion_slice *in, unsigned *out)
{
    if (in->len == 0)
        return false;
    *out = (unsigned char)in->ptr[0];
    *in = pinion__slice(in->ptr + 1, in->len - 1);
    return true;
}

static bool take_bytes(struct pinion_slice *in, size_t len, struct pinion_slice *out)
{
    if (in->len < len)
        return false;
    *out = pinion__slice(in->ptr, len);
    *in = pinion__slice(in->ptr + len, in->len - len);
    return true;
}

bool pinion__longpoll_message_read(struct pinion_slice bytes, struct pinion_longpoll_message *message)
{
    if (!take_byte(&bytes, &message->type) || pinion__varint_read(&bytes, &message->number) != 0)
        return false;
    if (message->type == PINION_LONGPOLL_ANSWER)
        message->loop = message->number & ((1 << PINION_LONGPOLL_LOOP_BITS) - 1);
    else if (!take_byte(&bytes, &message->loop))
        return false;
    message->rest = bytes;
    return message->type >= PINION_LONGPOLL_REQUEST && message->type <= PINION_LONGPOLL_CANCEL;
}

bool pinion__longpoll_message_read_request(struct pinion_slice rest, struct pinion_longpoll_request *request)
{
    struct pinion_slice id;
    unsigned ndjson, path_len;
    if (!take_bytes(&rest, PINION_LONGPOLL_ID_LEN, &id) || !take_byte(&rest, &request->kind) ||
        !take_byte(&rest, &ndjson) || !take_byte(&rest, &path_len) ||
        !take_bytes(&rest, path_len, &request->path))
        return false;
    request->id = (const unsigned char *)id.ptr;
    request->ndjson = ndjson;
    request->body = rest;
    return true;
}

bool pinion__longpoll_message_is_recall(const struct pinion_longpoll_message *message)
{
    return message->type == PINION_LONGPOLL_CANCEL && message->rest.len > 0 && message->rest.ptr[0] == RECALL;
}

bool pinion__longpoll_message_read_answer(struct pinion_slice rest, struct pinion_longpoll_answer *answer)
{
    unsigned flags;
    if (!take_byte(&rest, &flags))
        return false;
    answer->gone = flags & FLAG_GONE;
    answer->refused = flags & FLAG_REFUSED;
    answer->text = rest;
    return true;
}

int pinion__longpoll_message_send(struct pinion_hub *hub, const char *node, const struct pinion_buf *message)
{
    return pinion__pubsub_send(&hub->pubsub, PINION_ENVELOPE_LONGPOLL, node,
                               pinion__slice(message->data, message->len));
}
