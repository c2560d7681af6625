/* The interest table: which loops have subscribers of a topic. A publisher reads it before it posts. All
 * loops share it, in stripes with a lock each. It changes when a topic gets its first or loses its last
 * subscriber on a loop.
 *
 * If other nodes must be told, the first loop that is interested in a topic opens a subscription, which
 * counts as known when it is confirmed. When the last loop is no longer interested, it is closed. */
#ifndef PINION_PUBSUB_INTEREST_H
#define PINION_PUBSUB_INTEREST_H

#include "base/lock.h"
#include "base/loops.h"
#include "base/map.h"
#include <stdatomic.h>

#define PINION_INTEREST_STRIPES 64

/* How other nodes are told. Called with the lock of a stripe held. */
struct pinion_interest_hooks {
    /* Returns 0: it will be confirmed by pinion__interest_confirm with this ticket; PINION_ENOTCONN: there is
     * nothing to wait for; PINION_ECLOSED: nobody is told; PINION_ENOMEM. */
    int (*open)(void *context, const char *topic, uint64_t ticket);
    void (*close)(void *context, const char *topic);
};

struct pinion_interest {
    const struct pinion_interest_hooks *hooks; /* NULL: nobody is told */
    void *hook_context;
    atomic_uint_fast64_t tickets;
    struct {
        struct pinion_lock lock;
        struct pinion_map topics; /* under the lock */
    } stripes[PINION_INTEREST_STRIPES];
};

int pinion__interest_init(struct pinion_interest *interest);
void pinion__interest_release(struct pinion_interest *interest);

/* Tell other nodes too, from now on. To be called before any thread runs. */
void pinion__interest_hook(struct pinion_interest *interest, const struct pinion_interest_hooks *hooks,
                           void *context);

/* Note that a loop has subscribers of the topic. `hash` is pinion__hash(name). *subscribers is the count of
 * all loops, which the loop keeps for its own subscribers until pinion__interest_end. PINION_EPENDING: other
 * nodes do not know yet; PINION_ENOMEM. Thread: any. */
int pinion__interest_begin(struct pinion_interest *interest, struct pinion_slice name, uint64_t hash,
                           unsigned loop, atomic_uint **subscribers);

/* Note that a loop has no subscribers of the topic any more. It need not have had some. Thread: any. */
void pinion__interest_end(struct pinion_interest *interest, struct pinion_slice name, uint64_t hash,
                          unsigned loop);

/* How many subscribers a topic has on all loops. Thread: any. */
size_t pinion__interest_subscribers(struct pinion_interest *interest, struct pinion_slice name);

/* What other nodes know of a topic. If it was refused, no messages on it come in. */
enum pinion_interest_known { PINION_INTEREST_PENDING, PINION_INTEREST_KNOWN, PINION_INTEREST_REFUSED };

/* Other nodes know of the subscription with this ticket, or have refused it. Returns a bit for each loop that
 * was told otherwise; 0 for a ticket that is not current. Thread: any. */
uint64_t pinion__interest_confirm(struct pinion_interest *interest, struct pinion_slice name, uint64_t ticket,
                                  bool allowed);

/* What other nodes know of the topic; KNOWN for a topic without subscribers. Thread: any. */
enum pinion_interest_known pinion__interest_known(struct pinion_interest *interest, struct pinion_slice name);

/* Tell other nodes again of a topic that was refused. Returns what is known then, or PINION_ENOMEM. Thread:
 * any. */
int pinion__interest_retry(struct pinion_interest *interest, struct pinion_slice name);

/* A bit for each loop that has subscribers. Thread: any. */
uint64_t pinion__interest_get(struct pinion_interest *interest, struct pinion_slice name);

#endif
