#include "pubsub/broadcast.h"
#include "base/stock.h"
#include "proto/payload.h"
#include "pubsub/versions.h"
#include <pinion/message.h>
#include <string.h>

static size_t block_size(struct pinion_slice topic, struct pinion_slice event)
{
    return sizeof(struct pinion_broadcast) + topic.len + event.len + 2;
}

static struct pinion_slice put_name(char *out, struct pinion_slice name)
{
    if (name.len)
        memcpy(out, name.ptr, name.len);
    out[name.len] = '\0';
    return pinion__slice(out, name.len);
}

int pinion__broadcast_make(struct pinion_broadcast **out, uint64_t from, struct pinion_slice topic,
                           struct pinion_slice event, pinion_payload *payload)
{
    struct pinion_broadcast *broadcast = NULL;
    int rc = 0;

    payload = pinion__payload_or_empty(payload);
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_POISON)
        rc = PINION_EPAYLOAD;
    else if (topic.len > PINION_NAME_MAX || event.len > PINION_NAME_MAX)
        rc = PINION_ETOOBIG;
    else if (!(broadcast = pinion__block_new(block_size(topic, event))))
        rc = PINION_ENOMEM;
    if (rc) {
        pinion_payload_unref(payload);
        return rc;
    }
    atomic_init(&broadcast->refs, 1);
    broadcast->from = from;
    broadcast->payload = payload;
    broadcast->versions = NULL;
    broadcast->topic = put_name(broadcast->names, topic);
    broadcast->event = put_name(broadcast->names + topic.len + 1, event);
    *out = broadcast;
    return 0;
}

int pinion__broadcast_new(struct pinion_broadcast **out, uint64_t from, const char *topic, const char *event,
                          pinion_payload *payload)
{
    return pinion__broadcast_make(out, from, pinion__slice_str(topic), pinion__slice_str(event), payload);
}

struct pinion_broadcast *pinion__broadcast_ref(struct pinion_broadcast *broadcast)
{
    atomic_fetch_add_explicit(&broadcast->refs, 1, memory_order_relaxed);
    return broadcast;
}

void pinion__broadcast_unref(struct pinion_broadcast *broadcast)
{
    if (atomic_fetch_sub_explicit(&broadcast->refs, 1, memory_order_acq_rel) != 1)
        return;
    pinion_payload_unref(broadcast->payload);
    if (broadcast->versions)
        broadcast->versions->ops->free(broadcast->versions);
    pinion__block_free(broadcast, block_size(broadcast->topic, broadcast->event));
}

size_t pinion__broadcast_size(const struct pinion_broadcast *broadcast)
{
    size_t len = 0;
    pinion_payload_bytes(broadcast->payload, &len);
    if (broadcast->versions)
        len += broadcast->versions->bytes;
    return sizeof *broadcast + broadcast->topic.len + broadcast->event.len + len;
}
