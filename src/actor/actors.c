#include "actor/actors.h"
#include "actor/actor.h"
#include "actor/monitor.h"
#include <stdlib.h>
#include <time.h>

#define LOOK_NS 1000000 /* how often a loop that ends looks whether its actors have ended */

struct pinion_actors_loop *pinion__actors_loop(const struct pinion_shard *shard)
{
    return &shard->hub->actors->loops[shard->pubsub.index];
}

size_t pinion__actors_calls(const struct pinion_shard *shard)
{
    return shard->hub->actors ? pinion__actors_loop(shard)->calls : 0;
}

/* ---- the end ---- */

/* Those that have not begun see `ending` when they would. */
static void stop_all(struct pinion_actors_loop *loop)
{
    loop->ending = true;
    PINION_LIST_FOREACH (node, &loop->all)
        (void)pinion__actor_stop(PINION_CONTAINER_OF(node, struct pinion_actor, node),
                                 PINION_REASON_SHUTDOWN);
}

static void run_end(struct pinion_task *task)
{
    stop_all(PINION_CONTAINER_OF(task, struct pinion_actors_loop, end_task));
}

/* No actor is started on these loops any more. */
static void close_loops(struct pinion_actors *actors, uint64_t loops)
{
    pinion__lock(&actors->lock);
    actors->closed |= loops;
    pinion__unlock(&actors->lock);
}

/* The channels of all loops have ended. A loop that has ended itself has no actors any more. */
static void end_all(struct pinion_actors *actors)
{
    close_loops(actors, UINT64_MAX);
    for (unsigned i = 0; i < actors->hub->shard_count; i++)
        (void)pinion__scheduler_post(actors->hub->shards[i]->scheduler, &actors->loops[i].end_task, 0);
}

/* While nobody has used actors, loops need not wait for each other. */
static bool is_unused(struct pinion_actors *actors, const struct pinion_actors_loop *loop)
{
    pinion__lock(&actors->lock);
    bool unused = !actors->used;
    if (unused)
        actors->closed |= UINT64_C(1) << loop->shard->pubsub.index;
    pinion__unlock(&actors->lock);
    return unused;
}

/* This loop has no channels any more. */
static void leave(struct pinion_actors_loop *loop)
{
    struct pinion_actors *actors = loop->actors;
    if (loop->left)
        return;
    loop->left = true;
    if (atomic_fetch_add(&actors->left, 1) + 1 == actors->hub->shard_count)
        end_all(actors);
}

bool pinion__actors_over(struct pinion_shard *shard)
{
    struct pinion_actors *actors = shard->hub->actors;
    if (!actors)
        return true;
    struct pinion_actors_loop *loop = pinion__actors_loop(shard);
    if (!loop->left && is_unused(actors, loop))
        loop->ending = true;
    leave(loop);
    return loop->ending && atomic_load(&loop->count) == 0;
}

void pinion__actors_hurry(struct pinion_shard *shard)
{
    struct pinion_actors *actors = shard->hub->actors;
    struct pinion_actors_loop *loop = actors ? pinion__actors_loop(shard) : NULL;
    if (!loop || !loop->ending)
        return;
    PINION_LIST_FOREACH_SAFE (node, &loop->all)
        pinion__actor_end(PINION_CONTAINER_OF(node, struct pinion_actor, node), PINION_REASON_SHUTDOWN);
}

void pinion__actors_finish(struct pinion_shard *shard)
{
    struct pinion_actors *actors = shard->hub->actors;
    if (!actors)
        return;
    struct pinion_actors_loop *loop = pinion__actors_loop(shard);
    close_loops(actors, UINT64_C(1) << shard->pubsub.index);
    leave(loop);
    stop_all(loop);
    while (atomic_load(&loop->count) > 0) {
        (void)pinion__scheduler_turn(shard->scheduler);
        if (atomic_load(&loop->count) > 0)
            nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
    }
}

/* ---- the extension ---- */

static void on_channel_ended(struct pinion_extension *extension, const struct pinion_channel *channel)
{
    pinion__monitors_channel_ended(channel);
}

static void on_loop_ends(struct pinion_extension *extension, struct pinion_shard *shard)
{
}

static void release(struct pinion_extension *extension)
{
    struct pinion_actors *actors = PINION_CONTAINER_OF(extension, struct pinion_actors, extension);
    for (unsigned i = 0; i < actors->hub->shard_count; i++)
        pinion__map_release(&actors->loops[i].watched);
    pinion__map_release(&actors->names);
    pinion__definitions_release(&actors->definitions);
    pinion__lock_destroy(&actors->lock);
    actors->hub->actors = NULL;
    free(actors);
}

static const struct pinion_extension_ops extension_ops = { on_channel_ended, on_loop_ends, release };

static struct pinion_slice name_of(const struct pinion_map_node *node)
{
    return pinion__actor_name(PINION_CONTAINER_OF(node, const struct pinion_actor, by_name));
}

static void init_loop(struct pinion_actors *actors, unsigned i)
{
    struct pinion_actors_loop *loop = &actors->loops[i];
    loop->actors = actors;
    loop->shard = actors->hub->shards[i];
    loop->end_task.run = run_end;
    pinion__list_init(&loop->all);
    pinion__monitors_init(loop);
}

int pinion__actors_new(struct pinion_hub *hub, size_t max)
{
    struct pinion_actors *actors =
        calloc(1, sizeof *actors + hub->shard_count * sizeof(struct pinion_actors_loop));
    if (!actors)
        return PINION_ENOMEM;
    if (pinion__lock_init(&actors->lock, PINION_RANK_ACTORS) != 0) {
        free(actors);
        return PINION_ENOMEM;
    }
    actors->extension.ops = &extension_ops;
    actors->hub = hub;
    actors->max = max;
    pinion__map_init(&actors->names, name_of);
    for (unsigned i = 0; i < hub->shard_count; i++)
        init_loop(actors, i);
    int rc = pinion__hub_extend(hub, &actors->extension);
    if (rc)
        release(&actors->extension);
    else
        hub->actors = actors;
    return rc;
}
