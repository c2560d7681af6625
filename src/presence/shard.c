#include "presence/shard.h"
#include "base/hash.h"
#include "base/log.h"
#include "presence/diff.h"
#include "presence/presence_int.h"

/* ---- noting changes, under the lock ---- */

static struct pinion_presence_batch *find_batch(const struct pinion_presence_shard *shard,
                                                struct pinion_slice topic, uint64_t hash)
{
    struct pinion_map_node *node = pinion__map_find(&shard->batches, topic, hash);
    return node ? PINION_CONTAINER_OF(node, struct pinion_presence_batch, node) : NULL;
}

static void on_cooled(struct pinion_timer *timer);

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
    pinion__list_append(&shard->due, &batch->due);
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
    if (!batch)
        batch = add_batch(shard, topic, hash);
    if (!batch || pinion__presence_batch_add(batch, entry, joined) != 0)
        pinion__log(PINION_LOG_ERROR, "presence: out of memory: clients are not told of a change");
}

/* ---- sending them, on the loop ---- */

/* The lock is held, and given back. The batch may be gone then. One that cools already (a node has come back,
 * and it was made due) begins to cool anew. */
static void send_and_unlock(struct pinion_presence_shard *shard, struct pinion_presence_batch *batch)
{
    const struct pinion_presence *presence = shard->presence;
    struct pinion_presence_outgoing diff;
    pinion__presence_diff_take(&diff, batch, shard->state, presence->options.handle_metas != NULL);
    pinion__list_remove(&batch->due);
    if (presence->options.diff_at_once)
        remove_batch(shard, batch);
    else
        pinion__scheduler_timer(shard->loop->scheduler, &batch->timer, presence->options.diff_interval_ms);
    pthread_mutex_unlock(&shard->lock);
    pinion__presence_diff_send(&diff, presence);
}

static void on_cooled(struct pinion_timer *timer)
{
    struct pinion_presence_batch *batch = PINION_CONTAINER_OF(timer, struct pinion_presence_batch, timer);
    struct pinion_presence_shard *shard = batch->shard;
    pthread_mutex_lock(&shard->lock);
    if (!pinion__presence_batch_empty(batch)) {
        send_and_unlock(shard, batch);
        return;
    }
    remove_batch(shard, batch);
    pthread_mutex_unlock(&shard->lock);
}

static void send_due(struct pinion_presence_shard *shard)
{
    for (;;) {
        pthread_mutex_lock(&shard->lock);
        if (pinion__list_empty(&shard->due)) {
            pthread_mutex_unlock(&shard->lock);
            return;
        }
        send_and_unlock(shard, PINION_CONTAINER_OF(shard->due.next, struct pinion_presence_batch, due));
    }
}

static void run_flush(struct pinion_task *task)
{
    struct pinion_presence_shard *shard = PINION_CONTAINER_OF(task, struct pinion_presence_shard, flush);
    pthread_mutex_lock(&shard->lock);
    shard->flushing = false;
    pthread_mutex_unlock(&shard->lock);
    send_due(shard);
}

/* A loop that has ended has no more subscribers to be told. */
static void begin_flush(struct pinion_presence_shard *shard)
{
    if (pinion__hub_here(shard->loop->endpoint) == shard->loop)
        pinion__scheduler_defer(shard->loop->scheduler, &shard->flush);
    else
        (void)pinion__scheduler_post(shard->loop->scheduler, &shard->flush, 0);
}

void pinion__presence_shard_lock(struct pinion_presence_shard *shard)
{
    pthread_mutex_lock(&shard->lock);
}

void pinion__presence_shard_unlock(struct pinion_presence_shard *shard)
{
    bool begin = !pinion__list_empty(&shard->due) && !shard->flushing;
    if (begin)
        shard->flushing = true;
    pthread_mutex_unlock(&shard->lock);
    if (begin)
        begin_flush(shard);
}

/* Make due what has changed and waits for its interval to be over. */
static void make_due(struct pinion_map_node *node, void *data)
{
    struct pinion_presence_shard *shard = data;
    struct pinion_presence_batch *batch = PINION_CONTAINER_OF(node, struct pinion_presence_batch, node);
    if (pinion__list_empty(&batch->due) && !pinion__presence_batch_empty(batch))
        pinion__list_append(&shard->due, &batch->due);
}

void pinion__presence_shard_flush(struct pinion_presence_shard *shard)
{
    pthread_mutex_lock(&shard->lock);
    pinion__map_each(&shard->batches, make_due, shard);
    pthread_mutex_unlock(&shard->lock);
    send_due(shard);
}

/* ---- life ---- */

int pinion__presence_shard_init(struct pinion_presence_shard *shard, struct pinion_presence *presence,
                                struct pinion_shard *loop, struct pinion_slice node, uint64_t incarnation)
{
    shard->loop = loop;
    shard->flush.run = run_flush;
    pinion__map_init(&shard->batches, pinion__presence_batch_topic);
    pinion__list_init(&shard->due);
    if (pthread_mutex_init(&shard->lock, NULL) != 0)
        return PINION_ENOMEM;
    shard->presence = presence;
    const struct pinion_presence_state_options options = {
        .node = node, .incarnation = incarnation, .changed = on_changed, .data = shard
    };
    pinion__tracker_init(&shard->tracker, shard);
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
    pinion__tracker_release(&shard->tracker);
    pinion__presence_state_free(shard->state);
    pinion__map_each(&shard->batches, release_batch, shard);
    pinion__map_release(&shard->batches);
    pthread_mutex_destroy(&shard->lock);
}
