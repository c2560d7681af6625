#include "presence/packet.h"
#include <pinion/error.h>

int pinion__presence_packet_write(const struct pinion_presence_packet *packet, struct pinion_buf *out)
{
    int rc = pinion__buf_reserve(out, 4 + packet->name.len + packet->body.len);
    if (rc)
        return rc;
    (void)pinion__buf_append_char(out, (char)packet->kind);
    (void)pinion__buf_append_char(out, (char)packet->name.len);
    (void)pinion__buf_append(out, packet->name.ptr, packet->name.len);
    (void)pinion__buf_append_char(out, (char)packet->shard);
    (void)pinion__buf_append_char(out, (char)packet->shards);
    return pinion__buf_append(out, packet->body.ptr, packet->body.len);
}

int pinion__presence_packet_read(struct pinion_slice bytes, struct pinion_presence_packet *out)
{
    const unsigned char *at = (const unsigned char *)bytes.ptr;
    size_t name_len = bytes.len >= 2 ? at[1] : 0, head = 4 + name_len;
    if (bytes.len < head || (at[0] != PINION_PRESENCE_MESSAGE && at[0] != PINION_PRESENCE_GOODBYE) ||
        at[head - 2] >= at[head - 1])
        return PINION_EPROTO;
    out->kind = at[0];
    out->name = pinion__slice(bytes.ptr + 2, name_len);
    out->shard = at[head - 2];
    out->shards = at[head - 1];
    out->body = pinion__slice(bytes.ptr + head, bytes.len - head);
    return 0;
}
