#include "pubsub/broadcast.h"
#include "proto/payload.h"
#include <pinion/message.h>
#include <stdlib.h>
#include <string.h>

int pinion__broadcast_new(struct pinion_broadcast **out, uint64_t from, const char *topic, const char *event,
                          pinion_payload *payload)
{
    struct pinion_slice t = pinion__slice_str(topic), e = pinion__slice_str(event);
    struct pinion_broadcast *broadcast = NULL;
    int rc = 0;

    payload = pinion__payload_or_empty(payload);
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_POISON)
        rc = PINION_EPAYLOAD;
    else if (t.len > PINION_NAME_MAX || e.len > PINION_NAME_MAX)
        rc = PINION_ETOOBIG;
    else if (!(broadcast = malloc(sizeof *broadcast + t.len + e.len + 2)))
        rc = PINION_ENOMEM;
    if (rc) {
        pinion_payload_unref(payload);
        return rc;
    }
    atomic_init(&broadcast->refs, 1);
    broadcast->from = from;
    broadcast->payload = payload;
    broadcast->topic = pinion__slice(broadcast->names, t.len);
    broadcast->event = pinion__slice(broadcast->names + t.len + 1, e.len);
    memcpy(broadcast->names, topic, t.len + 1);
    memcpy(broadcast->names + t.len + 1, event, e.len + 1);
    *out = broadcast;
    return 0;
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
    free(broadcast);
}

size_t pinion__broadcast_size(const struct pinion_broadcast *broadcast)
{
    size_t len = 0;
    pinion_payload_bytes(broadcast->payload, &len);
    return sizeof *broadcast + broadcast->topic.len + broadcast->event.len + len;
}
