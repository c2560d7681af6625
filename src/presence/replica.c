#include "presence/replica.h"
#include "base/hash.h"
#include "base/log.h"
#include "presence/state_int.h"
#include <assert.h>
#include <pinion/error.h>
#include <stdlib.h>

/* ---- adding and removing ---- */

static struct pinion_slice id_of(const struct pinion_map_node *node)
{
    struct pinion_presence_entry *entry =
        PINION_CONTAINER_OF(node, struct pinion_presence_entry, by_owner.first);
    return pinion__slice((const char *)&entry->id, sizeof entry->id);
}

static struct pinion_slice clock_of(const struct pinion_map_node *node)
{
    struct pinion_presence_entry *entry =
        PINION_CONTAINER_OF(node, struct pinion_presence_entry, by_owner.first);
    return pinion__slice((const char *)&entry->clock, sizeof entry->clock);
}

/* What distinguishes this replica from all others in a ref. It is a hash without a key, because all nodes
 * must find the same. */
static uint64_t tag_of(struct pinion_slice name, uint64_t incarnation)
{
    return pinion__siphash13((struct pinion_hash_key){ .k0 = incarnation }, name);
}

int pinion__presence_replica_new(struct pinion_presence_state *state, struct pinion_slice name,
                                 uint64_t incarnation, struct pinion_presence_replica **out)
{
    struct pinion_presence_replica *replica = calloc(1, sizeof *replica + name.len);
    if (!replica)
        return PINION_ENOMEM;
    pinion__map_init(&replica->owners, state->own ? clock_of : id_of);
    if (pinion__map_reserve(&replica->owners) != 0) {
        free(replica);
        return PINION_ENOMEM;
    }
    pinion__list_init(&replica->in_state);
    pinion__list_init(&replica->entries);
    replica->state = state;
    replica->incarnation = incarnation;
    replica->tag = tag_of(name, incarnation);
    replica->up = true;
    replica->name_len = (uint8_t)name.len;
    memcpy(replica->name, name.ptr, name.len);
    *out = replica;
    return 0;
}

int pinion__presence_replica_link(struct pinion_presence_replica *replica)
{
    struct pinion_presence_state *state = replica->state;
    uint64_t hash = pinion__hash(pinion__presence_replica_name(replica));
    int rc = pinion__map_insert(&state->names, &replica->node, hash);
    if (!rc)
        pinion__list_append(&state->replicas, &replica->in_state);
    return rc;
}

void pinion__presence_replica_free(struct pinion_presence_replica *replica)
{
    while (!pinion__list_empty(&replica->entries))
        pinion__presence_entry_free(pinion__presence_entry_in_replica(replica->entries.next));
    if (!pinion__list_empty(&replica->in_state)) {
        pinion__map_remove(&replica->state->names, &replica->node);
        pinion__list_remove(&replica->in_state);
    }
    pinion__presence_clock_release(&replica->known);
    pinion__presence_clock_release(&replica->snapshot.parts);
    pinion__map_release(&replica->owners);
    free(replica);
}

/* ---- up and down ---- */

static void come_up(struct pinion_presence_replica *replica)
{
    if (replica->up)
        return;
    replica->up = true;
    PINION_LIST_FOREACH (node, &replica->entries)
        pinion__presence_entry_show(pinion__presence_entry_in_replica(node));
}

void pinion__presence_replica_down(struct pinion_presence_replica *replica)
{
    assert(replica != replica->state->own);
    if (!replica->up)
        return;
    replica->up = false;
    PINION_LIST_FOREACH (node, &replica->entries)
        pinion__presence_entry_hide(pinion__presence_entry_in_replica(node));
}

void pinion__presence_replica_remove(struct pinion_presence_replica *replica)
{
    assert(replica != replica->state->own);
    pinion__presence_replica_free(replica);
}

/* The set has a replica already, its own, so linking another one cannot fail. */
static int add(struct pinion_presence_state *state, struct pinion_slice node, uint64_t incarnation,
               struct pinion_presence_replica *earlier, struct pinion_presence_replica **replica)
{
    int rc = pinion__presence_replica_new(state, node, incarnation, replica);
    if (rc)
        return rc;
    if (earlier)
        pinion__presence_replica_free(earlier);
    return pinion__presence_replica_link(*replica);
}

static int take_place(struct pinion_presence_replica *earlier, struct pinion_slice node, uint64_t incarnation,
                      struct pinion_presence_replica **replica)
{
    if (earlier->up && incarnation < earlier->incarnation)
        return PINION_ECLOSED;
    return add(earlier->state, node, incarnation, earlier, replica);
}

int pinion__presence_replica_up(struct pinion_presence_state *state, struct pinion_slice node,
                                uint64_t incarnation, struct pinion_presence_replica **out)
{
    struct pinion_presence_replica *replica = pinion__presence_replica_find(state, node);
    int rc = 0;
    if (node.len == 0 || node.len > PINION_PRESENCE_NAME_MAX || incarnation == 0 ||
        incarnation > PINION_PRESENCE_CLOCK_MAX)
        return pinion__fail(PINION_EINVAL,
                            "a node's name has 1 to 255 bytes, and its incarnation is above 0");
    if (replica && replica == state->own)
        return pinion__fail(PINION_EINVAL, "another node has this node's name");
    if (!replica)
        rc = add(state, node, incarnation, NULL, &replica);
    else if (replica->incarnation != incarnation)
        rc = take_place(replica, node, incarnation, &replica);
    else
        come_up(replica);
    if (!rc && out)
        *out = replica;
    return rc;
}

/* ---- looking up ---- */

struct pinion_presence_replica *pinion__presence_replica_find(const struct pinion_presence_state *state,
                                                              struct pinion_slice node)
{
    struct pinion_map_node *found = pinion__map_find(&state->names, node, pinion__hash(node));
    return found ? PINION_CONTAINER_OF(found, struct pinion_presence_replica, node) : NULL;
}

struct pinion_presence_replica *pinion__presence_replica_next(const struct pinion_presence_state *state,
                                                              const struct pinion_presence_replica *replica)
{
    struct pinion_list *next = replica ? replica->in_state.next : state->own->in_state.next;
    return next == &state->replicas ? NULL
                                    : PINION_CONTAINER_OF(next, struct pinion_presence_replica, in_state);
}
