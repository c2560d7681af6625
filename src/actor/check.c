/* See check.h. */
#include "actor/check.h"
#include "actor/actor.h"
#include "base/multimap.h"

static const char *extra_check(const struct pinion_actor_extra *extra)
{
    size_t timers;
    const char *wrong = pinion__list_check(&extra->timers.list, &timers);
    if (!wrong && timers != extra->timers.count)
        wrong = "an actor has counted its timers wrong";
    if (!wrong)
        wrong = pinion__list_check(&extra->subscriptions, NULL);
    return wrong ? wrong : pinion__list_check(&extra->monitors, NULL);
}

static const char *queue_check(const struct pinion_actor *actor)
{
    size_t count;
    const char *wrong = pinion__task_queue_check(&actor->queue, &count);
    if (wrong)
        return wrong;
    if (count > 0 && actor->state_of_life == PINION_ACTOR_RUNNING && !actor->scheduled &&
        !pinion__actor_busy(actor))
        return "an actor has mail, and nothing is set to take it";
    return NULL;
}

const char *pinion__actor_check(const struct pinion_actor *actor)
{
    if (atomic_load(&actor->refs) == 0)
        return "nobody holds an actor that is in use";
    if (actor->state_of_life == PINION_ACTOR_NEW || actor->state_of_life == PINION_ACTOR_ENDED)
        return "a loop has an actor that has not begun, or has ended";
    if (actor->state_of_life == PINION_ACTOR_ENDING && !pinion__actor_busy(actor))
        return "an actor ends, and has nothing to wait for";
    const char *wrong = queue_check(actor);
    return wrong || !actor->extra ? wrong : extra_check(actor->extra);
}

static const char *loop_check(const struct pinion_actors_loop *loop)
{
    size_t count;
    const char *wrong = pinion__list_check(&loop->all, &count);
    if (wrong)
        return wrong;
    if (count > atomic_load(&loop->count))
        return "a loop has more actors than it has counted";
    PINION_LIST_FOREACH (node, &loop->all) {
        const struct pinion_actor *actor = PINION_CONTAINER_OF(node, const struct pinion_actor, node);
        wrong =
            actor->shard == loop->shard ? pinion__actor_check(actor) : "a loop has an actor of another loop";
        if (wrong)
            return wrong;
    }
    return pinion__multimap_check(&loop->watched);
}

const char *pinion__actors_check(const struct pinion_shard *shard)
{
    return shard->hub->actors ? loop_check(pinion__actors_loop(shard)) : NULL;
}
