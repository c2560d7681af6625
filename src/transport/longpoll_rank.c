#include "transport/longpoll_rank.h"
#include <assert.h>
#include <pinion/error.h>
#include <stdlib.h>

void pinion__rank_init(struct pinion_rank *rank,
                       bool (*before)(const struct pinion_rank_node *a, const struct pinion_rank_node *b))
{
    *rank = (struct pinion_rank){ .before = before };
}

void pinion__rank_release(struct pinion_rank *rank)
{
    free(rank->nodes);
    rank->nodes = NULL;
    rank->count = rank->cap = 0;
}

int pinion__rank_reserve(struct pinion_rank *rank, size_t count)
{
    if (count <= rank->cap)
        return 0;
    size_t cap = rank->cap ? rank->cap * 2 : 16;
    if (cap < count)
        cap = count;
    struct pinion_rank_node **nodes = realloc(rank->nodes, cap * sizeof(struct pinion_rank_node *));
    if (!nodes)
        return PINION_ENOMEM;
    rank->nodes = nodes;
    rank->cap = cap;
    return 0;
}

static void put_at(struct pinion_rank *rank, size_t place, struct pinion_rank_node *node)
{
    rank->nodes[place - 1] = node;
    node->place = place;
}

static struct pinion_rank_node *at(const struct pinion_rank *rank, size_t place)
{
    return rank->nodes[place - 1];
}

static void move_up(struct pinion_rank *rank, struct pinion_rank_node *node)
{
    size_t place = node->place;
    while (place > 1 && rank->before(node, at(rank, place / 2))) {
        put_at(rank, place, at(rank, place / 2));
        place /= 2;
    }
    put_at(rank, place, node);
}

static void move_down(struct pinion_rank *rank, struct pinion_rank_node *node)
{
    size_t place = node->place;
    for (;;) {
        size_t child = place * 2;
        if (child + 1 <= rank->count && rank->before(at(rank, child + 1), at(rank, child)))
            child++;
        if (child > rank->count || !rank->before(at(rank, child), node))
            break;
        put_at(rank, place, at(rank, child));
        place = child;
    }
    put_at(rank, place, node);
}

void pinion__rank_place(struct pinion_rank *rank, struct pinion_rank_node *node)
{
    if (node->place == 0) {
        assert(rank->count < rank->cap);
        put_at(rank, ++rank->count, node);
    }
    move_up(rank, node);
    move_down(rank, node);
}

void pinion__rank_remove(struct pinion_rank *rank, struct pinion_rank_node *node)
{
    if (node->place == 0)
        return;
    struct pinion_rank_node *last = at(rank, rank->count--);
    if (last != node) {
        put_at(rank, node->place, last);
        move_up(rank, last);
        move_down(rank, last);
    }
    node->place = 0;
}

struct pinion_rank_node *pinion__rank_first(const struct pinion_rank *rank)
{
    return rank->count ? rank->nodes[0] : NULL;
}
