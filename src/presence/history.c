#include "presence/history.h"
#include <pinion/error.h>
#include <stdlib.h>

#define FIRST_CAPACITY 16

void pinion__presence_history_init(struct pinion_presence_history *history, size_t max)
{
    *history = (struct pinion_presence_history){ .max = max ? max : PINION_PRESENCE_HISTORY_DEFAULT };
}

void pinion__presence_history_release(struct pinion_presence_history *history)
{
    free(history->ring);
    pinion__presence_history_init(history, history->max);
}

static int grow(struct pinion_presence_history *history)
{
    size_t capacity = history->capacity ? 2 * history->capacity : FIRST_CAPACITY;
    struct pinion_presence_removal *ring = malloc(capacity * sizeof *ring);
    if (!ring)
        return PINION_ENOMEM;
    for (size_t i = 0; i < history->count; i++)
        ring[i] = pinion__presence_history_at(history, i);
    free(history->ring);
    history->ring = ring;
    history->head = 0;
    history->capacity = capacity;
    return 0;
}

static void forget_oldest(struct pinion_presence_history *history)
{
    history->since = pinion__presence_history_at(history, 0).number;
    history->head = (history->head + 1) & (history->capacity - 1);
    history->count--;
}

void pinion__presence_history_push(struct pinion_presence_history *history,
                                   struct pinion_presence_removal removal)
{
    if (history->count == history->max)
        forget_oldest(history);
    if (history->count == history->capacity && grow(history) != 0) {
        if (history->count == 0) {
            history->since = removal.number;
            return;
        }
        forget_oldest(history);
    }
    history->ring[(history->head + history->count) & (history->capacity - 1)] = removal;
    history->count++;
}

size_t pinion__presence_history_after(const struct pinion_presence_history *history, uint64_t number)
{
    size_t low = 0;
    size_t high = history->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pinion__presence_history_at(history, middle).number <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
