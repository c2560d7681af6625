/* Intrusive doubly linked list: a node lies inside what it links. The head is a node of its own.
 * A node that is in no list points at itself, so that removing it twice is harmless. */
#ifndef PINION_BASE_LIST_H
#define PINION_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct pinion_list {
    struct pinion_list *next;
    struct pinion_list *prev;
};

/* The struct of `type` whose `member` is at ptr. */
#define PINION_CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void pinion__list_init(struct pinion_list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool pinion__list_empty(const struct pinion_list *list)
{
    return list->next == list;
}

/* Put node, which must be in no list, last. */
static inline void pinion__list_append(struct pinion_list *list, struct pinion_list *node)
{
    node->prev = list->prev;
    node->next = list;
    list->prev->next = node;
    list->prev = node;
}

static inline void pinion__list_remove(struct pinion_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    pinion__list_init(node);
}

/* Move everything of `from` to the end of `to`. */
static inline void pinion__list_splice(struct pinion_list *to, struct pinion_list *from)
{
    if (pinion__list_empty(from))
        return;
    from->next->prev = to->prev;
    from->prev->next = to;
    to->prev->next = from->next;
    to->prev = from->prev;
    pinion__list_init(from);
}

#define PINION_LIST_FOREACH(it, list) for (struct pinion_list *it = (list)->next; it != (list); it = it->next)

/* As above; the body may remove `it` (and nothing else). */
#define PINION_LIST_FOREACH_SAFE(it, list)                                                                   \
    for (struct pinion_list *it = (list)->next, *it##_next = it->next; it != (list);                         \
         it = it##_next, it##_next = it->next)

#endif
