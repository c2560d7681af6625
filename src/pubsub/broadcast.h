/* A broadcast on its way: immutable, counted with atomics, shared by all loops it goes to. */
#ifndef PINION_PUBSUB_BROADCAST_H
#define PINION_PUBSUB_BROADCAST_H

#include "base/slice.h"
#include <pinion/payload.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pinion_versions;

struct pinion_broadcast {
    atomic_uint refs;
    uint64_t from; /* the subscriber that is left out, 0 for none */
    pinion_payload *payload;
    struct pinion_versions *versions; /* owned: the changes it tells of; NULL: it is no such one */
    struct pinion_slice topic;        /* both terminated, in the same allocation */
    struct pinion_slice event;
    char names[];
};

/* Make a broadcast with one reference. Consumes payload, on failure too. PINION_EPAYLOAD, PINION_ETOOBIG (a
 * topic or event over 255 bytes), PINION_ENOMEM. */
int pinion__broadcast_new(struct pinion_broadcast **out, uint64_t from, const char *topic, const char *event,
                          pinion_payload *payload);

/* The same of names that are not terminated, and have no zero byte inside. */
int pinion__broadcast_make(struct pinion_broadcast **out, uint64_t from, struct pinion_slice topic,
                           struct pinion_slice event, pinion_payload *payload);

/* Thread: any. */
struct pinion_broadcast *pinion__broadcast_ref(struct pinion_broadcast *broadcast);
void pinion__broadcast_unref(struct pinion_broadcast *broadcast);

/* True for what closes the sockets whose id is the topic. */
static inline bool pinion__broadcast_disconnects(const struct pinion_broadcast *broadcast)
{
    return pinion__slice_is(broadcast->event, "disconnect");
}

/* What it counts against a mailbox's cap. */
size_t pinion__broadcast_size(const struct pinion_broadcast *broadcast);

#endif
