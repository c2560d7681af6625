#include "presence/shard.h"
#include "base/hash.h"
#include "base/log.h"
#include "engine/here.h"
#include "presence/diff.h"
#include "presence/presence_int.h"

#define DIFFS_PER_TURN 64

/* ---- noting changes, under the lock ---- */

static struct pinion_presence_batch *find_batch(const struct pinion_presence_shard *shard,
                                                struct pinion_slice topic, uint64_t hash)
{
    struct pinion_map_node *node = pinion__map_find(&shard->batches, topic, hash);
    return node ? PINION_CONTAINER_OF(node, struct pinion_presence_batch, node) : NULL;
}

static void on_cooled(struct pinion_timer *timer);

static void make_due(struct pinion_presence_batch *batch)
{
    if (pinion__list_empty(&batch->due))
        pinion__list_append(&batch->shard->due, &batch->due);
}

static struct pinion_presence_batch *add_batch(struct pinion_presence_shard *shard, struct pinion_slice topic,
                                               uint64_t hash)
{
    struct pinion_presence_batch *batch = pinion__presence_batch_new(topic, on_cooled);
    if (!batch)
        return NULL;
    if (pinion__map_insert(&shard->batches, &batch->node, hash) != 0) {
        pinion__presence_batch_free(batch);
        return NULL;
    }
    batch->shard = shard;
    make_due(batch);
    return batch;
}

static void remove_batch(struct pinion_presence_shard *shard, struct pinion_presence_batch *batch)
{
    pinion__map_remove(&shard->batches, &batch->node);
    pinion__list_remove(&batch->due);
    pinion__timer_cancel(&batch->timer);
    pinion__presence_batch_free(batch);
}

static void on_changed(void *data, const struct pinion_presence_entry *entry, bool joined)
{
    struct pinion_presence_shard *shard = data;
    struct pinion_slice topic = pinion__presence_topic_name(entry->topic);
    uint64_t hash = pinion__hash(topic);
    struct pinion_presence_batch *batch = find_batch(shard, topic, hash);
    size_t visible = atomic_load_explicit(&shard->visible, memory_order_relaxed);
    atomic_store_explicit(&shard->visible, joined ? visible + 1 : visible - 1, memory_order_relaxed);
    if (!batch)
        batch = add_batch(shard, topic, hash);
    if (!batch || pinion__presence_batch_add(batch, entry, joined, ++shard->version) != 0)
        pinion__log(PINION_LOG_ERROR, "presence: out of memory: clients are not sent a change");
    else if (batch->bytes >= shard->presence->options.max_diff)
        make_due(batch); /* it is full */
}

void pinion__presence_shard_give(struct pinion_presence_shard *shard, struct pinion_slice topic)
{
    struct pinion_presence_batch *batch = find_batch(shard, topic, pinion__hash(topic));
    if (batch)
        batch->given = shard->version;
}

uint64_t pinion__presence_shard_push(struct pinion_presence_shard *shard, struct pinion_slice topic)
{
    struct pinion_presence_batch *batch = find_batch(shard, topic, pinion__hash(topic));
    if (batch)
        batch->given = batch->pushed = shard->version;
    return shard->version;
}

/* ---- sending them, on the loop ---- */

/* The batch is no longer due. If nothing was sent on its topic just now, there is no interval to wait for. */
static void settle(struct pinion_presence_shard *shard, struct pinion_presence_batch *batch, bool sent)
{
    const pinion_presence_options *options = &shard->presence->options;
    pinion__list_remove(&batch->due);
    if (options->diff_at_once || (!sent && !pinion__timer_active(&batch->timer)))
        remove_batch(shard, batch);
    else if (sent)
        pinion__scheduler_timer(shard->loop->scheduler, &batch->timer, options->diff_interval_ms);
}

/* Take a diff from the batch that has been due for longest. If something is left of it, it waits behind the
 * others. Returns the bytes; 0: all changes were cancelled. */
static size_t take_next(struct pinion_presence_shard *shard, struct pinion_presence_taken_diff *diff)
{
    struct pinion_presence_batch *batch =
        PINION_CONTAINER_OF(shard->due.next, struct pinion_presence_batch, due);
    const pinion_presence_options *options = &shard->presence->options;
    size_t len = 0;
    if (!pinion__presence_batch_empty(batch)) {
        bool with_presences = options->handle_metas != NULL;
        len = pinion__presence_diff_take(diff, batch, options->max_diff, shard, with_presences);
        if (with_presences)
            batch->given = shard->version;
    }
    if (pinion__presence_batch_empty(batch)) {
        settle(shard, batch, len > 0);
    } else {
        pinion__list_remove(&batch->due);
        make_due(batch);
    }
    return len;
}

/* Send what is due, up to the share of one turn. */
static void send_due(struct pinion_presence_shard *shard)
{
    struct pinion_presence_taken_diff diff;
    size_t left = shard->presence->options.max_diff;
    pinion__lock(&shard->lock);
    for (unsigned count = 0; count < DIFFS_PER_TURN && left > 0 && !pinion__list_empty(&shard->due);
         count++) {
        size_t len = take_next(shard, &diff);
        left -= len < left ? len : left;
        if (len == 0)
            continue;
        pinion__unlock(&shard->lock);
        pinion__presence_diff_send(&diff, shard->presence);
        pinion__lock(&shard->lock);
    }
    shard->flushing = !pinion__list_empty(&shard->due);
    if (shard->flushing)
        pinion__scheduler_timer(shard->loop->scheduler, &shard->again, 0);
    pinion__unlock(&shard->lock);
}

static void run_flush(struct pinion_task *task)
{
    send_due(PINION_CONTAINER_OF(task, struct pinion_presence_shard, flush));
}

static void flush_again(struct pinion_timer *timer)
{
    send_due(PINION_CONTAINER_OF(timer, struct pinion_presence_shard, again));
}

static void on_cooled(struct pinion_timer *timer)
{
    struct pinion_presence_batch *batch = PINION_CONTAINER_OF(timer, struct pinion_presence_batch, timer);
    struct pinion_presence_shard *shard = batch->shard;
    pinion__presence_shard_lock(shard);
    if (!pinion__presence_batch_empty(batch))
        make_due(batch);
    else if (pinion__list_empty(&batch->due))
        remove_batch(shard, batch);
    pinion__presence_shard_unlock(shard);
}

/* After the loop has ended, there are no subscribers to send to. */
static void begin_flush(struct pinion_presence_shard *shard)
{
    if (pinion__hub_here(shard->loop->hub) == shard->loop)
        pinion__scheduler_defer(shard->loop->scheduler, &shard->flush);
    else
        (void)pinion__scheduler_post(shard->loop->scheduler, &shard->flush, 0);
}

void pinion__presence_shard_lock(struct pinion_presence_shard *shard)
{
    pinion__lock(&shard->lock);
}

void pinion__presence_shard_unlock(struct pinion_presence_shard *shard)
{
    bool begin = !pinion__list_empty(&shard->due) && !shard->flushing;
    if (begin)
        shard->flushing = true;
    pinion__unlock(&shard->lock);
    if (begin)
        begin_flush(shard);
}

/* ---- life ---- */

int pinion__presence_shard_init(struct pinion_presence_shard *shard, struct pinion_presence *presence,
                                struct pinion_shard *loop, struct pinion_slice node, uint64_t incarnation)
{
    shard->loop = loop;
    shard->flush.run = run_flush;
    pinion__map_init(&shard->batches, pinion__presence_batch_topic);
    pinion__list_init(&shard->due);
    pinion__timer_init(&shard->again, flush_again);
    if (pinion__lock_init(&shard->lock, PINION_RANK_PRESENCE) != 0)
        return PINION_ENOMEM;
    shard->presence = presence;
    const struct pinion_presence_state_options options = {
        .node = node, .incarnation = incarnation, .changed = on_changed, .data = shard
    };
    pinion__gossip_init(&shard->gossip, shard);
    return pinion__presence_state_new(&shard->state, &options);
}

static void release_batch(struct pinion_map_node *node, void *data)
{
    remove_batch(data, PINION_CONTAINER_OF(node, struct pinion_presence_batch, node));
}

void pinion__presence_shard_release(struct pinion_presence_shard *shard)
{
    if (!shard->presence)
        return;
    pinion__gossip_release(&shard->gossip);
    pinion__timer_cancel(&shard->again);
    pinion__presence_state_free(shard->state);
    pinion__map_each(&shard->batches, release_batch, shard);
    pinion__map_release(&shard->batches);
    pinion__lock_destroy(&shard->lock);
}
