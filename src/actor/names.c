#include "actor/names.h"
#include "actor/handle.h"
#include "base/log.h"
#include "engine/here.h"
#include "proto/utf8.h"

#define SPREAD 16 /* more actors than elsewhere, and a quarter, that a loop takes since it opens them */

static struct pinion_actor *actor_of(struct pinion_map_node *node)
{
    return node ? PINION_CONTAINER_OF(node, struct pinion_actor, by_name) : NULL;
}

/* ---- the rest under the lock ---- */

static int check_found(const struct pinion_actor *actor, const pinion_actor_def *def)
{
    if (!def || actor->def == def)
        return 0;
    return pinion__fail(PINION_EINVAL, "the actor %s has another definition", actor->name);
}

static bool is_closed(const struct pinion_actors *actors, unsigned loop)
{
    return (actors->closed >> loop) & 1;
}

static size_t count_of(const struct pinion_actors *actors, unsigned loop)
{
    return atomic_load_explicit(&actors->loops[loop].count, memory_order_relaxed);
}

/* The loop with the fewest actors. NULL: all have ended. */
static struct pinion_shard *emptiest_loop(const struct pinion_actors *actors)
{
    const struct pinion_actors_loop *best = NULL;
    for (unsigned i = 0; i < actors->hub->shard_count; i++) {
        if (!is_closed(actors, i) && (!best || count_of(actors, i) < atomic_load(&best->count)))
            best = &actors->loops[i];
    }
    return best ? best->shard : NULL;
}

/* The loop that opens it, since what stays on a loop costs least; unless that one has many more actors than
 * the emptiest. Other threads take the emptiest. */
static struct pinion_shard *choose_loop(const struct pinion_actors *actors)
{
    struct pinion_shard *here = pinion__hub_here(actors->hub), *emptiest = emptiest_loop(actors);
    if (!here || !emptiest || is_closed(actors, here->pubsub.index))
        return emptiest;
    size_t fewest = count_of(actors, emptiest->pubsub.index);
    return count_of(actors, here->pubsub.index) <= fewest + fewest / 4 + SPREAD ? here : emptiest;
}

static void count_one(struct pinion_actors *actors, struct pinion_shard *shard)
{
    atomic_fetch_add_explicit(&pinion__actors_loop(shard)->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&actors->hub->actor_count, 1, memory_order_relaxed);
    actors->used = true;
}

/* Put it in the place of the one that gives the name up. */
static void succeed(struct pinion_actors *actors, struct pinion_actor *old, struct pinion_actor *actor)
{
    pinion__map_remove(&actors->names, &old->by_name);
    old->successor = pinion__actor_ref(actor);
    actor->waits = true;
}

static int add(struct pinion_actors *actors, const struct pinion_opening *opening, uint64_t hash,
               const pinion_actor_def *def, struct pinion_actor *old, struct pinion_actor **out)
{
    struct pinion_shard *shard = old ? old->shard : choose_loop(actors);
    if (!shard || is_closed(actors, shard->pubsub.index))
        return pinion__fail(PINION_ECLOSED, "the endpoint has stopped, or its channels have ended");
    if (atomic_load_explicit(&actors->hub->actor_count, memory_order_relaxed) >= actors->max)
        return pinion__fail(PINION_EBUSY, "there are %zu actors (max_actors)", actors->max);
    struct pinion_actor *actor =
        pinion__map_reserve(&actors->names) == 0 ? pinion__actor_new(actors, shard, opening->name) : NULL;
    if (!actor)
        return PINION_ENOMEM;
    actor->def = def;
    actor->max_mailbox = def->max_mailbox ? def->max_mailbox : PINION_ACTOR_MAILBOX;
    actor->state = opening->argument;
    actor->destroy_state = opening->destroy;
    if (old)
        succeed(actors, old, actor);
    (void)pinion__map_insert(&actors->names, &actor->by_name, hash);
    count_one(actors, shard);
    *out = actor;
    return 0;
}

/* It ends, or was told to: whoever opens the name now means another one. */
static bool gives_up(const struct pinion_actor *actor)
{
    return actor->closing || atomic_load(&actor->stop) != -1;
}

static int open_locked(struct pinion_actors *actors, const struct pinion_opening *opening, uint64_t hash,
                       struct pinion_actor **out, bool *made)
{
    struct pinion_actor *found = actor_of(pinion__map_find(&actors->names, opening->name, hash));
    const void *def;
    int rc = PINION_DEFINITION(&actors->definitions, pinion_actor_def, opening->def, opening->def_size, &def);
    *made = !found || gives_up(found);
    if (!rc && !*made)
        rc = check_found(found, def);
    if (rc)
        return rc;
    if (!*made) {
        found->opened++;
        *out = pinion__actor_ref(found);
        return 0;
    }
    if (!opening->def)
        return pinion__fail(PINION_ENOENT, "there is no actor %.*s", (int)opening->name.len,
                            opening->name.ptr);
    return add(actors, opening, hash, def, found, out);
}

/* ---- for others ---- */

int pinion__names_open(struct pinion_actors *actors, const struct pinion_opening *opening,
                       struct pinion_actor **out, bool *made)
{
    struct pinion_slice name = opening->name;
    *made = false;
    if (name.len == 0 || name.len > PINION_NAME_MAX)
        return pinion__fail(PINION_ETOOBIG, "the name of an actor has 1 to %d bytes", PINION_NAME_MAX);
    if (!pinion__utf8_name(name.ptr, name.len))
        return pinion__fail(PINION_EUTF8, "the name of an actor is not UTF-8");
    uint64_t hash = pinion__hash(name);
    pinion__lock(&actors->lock);
    int rc = open_locked(actors, opening, hash, out, made);
    pinion__unlock(&actors->lock);
    return rc;
}

void pinion__names_note(struct pinion_actor *actor)
{
    struct pinion_actors *actors = actor->hub->actors;
    pinion__lock(&actors->lock);
    actor->opened_known = actor->opened;
    pinion__unlock(&actors->lock);
}

bool pinion__names_close(struct pinion_actor *actor, bool idle)
{
    struct pinion_actors *actors = actor->hub->actors;
    pinion__lock(&actors->lock);
    bool needed = atomic_load(&actor->queued) > 0 || actor->opened != actor->opened_known ||
                  !pinion__list_empty(&actor->calls);
    actor->opened_known = actor->opened;
    bool closes = !idle || !needed;
    if (closes)
        actor->closing = true;
    pinion__unlock(&actors->lock);
    return closes;
}

void pinion__names_release(struct pinion_actor *actor, struct pinion_actor **successor)
{
    struct pinion_actors *actors = actor->hub->actors;
    pinion__lock(&actors->lock);
    *successor = actor->successor;
    actor->successor = NULL;
    if (*successor)
        (*successor)->waits = false;
    else
        pinion__map_remove(&actors->names, &actor->by_name);
    pinion__unlock(&actors->lock);
}
