/* The faults of a cluster in one process: which nodes cannot reach each other, and how many messages are lost
 * by chance. Not thread-safe. */
#ifndef PINION_PUBSUB_FAULTS_H
#define PINION_PUBSUB_FAULTS_H

#include "base/list.h"
#include <stdint.h>

struct pinion_faults {
    struct pinion_list cuts;
    double loss;
    uint64_t dice;
};

void pinion__faults_init(struct pinion_faults *faults, uint64_t seed);
void pinion__faults_release(struct pinion_faults *faults);

/* Cut two nodes off from each other, or one node from all others (b is NULL); or undo that. PINION_ENOMEM. */
int pinion__faults_cut(struct pinion_faults *faults, const char *a, const char *b, bool cut);

/* True when this node can neither send nor receive. */
bool pinion__faults_isolated(const struct pinion_faults *faults, const char *node);

/* True when a message that is sent now from one to the other arrives. */
bool pinion__faults_carry(struct pinion_faults *faults, const char *from, const char *to);

#endif
