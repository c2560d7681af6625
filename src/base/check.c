/* See check.h. The checkers of regions, slabs and wheels are in region.c, slab.c and wheel.c, which know
 * their private structs. */
#include "base/check.h"
#include "base/multimap.h"
#include "base/work.h"
#include <stdio.h>
#include <stdlib.h>

/* It does not use the log, because the log may be what is broken. */
void pinion__checked(const char *wrong, const char *call, const char *file, int line)
{
    if (!wrong)
        return;
    fprintf(stderr, "%s:%d: %s: %s\n", file, line, call, wrong);
    abort();
}

/* ---- work ---- */

_Thread_local size_t pinion__work_done;

const char *pinion__work_check(size_t before, size_t most)
{
    return pinion__work_done - before <= most ? NULL
                                              : "more work was done at once than the input can explain";
}

/* ---- lists and queues ---- */

/* If each node's neighbours point back at it, the list must end at its head. */
const char *pinion__list_check(const struct pinion_list *list, size_t *count)
{
    size_t nodes = 0;
    if (!pinion__list_sound(list))
        return "the neighbours of a list's head do not point at it";
    PINION_LIST_FOREACH (node, list) {
        if (!pinion__list_sound(node))
            return "the neighbours of a list's node do not point at it";
        nodes++;
    }
    if (count)
        *count = nodes;
    return NULL;
}

/* A second pointer walks at half the speed. In a ring, the first one catches up with it. */
const char *pinion__task_queue_check(const struct pinion_task_queue *queue, size_t *count)
{
    const struct pinion_task *slow = queue->head, *last = NULL;
    size_t tasks = 0;
    for (const struct pinion_task *task = queue->head; task; task = task->next) {
        if (tasks > 0 && task == slow)
            return "a queue of tasks is circular";
        if (!task->queued || !task->run)
            return "a task in a queue is not marked as queued, or has no function to run";
        last = task;
        if (++tasks % 2 == 0)
            slow = slow->next;
    }
    if (last && queue->tail != last)
        return "the last task of a queue is not its tail";
    if (count)
        *count = tasks;
    return NULL;
}

/* ---- maps ---- */

/* Is there another node of this name further on in the chain? No chain is longer than the map. */
static bool is_twice(const struct pinion_map *map, const struct pinion_map_node *node)
{
    size_t left = map->count;
    for (const struct pinion_map_node *other = node->next; other && left > 0; other = other->next, left--) {
        if (other->hash == node->hash && pinion__slice_eq(map->name(other), map->name(node)))
            return true;
    }
    return false;
}

static const char *map_node_check(const struct pinion_map *map, const struct pinion_map_node *node,
                                  size_t bucket)
{
    if ((node->hash & (map->bucket_count - 1)) != bucket)
        return "a node of a map lies in the wrong bucket";
    if (node->hash != pinion__hash(map->name(node)))
        return "a name has changed since its node was put into a map";
    return is_twice(map, node) ? "two nodes of a map have the same name" : NULL;
}

const char *pinion__map_check(const struct pinion_map *map)
{
    size_t count = 0;
    if ((map->bucket_count & (map->bucket_count - 1)) != 0 || !map->buckets != !map->bucket_count)
        return "a map's buckets are not a power of two";
    for (size_t i = 0; i < map->bucket_count; i++) {
        for (const struct pinion_map_node *node = map->buckets[i]; node; node = node->next) {
            if (++count > map->count)
                return "a map has more nodes than its count says, or its chain is circular";
            const char *wrong = map_node_check(map, node, i);
            if (wrong)
                return wrong;
        }
    }
    return count == map->count ? NULL : "a map has fewer nodes than its count says";
}

static const char *names_check(const struct pinion_map *map, const struct pinion_multimap_node *first)
{
    const char *wrong = pinion__list_check(&first->ring, NULL);
    if (wrong)
        return wrong;
    PINION_LIST_FOREACH (link, &first->ring) {
        const struct pinion_multimap_node *node =
            PINION_CONTAINER_OF(link, struct pinion_multimap_node, ring);
        if (pinion__multimap_is_first(node))
            return "two nodes of one name are both marked as the first";
        if (node->first.hash != first->first.hash ||
            !pinion__slice_eq(map->name(&node->first), map->name(&first->first)))
            return "a node lies in the ring of another name";
    }
    return NULL;
}

const char *pinion__multimap_check(const struct pinion_map *map)
{
    const char *wrong = pinion__map_check(map);
    for (size_t i = 0; i < map->bucket_count && !wrong; i++) {
        for (struct pinion_map_node *node = map->buckets[i]; node && !wrong; node = node->next)
            wrong = names_check(map, PINION_CONTAINER_OF(node, struct pinion_multimap_node, first));
    }
    return wrong;
}

/* ---- memory ---- */

const char *pinion__pool_check(const struct pinion_pool *pool)
{
    size_t used, slabs = 0;
    const char *wrong = pinion__regions_check(&pool->regions, &used);
    for (size_t i = 0; i < PINION_POOL_SIZES && !wrong; i++) {
        if (pool->sizes[i].regions != &pool->regions ||
            pool->sizes[i].object_size != (i + 1) * PINION_POOL_STEP)
            return "a pool's slabs have the wrong object size, or use other regions";
        wrong = pinion__slabs_check(&pool->sizes[i]);
        slabs += pool->sizes[i].count;
    }
    if (wrong)
        return wrong;
    return used == slabs ? NULL : "a pool's blocks are not as many as its slabs";
}

const char *pinion__stock_check(const struct pinion_stock *stock)
{
    size_t bytes = 0;
    for (size_t i = 0; i < PINION_STOCK_SIZES; i++) {
        for (void **block = stock->first[i]; block; block = *block) {
            bytes += pinion__stock_bytes(i);
            if (bytes > stock->bytes)
                return "a stock keeps more blocks than its count says, or its list is circular";
        }
    }
    if (bytes != stock->bytes)
        return "a stock keeps fewer blocks than its count says";
    return bytes <= PINION_STOCK_MAX ? NULL : "a stock keeps more bytes than its limit";
}

/* ---- what a loop runs ---- */

static const char *mailbox_check(const struct pinion_mailbox *mailbox)
{
    const char *wrong = pinion__task_queue_check(&mailbox->queue, NULL);
    if (wrong)
        return wrong;
    if (mailbox->bytes > mailbox->max_bytes)
        return "a mailbox holds more bytes than its cap";
    if (pinion__task_queue_empty(&mailbox->queue) && mailbox->bytes > 0)
        return "a mailbox is empty, and counts bytes";
    return NULL;
}

const char *pinion__mailbox_check(struct pinion_mailbox *mailbox)
{
    pinion__lock(&mailbox->lock);
    const char *wrong = mailbox_check(mailbox);
    pinion__unlock(&mailbox->lock);
    return wrong;
}

const char *pinion__scheduler_check(struct pinion_scheduler *scheduler)
{
    if (atomic_load(&scheduler->refs) == 0)
        return "a scheduler in use has no reference";
    const char *wrong = pinion__wheel_check(&scheduler->wheel);
    if (!wrong)
        wrong = pinion__wheel_check(&scheduler->deadlines);
    if (!wrong)
        wrong = pinion__task_queue_check(&scheduler->posted, NULL);
    if (!wrong)
        wrong = pinion__task_queue_check(&scheduler->ready, NULL);
    return wrong ? wrong : pinion__mailbox_check(&scheduler->mailbox);
}

const char *pinion__turns_check(const struct pinion_turns *turns)
{
    bool timed = pinion__timer_active(&turns->timer);
    const char *wrong = pinion__list_check(&turns->waiting, NULL);
    if (wrong)
        return wrong;
    PINION_LIST_FOREACH (node, &turns->waiting) {
        if (!PINION_CONTAINER_OF(node, struct pinion_turn, node)->run)
            return "a waiting turn has no function to run";
    }
    if (turns->going != turns->go.queued)
        return "the line of turns is marked as running without a task, or has a task without the mark";
    if (turns->going && timed)
        return "the line of turns is running, and its timer is set too";
    if (!pinion__list_empty(&turns->waiting) && !turns->going && !timed)
        return "turns wait, and neither a task nor a timer is set to run them";
    return NULL;
}
