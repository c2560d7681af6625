/* The latest removals of this node's replica, so that a node that has missed a few operations can be sent
 * only these. Additions need no record, because they are in the set. It is a ring that grows to its maximum,
 * and then forgets the oldest. */
#ifndef PINION_PRESENCE_HISTORY_H
#define PINION_PRESENCE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#define PINION_PRESENCE_HISTORY_DEFAULT 10000

struct pinion_presence_removal {
    uint64_t number;  /* of the operation */
    uint64_t removed; /* the clock of the removed entry */
};

/* It contains every removal with a number above `since`. */
struct pinion_presence_history {
    struct pinion_presence_removal *ring;
    size_t head; /* where the oldest is */
    size_t count;
    size_t capacity; /* 0 or a power of two */
    size_t max;
    uint64_t since;
};

/* It will keep at most `max` removals; 0: the default. */
void pinion__presence_history_init(struct pinion_presence_history *history, size_t max);
void pinion__presence_history_release(struct pinion_presence_history *history);

/* Note a removal with a number above all before. It cannot fail: without memory, older ones are forgotten. */
void pinion__presence_history_push(struct pinion_presence_history *history,
                                   struct pinion_presence_removal removal);

/* The removal at this index; 0 is the oldest. */
static inline struct pinion_presence_removal pinion__presence_history_at(
    const struct pinion_presence_history *history, size_t index)
{
    return history->ring[(history->head + index) & (history->capacity - 1)];
}

/* The index of the first removal with a number above this; the count when there is none. */
size_t pinion__presence_history_after(const struct pinion_presence_history *history, uint64_t number);

#endif
