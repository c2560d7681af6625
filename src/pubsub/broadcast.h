/* A broadcast on its way. It is immutable, counted with atomics, and shared by all loops it goes to. */
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
    uint64_t from; /* the subscriber that is left out; 0: none */
    pinion_payload *payload;
    struct pinion_versions
        *versions;             /* owned: the changes that its payload contains; NULL: it does not say */
    struct pinion_slice topic; /* topic and event are terminated, in the same allocation */
    struct pinion_slice event;
    char names[];
};

/* Make a broadcast with one reference. Consumes payload, also on failure. PINION_EPAYLOAD; PINION_ETOOBIG:
 * topic or event have more than 255 bytes; PINION_ENOMEM. */
int pinion__broadcast_new(struct pinion_broadcast **out, uint64_t from, const char *topic, const char *event,
                          pinion_payload *payload);

/* The same, for names without a terminator. They must not contain a zero byte. */
int pinion__broadcast_make(struct pinion_broadcast **out, uint64_t from, struct pinion_slice topic,
                           struct pinion_slice event, pinion_payload *payload);

/* Thread: any. */
struct pinion_broadcast *pinion__broadcast_ref(struct pinion_broadcast *broadcast);
void pinion__broadcast_unref(struct pinion_broadcast *broadcast);

/* True for a broadcast that closes the sockets whose id is the topic. */
static inline bool pinion__broadcast_disconnects(const struct pinion_broadcast *broadcast)
{
    return pinion__slice_is(broadcast->event, "disconnect");
}

/* What it counts against a mailbox's cap, bytes. */
size_t pinion__broadcast_size(const struct pinion_broadcast *broadcast);

#endif
