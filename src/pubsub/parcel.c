#include "pubsub/parcel.h"
#include "proto/varint.h"
#include "pubsub/envelope.h"
#include <assert.h>
#include <pinion/error.h>
#include <string.h>

bool pinion__is_parcel(struct pinion_slice bytes)
{
    return bytes.len > 0 && bytes.ptr[0] == PINION_PARCEL_VERSION;
}

/* ---- writing ---- */

static char *put_start(char *out, enum pinion_parcel_kind kind)
{
    *out++ = PINION_PARCEL_VERSION;
    *out++ = (char)kind;
    return out;
}

static char *put_name(char *out, struct pinion_slice name)
{
    assert(name.len <= UINT8_MAX);
    *out++ = (char)name.len;
    if (name.len)
        memcpy(out, name.ptr, name.len);
    return out + name.len;
}

size_t pinion__piece_head(char out[PINION_PIECE_HEAD_MAX], const struct pinion_piece *piece)
{
    char *end = put_start(out, PINION_PARCEL_PIECE);
    end += pinion__varint_write(end, piece->life);
    end += pinion__varint_write(end, piece->number);
    end += pinion__varint_write(end, piece->offset);
    end += pinion__varint_write(end, piece->total);
    return (size_t)(end - out);
}

size_t pinion__notice_write(char out[PINION_NOTICE_LENGTH_MAX], const struct pinion_notice *notice)
{
    char *end = put_start(out, PINION_PARCEL_NOTICE);
    *end++ = (char)notice->flags;
    end += pinion__varint_write(end, notice->life);
    end += pinion__varint_write(end, notice->born);
    end += pinion__varint_write(end, notice->family);
    assert(notice->cluster.len <= PINION_CLUSTER_NAME_MAX);
    end = put_name(end, notice->cluster);
    end = put_name(end, notice->node);
    return (size_t)(end - out);
}

/* ---- reading ---- */

static struct pinion_slice take(struct pinion_slice *in, size_t len)
{
    struct pinion_slice bytes = pinion__slice(in->ptr, len);
    *in = pinion__slice(in->ptr + len, in->len - len);
    return bytes;
}

static bool read_numbers(struct pinion_slice *in, uint64_t **numbers)
{
    for (; *numbers; numbers++) {
        if (pinion__varint_read(in, *numbers) != 0)
            return false;
    }
    return true;
}

static bool read_name(struct pinion_slice *in, struct pinion_slice *out)
{
    if (in->len == 0 || (unsigned char)in->ptr[0] > in->len - 1)
        return false;
    size_t len = (unsigned char)*take(in, 1).ptr;
    *out = take(in, len);
    return true;
}

static bool read_piece(struct pinion_slice *in, struct pinion_piece *out)
{
    uint64_t *numbers[] = { &out->life, &out->number, &out->offset, &out->total, NULL };
    if (!read_numbers(in, numbers))
        return false;
    out->bytes = *in;
    return in->len > 0 && out->total <= SIZE_MAX && in->len <= out->total &&
           out->offset <= out->total - in->len;
}

static bool read_notice(struct pinion_slice *in, struct pinion_notice *out)
{
    uint64_t *numbers[] = { &out->life, &out->born, &out->family, NULL };
    if (in->len == 0)
        return false;
    out->flags = (unsigned char)*take(in, 1).ptr;
    return read_numbers(in, numbers) && read_name(in, &out->cluster) && read_name(in, &out->node) &&
           out->cluster.len <= PINION_CLUSTER_NAME_MAX && pinion__is_node_id(out->node);
}

int pinion__parcel_read(struct pinion_slice bytes, struct pinion_parcel *out)
{
    struct pinion_parcel parcel = { .kind = 0 };
    if (bytes.len < 2 || bytes.ptr[0] != PINION_PARCEL_VERSION)
        return PINION_EPROTO;
    struct pinion_slice in = pinion__slice(bytes.ptr + 2, bytes.len - 2);
    bool whole = false;
    if (bytes.ptr[1] == PINION_PARCEL_PIECE)
        whole = read_piece(&in, &parcel.piece);
    else if (bytes.ptr[1] == PINION_PARCEL_NOTICE)
        whole = read_notice(&in, &parcel.notice);
    if (!whole)
        return PINION_EPROTO;
    parcel.kind = (enum pinion_parcel_kind)bytes.ptr[1];
    *out = parcel;
    return 0;
}
