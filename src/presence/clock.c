#include "presence/clock.h"
#include <pinion/error.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 4

void pinion__presence_clock_release(struct pinion_presence_clock *clock)
{
    free(clock->ranges);
    *clock = (struct pinion_presence_clock){ 0 };
}

/* The index of the first range that ends at or above this number. */
static size_t find(const struct pinion_presence_clock *clock, uint64_t number)
{
    size_t low = 0;
    size_t high = clock->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (clock->ranges[middle].last < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool pinion__presence_clock_has(const struct pinion_presence_clock *clock, uint64_t number)
{
    return pinion__presence_clock_has_all(clock, number, number);
}

bool pinion__presence_clock_has_all(const struct pinion_presence_clock *clock, uint64_t first, uint64_t last)
{
    if (last <= clock->base || last < first)
        return true;
    if (first <= clock->base)
        first = clock->base + 1;
    size_t i = find(clock, first);
    return i < clock->count && clock->ranges[i].first <= first && clock->ranges[i].last >= last;
}

static int make_room(struct pinion_presence_clock *clock)
{
    if (clock->count < clock->capacity)
        return 0;
    size_t capacity = clock->capacity ? 2 * clock->capacity : FIRST_CAPACITY;
    struct pinion_presence_range *ranges = realloc(clock->ranges, capacity * sizeof *ranges);
    if (!ranges)
        return PINION_ENOMEM;
    clock->ranges = ranges;
    clock->capacity = capacity;
    return 0;
}

/* Move the ranges from index `from` on to index `to`. */
static void move(struct pinion_presence_clock *clock, size_t from, size_t to)
{
    memmove(clock->ranges + to, clock->ranges + from, (clock->count - from) * sizeof *clock->ranges);
    clock->count = clock->count - from + to;
}

/* Remove the ranges from index `from` to before index `to`. */
static void cut(struct pinion_presence_clock *clock, size_t from, size_t to)
{
    if (to > from)
        move(clock, to, from);
    if (clock->count == 0) {
        free(clock->ranges);
        clock->ranges = NULL;
        clock->capacity = 0;
    }
}

static int insert(struct pinion_presence_clock *clock, size_t at, struct pinion_presence_range range)
{
    int rc = make_room(clock);
    if (rc)
        return rc;
    move(clock, at, at + 1);
    clock->ranges[at] = range;
    return 0;
}

int pinion__presence_clock_add(struct pinion_presence_clock *clock, uint64_t first, uint64_t last)
{
    if (last <= clock->base || last < first)
        return 0;
    struct pinion_presence_range range = { first > clock->base ? first : clock->base + 1, last };
    size_t from = find(clock, range.first - 1); /* the first range that touches, if any does */
    size_t to = from;
    for (; to < clock->count && clock->ranges[to].first <= range.last + 1; to++) {
        if (clock->ranges[to].first < range.first)
            range.first = clock->ranges[to].first;
        if (clock->ranges[to].last > range.last)
            range.last = clock->ranges[to].last;
    }
    if (range.first == clock->base + 1) {
        clock->base = range.last;
        cut(clock, from, to);
        return 0;
    }
    if (to == from)
        return insert(clock, from, range);
    clock->ranges[from] = range;
    cut(clock, from + 1, to);
    return 0;
}
