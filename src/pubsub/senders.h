/* Remembers which messages of other nodes have come, so that a message that comes again is dropped.
 *
 * For each sender, the last PINION_SENDER_WINDOW sequence numbers are remembered. Messages of a sender on
 * other topics may overtake a message. If it is overtaken by more than the window, it counts as having come.
 * Each life of a node is counted anew. The most recent senders are kept. Not thread-safe. */
#ifndef PINION_PUBSUB_SENDERS_H
#define PINION_PUBSUB_SENDERS_H

#include "base/list.h"
#include "base/map.h"

#define PINION_SENDER_WINDOW 1024 /* messages; a power of two */
#define PINION_SENDERS_MAX   1024

struct pinion_senders {
    struct pinion_map map;
    struct pinion_list recent; /* the sender that was heard last is last */
};

void pinion__senders_init(struct pinion_senders *senders);
void pinion__senders_release(struct pinion_senders *senders);

/* Note a message. Returns true when it is new. When memory runs out, it counts as new. */
bool pinion__senders_note(struct pinion_senders *senders, struct pinion_slice node, uint64_t incarnation,
                          uint64_t sequence);

#endif
