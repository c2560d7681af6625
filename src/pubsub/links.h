/* The faults of a cluster in one process: which nodes cannot reach each other, and how many messages are lost
 * by chance. Not thread-safe. */
#ifndef PINION_PUBSUB_LINKS_H
#define PINION_PUBSUB_LINKS_H

#include "base/list.h"
#include <stdint.h>

struct pinion_links {
    struct pinion_list cuts;
    double loss;
    uint64_t dice;
};

void pinion__links_init(struct pinion_links *links, uint64_t seed);
void pinion__links_release(struct pinion_links *links);

/* Cut two nodes off from each other, or one node from all others (b is NULL); or undo that. PINION_ENOMEM. */
int pinion__links_cut(struct pinion_links *links, const char *a, const char *b, bool cut);

/* True when this node can neither send nor receive. */
bool pinion__links_isolated(const struct pinion_links *links, const char *node);

/* True when a message that is sent now from one to the other arrives. */
bool pinion__links_carry(struct pinion_links *links, const char *from, const char *to);

#endif
