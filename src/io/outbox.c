/* See outbox.h: a queue of frame references over pooled nodes. */
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

static void append(struct pinion_outbox *outbox, struct pinion_outbox_node *node)
{
    node->next = NULL;
    if (outbox->head)
        outbox->tail->next = node;
    else
        outbox->head = node;
    outbox->tail = node;
}

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
    append(outbox, node);
    PINION_WORK(1);
    outbox->bytes += size;
    outbox->frames++;
    return 0;
}

size_t pinion__outbox_gather(const struct pinion_outbox *outbox, struct iovec *iov, size_t max, size_t *bytes)
{
    size_t skip = outbox->offset;
    size_t count = 0;

    *bytes = 0;
    for (struct pinion_outbox_node *node = outbox->head; node && count < max; node = node->next) {
        struct pinion_slice wire = pinion__frame_wire(node->frame);
        iov[count].iov_base = (char *)wire.ptr + skip; /* iovec is for reading too, so it has no const */
        iov[count].iov_len = wire.len - skip;
        PINION_WORK(1);
        *bytes += wire.len - skip;
        skip = 0;
        count++;
    }
    return count;
}

/* Drop the reference to the first frame, however much of it was sent. */
static void pop(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool)
{
    struct pinion_outbox_node *node = outbox->head;

    PINION_WORK(1);
    outbox->bytes -= frame_size(node->frame) - outbox->offset;
    outbox->frames--;
    outbox->offset = 0;
    outbox->head = node->next;
    pinion__frame_unref(node->frame);
    node_give(pool, node);
}

void pinion__outbox_consume(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool, size_t sent)
{
    while (sent > 0) {
        size_t rest = frame_size(outbox->head->frame) - outbox->offset;
        if (sent < rest) {
            outbox->offset += (uint32_t)sent;
            outbox->bytes -= sent;
            return;
        }
        pop(outbox, pool);
        sent -= rest;
    }
}

void pinion__outbox_drop(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool)
{
    struct pinion_outbox rest = { 0 };

    if (outbox->offset > 0) {
        rest.offset = outbox->offset;
        rest.frames = 1;
        rest.bytes = frame_size(outbox->head->frame) - outbox->offset;
        rest.tail = outbox->head;
        rest.head = outbox->head;
        outbox->head = outbox->head->next;
        outbox->bytes -= rest.bytes;
        outbox->offset = 0;
        rest.head->next = NULL;
    }
    pinion__outbox_clear(outbox, pool);
    *outbox = rest;
}

/* The link to the first frame of which nothing was sent. */
static struct pinion_outbox_node **first_whole(struct pinion_outbox *outbox)
{
    return outbox->offset > 0 ? &outbox->head->next : &outbox->head;
}

size_t pinion__outbox_drop_oldest(struct pinion_outbox *outbox, struct pinion_outbox_pool *pool, size_t most)
{
    struct pinion_outbox_node **link = outbox->head ? first_whole(outbox) : &outbox->head;
    struct pinion_outbox_node *last = outbox->offset > 0 ? outbox->head : NULL;
    size_t dropped = 0;

    while (*link && pinion__outbox_memory(outbox) > most) {
        PINION_WORK(1);
        struct pinion_outbox_node *node = *link;
        if (!node->frame->droppable) {
            last = node;
            link = &node->next;
            continue;
        }
        outbox->bytes -= frame_size(node->frame);
        outbox->frames--;
        *link = node->next;
        pinion__frame_unref(node->frame);
        node_give(pool, node);
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
        pinion__frame_unref(node->frame);
        node_give(pool, node);
        node = next;
    }
    outbox->head = NULL;
    outbox->offset = 0;
    outbox->frames = 0;
    outbox->bytes = 0;
}
