/* Which messages of the other nodes have come: what is dropped when it comes again.
 *
 * For each sender the last PINION_SENDER_WINDOW sequence numbers are remembered. A message may be overtaken
 * by others of its sender, which are on other topics; one that is overtaken by more than the window counts as
 * having come. Each of a node's lives counts anew. Of senders the most recent are kept. Not
 * thread-safe.
 */
#ifndef PINION_PUBSUB_SENDERS_H
#define PINION_PUBSUB_SENDERS_H

#include "base/list.h"
#include "base/map.h"

#define PINION_SENDER_WINDOW 1024 /* messages; a power of two */
#define PINION_SENDERS_MAX   1024

struct pinion_senders {
    struct pinion_map map;
    struct pinion_list recent; /* the one that was heard last is last */
};

void pinion__senders_init(struct pinion_senders *senders);
void pinion__senders_release(struct pinion_senders *senders);

/* Note a message. True: it is new. Where memory runs out it counts as new. */
bool pinion__senders_note(struct pinion_senders *senders, struct pinion_slice node, uint64_t incarnation,
                          uint64_t sequence);

#endif
