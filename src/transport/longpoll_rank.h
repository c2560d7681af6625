/* Which of many things comes first, while their order changes: a binary heap of pointers, of which each knows
 * its place. Putting in, moving and taking out cost the logarithm of their number; the first is at hand. */
#ifndef PINION_TRANSPORT_LONGPOLL_RANK_H
#define PINION_TRANSPORT_LONGPOLL_RANK_H

#include <stdbool.h>
#include <stddef.h>

/* Lies inside what is ranked. */
struct pinion_rank_node {
    size_t place; /* in the heap, from 1; 0: it is not in it */
};

struct pinion_rank {
    struct pinion_rank_node **nodes;
    size_t count;
    size_t cap;
    bool (*before)(const struct pinion_rank_node *a, const struct pinion_rank_node *b);
};

void pinion__rank_init(struct pinion_rank *rank,
                       bool (*before)(const struct pinion_rank_node *a, const struct pinion_rank_node *b));
void pinion__rank_release(struct pinion_rank *rank);

/* Make room for this many. PINION_ENOMEM. */
int pinion__rank_reserve(struct pinion_rank *rank, size_t count);

/* Put it in, or move it, to the place that it has by now. There must be room. */
void pinion__rank_place(struct pinion_rank *rank, struct pinion_rank_node *node);

/* Take it out. It need not be in. */
void pinion__rank_remove(struct pinion_rank *rank, struct pinion_rank_node *node);

/* NULL: nothing is ranked. */
struct pinion_rank_node *pinion__rank_first(const struct pinion_rank *rank);

#endif
