/* An intrusive doubly linked list: the node lies inside the object that is linked. The head is a node too. A
 * node that is in no list points at itself, so that removing it twice does no harm.
 *
 * A node must be all zero before its first use: from calloc, or PINION_LIST_HEAD for one on the stack. So a
 * linked node can be told from a new one, and each function asserts what it needs: a node that is initialised
 * or appended is in no list, and the neighbours of a node that is removed point at it. */
#ifndef PINION_BASE_LIST_H
#define PINION_BASE_LIST_H

#include "base/work.h"
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

struct pinion_list {
    struct pinion_list *next;
    struct pinion_list *prev;
};

/* The struct of `type` that contains ptr as its `member`. */
#define PINION_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* An empty list, or a node in no list: struct pinion_list items = PINION_LIST_HEAD(items); */
#define PINION_LIST_HEAD(list)                                                                               \
    {                                                                                                        \
        &(list), &(list)                                                                                     \
    }

/* For a node: is it new (all zero) or in no list? For a head: is the list empty? */
static inline bool pinion__list_alone(const struct pinion_list *node)
{
    return (!node->next && !node->prev) || (node->next == node && node->prev == node);
}

/* Do its neighbours point at it? */
static inline bool pinion__list_sound(const struct pinion_list *node)
{
    return node->next && node->prev && node->next->prev == node && node->prev->next == node;
}

/* The node must be new or in no list: initialising a linked node would break its neighbours' pointers. */
static inline void pinion__list_init(struct pinion_list *list)
{
    assert(pinion__list_alone(list));
    list->next = list;
    list->prev = list;
}

static inline bool pinion__list_empty(const struct pinion_list *list)
{
    return list->next == list;
}

/* Put the node last. It must be new or in no list. */
static inline void pinion__list_append(struct pinion_list *list, struct pinion_list *node)
{
    assert(pinion__list_alone(node) && pinion__list_sound(list));
    PINION_WORK(1);
    node->prev = list->prev;
    node->next = list;
    list->prev->next = node;
    list->prev = node;
}

/* The node must have been initialised or appended before. It is in no list afterwards. */
static inline void pinion__list_remove(struct pinion_list *node)
{
    assert(pinion__list_sound(node));
    PINION_WORK(1);
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = node;
    node->prev = node;
}

/* Move all nodes of `from` to the end of `to`. */
static inline void pinion__list_splice(struct pinion_list *to, struct pinion_list *from)
{
    assert(pinion__list_sound(to) && pinion__list_sound(from));
    if (pinion__list_empty(from))
        return;
    from->next->prev = to->prev;
    from->prev->next = to;
    to->prev->next = from->next;
    to->prev = from->prev;
    from->next = from;
    from->prev = from;
}

/* The memory of the node is about to be freed: it must be in no list. Without assertions, this does
 * nothing. */
static inline void pinion__list_gone(const struct pinion_list *node)
{
    assert(pinion__list_alone(node));
    (void)node;
}

#define PINION_LIST_FOREACH(it, list)                                                                        \
    for (struct pinion_list *it = (list)->next; it != (list); it = it->next, PINION_WORK(1))

/* As above, but the body may remove `it`, and no other node. */
#define PINION_LIST_FOREACH_SAFE(it, list)                                                                   \
    for (struct pinion_list *it = (list)->next, *it##_next = it->next; it != (list);                         \
         it = it##_next, it##_next = it->next, PINION_WORK(1))

#endif
