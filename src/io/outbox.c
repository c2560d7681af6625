/* See outbox.h: a queue of references over pooled nodes. */
#include "io/outbox.h"
#include "base/work.h"
#include <pinion/error.h>
#include <stdlib.h>

static struct pinion_outbox_node *node_take(struct pinion_outbox_pool *pool)
{
    struct pinion_outbox_node *node = pool->free;

    if (!node)
        return malloc(sizeof *node);
    pool->free = node->next;
    pool->count--;
    return node;
}

static void node_give(struct pinion_outbox_pool *pool, struct pinion_outbox_node *node)
{
    if (pool->count >= pool->max) {
        free(node);
        return;
    }
    node->next = pool->free;
    pool->free = node;
    pool->count++;
}

void pinion__outbox_pool_release(struct pinion_outbox_pool *pool)
{
    while (pool->free)
        free(node_take(pool));
}

static size_t frame_size(struct pinion_frame *frame)
{
    return pinion__frame_wire(frame).len;
}

/* ---- nodes ---- */

/* The bytes of its first frame. */
static size_t first_size(const struct pinion_outbox_node *node)
{
    if (pinion__outbox_is_frame(node))
        return frame_size(node->frame);
    return pinion__run_part(node->run, node->first, node->first + 1u).len;
}

static void release(struct pinion_outbox_pool *pool, struct pinion_outbox_node *node)
{
    if (pinion__outbox_is_frame(node))
        pinion__frame_unref(node->frame);
    else
        pinion__run_unref(&pool->runs, node->run);
    node_give(pool, node);
}

static void append(struct pinion_outbox *outbox, struct pinion_outbox_node *node)
{
    node->next = NULL;
    if (outbox->head)
        outbox->tail->next = node;
    else
        outbox->head = node;
    outbox->tail = node;
}

/* ---- queueing ---- */

int pinion__outbox_push(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool,
                        struct pinion_frame *frame)
{
    size_t size = frame_size(frame);
    bool fits = size <= UINT32_MAX;
    struct pinion_outbox_node *node = size && fits ? node_take(pool) : NULL;

    if (!node) {
        pinion__frame_unref(frame);
        return !fits ? PINION_ETOOBIG : size ? PINION_ENOMEM : 0;
    }
    node->frame = frame;
    node->part = 0;
    append(outbox, node);
    PINION_WORK(1);
    outbox->bytes += size;
    outbox->frames++;
    return 0;
}

/* Make the node the first two frames of a run. */
static bool begin_run(struct pinion_outbox_pool *pool, struct pinion_outbox_node *node,
                      struct pinion_frame *second)
{
    struct pinion_frame *first = node->frame;
    struct pinion_run *run = first->droppable ? pinion__run_of(&pool->runs, first, second) : NULL;

    if (!run)
        return false;
    node->run = run;
    node->first = 0;
    node->end = 2;
    pinion__frame_unref(first);
    return true;
}

static bool join(struct pinion_outbox_pool *pool, struct pinion_outbox_node *tail, struct pinion_frame *frame)
{
    if (pinion__outbox_is_frame(tail))
        return begin_run(pool, tail, frame);
    if (!pinion__run_has(tail->run, tail->end, frame))
        return false;
    tail->end++;
    return true;
}

int pinion__outbox_push_joined(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool,
                               struct pinion_frame *frame)
{
    size_t size = frame_size(frame);

    if (pinion__outbox_empty(outbox) || !frame->droppable || size == 0 || !join(pool, outbox->tail, frame))
        return pinion__outbox_push(outbox, pool, frame);
    PINION_WORK(1);
    outbox->bytes += size;
    outbox->frames++;
    pinion__frame_unref(frame);
    return 0;
}

/* Returns false when out of memory. */
static bool split(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool,
                  struct pinion_outbox_node *node)
{
    struct pinion_run *run = node->run;

    while (node->end - node->first > 1) {
        struct pinion_outbox_node *last = node_take(pool);
        if (!last)
            return false;
        PINION_WORK(1);
        last->frame = pinion__frame_ref(run->frames[--node->end]);
        last->part = 0;
        last->next = node->next;
        node->next = last;
        if (outbox->tail == node)
            outbox->tail = last;
    }
    node->frame = pinion__frame_ref(run->frames[node->first]);
    node->part = 0;
    pinion__run_unref(&pool->runs, run);
    return true;
}

void pinion__outbox_unjoin(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool)
{
    for (struct pinion_outbox_node *node = outbox->head; node; node = node->next) {
        if (!pinion__outbox_is_frame(node) && !split(outbox, pool, node))
            return;
    }
}

/* ---- sending ---- */

size_t pinion__outbox_gather(const struct pinion_outbox *outbox, struct iovec *iov, size_t max, size_t *bytes)
{
    size_t skip = outbox->offset;
    size_t count = 0;

    *bytes = 0;
    for (struct pinion_outbox_node *node = outbox->head; node && count < max; node = node->next) {
        struct pinion_slice wire = pinion__outbox_wire(node);
        iov[count].iov_base = (char *)wire.ptr + skip; /* iovec is for reading too, so it has no const */
        iov[count].iov_len = wire.len - skip;
        PINION_WORK(1);
        *bytes += wire.len - skip;
        skip = 0;
        count++;
    }
    return count;
}

/* Take the first node out, with the bytes of it that were sent. */
static struct pinion_outbox_node *take_first(struct pinion_outbox *outbox)
{
    struct pinion_outbox_node *node = outbox->head;

    PINION_WORK(1);
    outbox->offset = 0;
    outbox->head = node->next;
    return node;
}

/* Consume from the first node, which is a part of a run. Returns how many of the bytes are left. It is not
 * inlined, so that it costs frames nothing. */
__attribute__((noinline)) static size_t consume_run(struct pinion_outbox *outbox,
                                                    struct pinion_outbox_pool *pool, size_t sent)
{
    struct pinion_outbox_node *node = outbox->head;

    while (node->first < node->end) {
        size_t rest = first_size(node) - outbox->offset;
        if (sent < rest) {
            outbox->offset += (uint32_t)sent;
            outbox->bytes -= sent;
            return 0;
        }
        outbox->offset = 0;
        outbox->bytes -= rest;
        outbox->frames--;
        node->first++;
        sent -= rest;
    }
    release(pool, take_first(outbox));
    return sent;
}

void pinion__outbox_consume(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool, size_t sent)
{
    while (sent > 0) {
        struct pinion_outbox_node *node = outbox->head;
        if (!pinion__outbox_is_frame(node)) {
            sent = consume_run(outbox, pool, sent);
            continue;
        }
        size_t rest = frame_size(node->frame) - outbox->offset;
        if (sent < rest) {
            outbox->offset += (uint32_t)sent;
            outbox->bytes -= sent;
            return;
        }
        outbox->bytes -= rest;
        outbox->frames--;
        pinion__frame_unref(take_first(outbox)->frame);
        node_give(pool, node);
        sent -= rest;
    }
}

/* ---- dropping ---- */

/* Take the rest of the first frame out of the outbox. The others of its run leave the outbox, too. */
static struct pinion_outbox take_begun(struct pinion_outbox *outbox)
{
    struct pinion_outbox_node *node = outbox->head;
    struct pinion_outbox begun = { .head = node, .tail = node, .offset = outbox->offset, .frames = 1 };

    begun.bytes = first_size(node) - outbox->offset;
    if (!pinion__outbox_is_frame(node))
        node->end = node->first + 1;
    outbox->head = node->next;
    node->next = NULL;
    return begun;
}

void pinion__outbox_drop(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool)
{
    struct pinion_outbox begun = { 0 };

    if (outbox->offset > 0)
        begun = take_begun(outbox);
    pinion__outbox_clear(outbox, pool);
    *outbox = begun;
}

/* The link to the first frame of which nothing was sent. */
static struct pinion_outbox_node **first_whole(struct pinion_outbox *outbox)
{
    return outbox->offset > 0 ? &outbox->head->next : &outbox->head;
}

size_t pinion__outbox_drop_oldest(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool, size_t most)
{
    pinion__outbox_unjoin(outbox, pool);
    struct pinion_outbox_node **link = outbox->head ? first_whole(outbox) : &outbox->head;
    struct pinion_outbox_node *last = outbox->offset > 0 ? outbox->head : NULL;
    size_t dropped = 0;

    while (*link && pinion__outbox_memory(outbox) > most) {
        PINION_WORK(1);
        struct pinion_outbox_node *node = *link;
        if (!pinion__outbox_is_frame(node) || !node->frame->droppable) {
            last = node;
            link = &node->next;
            continue;
        }
        outbox->bytes -= frame_size(node->frame);
        outbox->frames--;
        *link = node->next;
        release(pool, node);
        dropped++;
    }
    if (!*link)
        outbox->tail = last;
    return dropped;
}

/* The sizes need not be looked at. */
void pinion__outbox_clear(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool)
{
    struct pinion_outbox_node *node = outbox->head;

    while (node) {
        struct pinion_outbox_node *next = node->next;
        release(pool, node);
        node = next;
    }
    outbox->head = NULL;
    outbox->offset = 0;
    outbox->frames = 0;
    outbox->bytes = 0;
}
