/* See check.h. */
#include "io/check.h"

/* ---- outboxes ---- */

static bool is_frame(struct pinion_frame *frame)
{
    return frame && frame->refs > 0 && frame->body_len <= frame->capacity &&
           frame->head_len <= PINION_FRAME_HEADROOM && pinion__frame_wire(frame).len > 0;
}

static const char *run_check(const struct pinion_run *run)
{
    if (run->refs == 0 || run->count < 2 || run->count > PINION_RUN_FRAMES)
        return "a run has no reference, or too few or too many frames";
    for (unsigned i = 0; i < run->count; i++) {
        if (!is_frame(run->frames[i]) ||
            run->starts[i] + pinion__frame_wire(run->frames[i]).len != run->starts[i + 1])
            return "a frame of a run has no reference, or does not fit between the others";
    }
    return run->starts[run->count] <= run->capacity ? NULL : "a run has more bytes than room";
}

static const char *node_check(const struct pinion_outbox_node *node)
{
    if (node->end == 0)
        return is_frame(node->frame) ? NULL
                                     : "an outbox has an entry without a frame, or a frame without a "
                                       "reference";
    const char *wrong = node->run ? run_check(node->run) : "an outbox has an entry without a run";
    if (wrong)
        return wrong;
    return node->first < node->end && node->end <= node->run->count
               ? NULL
               : "an outbox has a part of a run that the run has not";
}

/* What the node's first frame has. */
static size_t first_size(const struct pinion_outbox_node *node)
{
    return node->end == 0 ? pinion__frame_wire(node->frame).len
                          : pinion__run_part(node->run, node->first, node->first + 1u).len;
}

const char *pinion__outbox_check(const struct pinion_outbox *outbox)
{
    const struct pinion_outbox_node *last = NULL;
    size_t bytes = 0, frames = 0;
    for (const struct pinion_outbox_node *node = outbox->head; node; node = node->next) {
        if (++frames > outbox->frames)
            return "an outbox has more frames than its count says, or its list is circular";
        const char *wrong = node_check(node);
        if (wrong)
            return wrong;
        frames += node->end ? (size_t)(node->end - node->first - 1) : 0;
        bytes += pinion__outbox_wire(node).len;
        last = node;
    }
    if (frames != outbox->frames)
        return frames < outbox->frames ? "an outbox has fewer frames than its count says"
                                       : "an outbox has more frames than its count says";
    if (last && outbox->tail != last)
        return "the last frame of an outbox is not its tail";
    if (last ? outbox->offset >= first_size(outbox->head) : outbox->offset > 0)
        return "an outbox has sent more of its first frame than the frame has";
    return bytes - outbox->offset == outbox->bytes
               ? NULL
               : "an outbox's count of bytes differs from that of its frames";
}

const char *pinion__outbox_pool_check(const struct pinion_outbox_pool *pool)
{
    size_t count = 0;
    for (const struct pinion_outbox_node *node = pool->free; node; node = node->next) {
        if (++count > pool->count)
            return "a pool keeps more nodes than its count says, or its list is circular";
    }
    return count == pool->count ? NULL : "a pool keeps fewer nodes than its count says";
}

/* ---- busy connections ---- */

const char *pinion__busy_check(const struct pinion_loop *loop)
{
    const struct pinion_busy *busy = &loop->busy;
    if ((busy->max & (busy->max - 1)) != 0 || !busy->max != !busy->array)
        return "the size of the ring of busy connections is not a power of two";
    if (busy->count > busy->max)
        return "more connections are busy than their ring has room for";
    for (size_t i = 0; i < busy->count; i++) {
        const struct pinion_conn *conn = busy->array[(busy->first + i) & (busy->max - 1)];
        if (!conn->busy || conn->ending || conn->loop != loop)
            return "a connection in the busy ring is not marked as busy, has ended, or belongs to another "
                   "loop";
    }
    return NULL;
}

/* ---- a loop ---- */

static const char *conn_check(const struct pinion_loop *loop, const struct pinion_conn *conn)
{
    if (conn->loop != loop)
        return "a connection is in the list of the wrong loop";
    if (conn->ending && (conn->busy || !pinion__outbox_empty(&conn->outbox)))
        return "a connection has ended, but is busy or has frames to send";
    if (conn->blocked && !conn->ending && pinion__outbox_empty(&conn->outbox))
        return "a connection is blocked, but has nothing to send";
    return pinion__outbox_check(&conn->outbox);
}

static const char *conns_check(const struct pinion_loop *loop)
{
    size_t count, busy = 0;
    const char *wrong = pinion__list_check(&loop->conns, &count);
    if (wrong)
        return wrong;
    if (count != loop->connections)
        return "a loop's count of connections differs from its list";
    PINION_LIST_FOREACH (link, &loop->conns) {
        const struct pinion_conn *conn = PINION_CONTAINER_OF(link, struct pinion_conn, link);
        wrong = conn_check(loop, conn);
        if (wrong)
            return wrong;
        busy += conn->busy;
    }
    return busy == loop->busy.count ? NULL
                                    : "the count of busy connections differs from those marked as busy";
}

static const char *unsettled_check(const struct pinion_loop *loop)
{
    const struct pinion_conn *conn = loop->unsettled.first;
    for (size_t count = 1; conn; count++) {
        if (count > loop->connections)
            return "more connections are unsettled than the loop has";
        if (conn->loop != loop || !conn->chained)
            return "an unsettled connection belongs to another loop, or says that it is settled";
        if ((conn->chained == conn) != (conn == loop->unsettled.last))
            return "the chain of unsettled connections does not end at its last";
        conn = conn->chained == conn ? NULL : conn->chained;
    }
    return NULL;
}

static const char *listeners_check(const struct pinion_loop *loop)
{
    const char *wrong = pinion__list_check(&loop->listeners, NULL);
    if (wrong)
        return wrong;
    PINION_LIST_FOREACH (link, &loop->listeners) {
        const struct pinion_listener *listener = PINION_CONTAINER_OF(link, struct pinion_listener, link);
        if (listener->loop != loop || listener->closed)
            return "a listener in a loop's list is closed, or belongs to another loop";
    }
    return NULL;
}

const char *pinion__loop_check(const struct pinion_loop *loop)
{
    const char *wrong = pinion__busy_check(loop);
    if (!wrong)
        wrong = conns_check(loop);
    if (!wrong)
        wrong = unsettled_check(loop);
    if (!wrong)
        wrong = listeners_check(loop);
    return wrong ? wrong : pinion__outbox_pool_check(&loop->pool);
}
