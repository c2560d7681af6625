#include "pubsub/peers.h"
#include "base/list.h"
#include <pinion/error.h>
#include <pinion/pubsub.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    struct pinion_map_node node;
    uint64_t life;
    uint64_t born;
    uint64_t heard; /* when it was heard last, ms. 0: it has said goodbye */
    bool up;
    bool awaited;
    size_t name_len;
    char name[]; /* terminated */
};

static struct peer *peer_of(struct pinion_map_node *node)
{
    return PINION_CONTAINER_OF(node, struct peer, node);
}

static struct pinion_slice peer_name(const struct pinion_map_node *node)
{
    const struct peer *peer = PINION_CONTAINER_OF(node, struct peer, node);
    return pinion__slice(peer->name, peer->name_len);
}

int pinion__peers_init(struct pinion_peers *peers)
{
    *peers = (struct pinion_peers){ .up = 0 };
    pinion__map_init(&peers->map, peer_name);
    return pinion__lock_init(&peers->lock, PINION_RANK_PEERS) == 0 ? 0 : PINION_ENOMEM;
}

static void free_peer(struct pinion_map_node *node, void *data)
{
    pinion__map_remove(data, node);
    free(peer_of(node));
}

void pinion__peers_release(struct pinion_peers *peers)
{
    pinion__map_each(&peers->map, free_peer, &peers->map);
    pinion__map_release(&peers->map);
    pinion__lock_destroy(&peers->lock);
}

/* ---- one node: the caller holds the lock ---- */

static void set_awaited(struct pinion_peers *peers, struct peer *peer, bool awaited)
{
    peers->awaited += (size_t)awaited - (size_t)peer->awaited;
    peer->awaited = awaited;
}

static void set_up(struct pinion_peers *peers, struct peer *peer, bool up)
{
    peers->up += (size_t)up - (size_t)peer->up;
    peer->up = up;
}

struct search {
    struct peer *found;
};

static void find_oldest(struct pinion_map_node *node, void *data)
{
    struct search *search = data;
    struct peer *peer = peer_of(node);
    if (!search->found || peer->heard < search->found->heard)
        search->found = peer;
}

/* If there are too many, forget the one that was silent for longest. */
static void make_room(struct pinion_peers *peers)
{
    struct search oldest = { NULL };
    if (peers->map.count < PINION_PEERS_MAX)
        return;
    pinion__map_each(&peers->map, find_oldest, &oldest);
    set_up(peers, oldest.found, false);
    set_awaited(peers, oldest.found, false);
    free_peer(&oldest.found->node, &peers->map);
}

static struct peer *peer_new(struct pinion_peers *peers, const struct pinion_notice *notice, uint64_t hash)
{
    make_room(peers);
    struct peer *peer = calloc(1, sizeof *peer + notice->node.len + 1);
    if (!peer)
        return NULL;
    peer->life = notice->life;
    peer->born = notice->born;
    peer->name_len = notice->node.len;
    memcpy(peer->name, notice->node.ptr, notice->node.len);
    if (pinion__map_insert(&peers->map, &peer->node, hash) == 0)
        return peer;
    free(peer);
    return NULL;
}

static struct peer *find(struct pinion_peers *peers, const struct pinion_notice *notice)
{
    uint64_t hash = pinion__hash(notice->node);
    struct pinion_map_node *node = pinion__map_find(&peers->map, notice->node, hash);
    return node ? peer_of(node) : NULL;
}

/* ---- notices ---- */

enum { NOTHING = 0, DOWN = 1, UP = 2 };

static unsigned note_life(struct pinion_peers *peers, struct peer *peer, const struct pinion_notice *notice,
                          uint64_t now_ms)
{
    bool leaves = notice->flags & PINION_NOTICE_BYE;
    bool other = peer->life != notice->life;
    unsigned changes = NOTHING;
    if (other &&
        (leaves || (peer->up && notice->born < peer->born))) /* an earlier life than the one that is known */
        return NOTHING;
    if (peer->up && (leaves || other))
        changes |= DOWN;
    if (!leaves && (!peer->up || other))
        changes |= UP;
    peer->life = notice->life;
    peer->born = notice->born;
    peer->heard = leaves ? 0 : now_ms;
    set_up(peers, peer, !leaves);
    set_awaited(peers, peer, false);
    return changes;
}

void pinion__peers_hear(struct pinion_peers *peers, const struct pinion_notice *notice, uint64_t now_ms,
                        pinion_peer_changed_fn *changed, void *context)
{
    unsigned changes = NOTHING;
    char name[PINION_NODE_MAX + 1];
    memcpy(name, notice->node.ptr, notice->node.len);
    name[notice->node.len] = '\0';
    pinion__lock(&peers->lock);
    struct peer *peer = find(peers, notice);
    if (!peer && !(notice->flags & PINION_NOTICE_BYE))
        peer = peer_new(peers, notice, pinion__hash(notice->node));
    if (peer)
        changes = note_life(peers, peer, notice, now_ms);
    pinion__unlock(&peers->lock);
    if (changes & DOWN)
        changed(context, name, false);
    if (changes & UP)
        changed(context, name, true);
}

/* A node that was silent for too long, if there is one. */
struct silence {
    uint64_t now;
    struct peer *found;
};

static void find_silent(struct pinion_map_node *node, void *data)
{
    struct silence *silence = data;
    struct peer *peer = peer_of(node);
    if (peer->up && silence->now - peer->heard >= PINION_PEER_DOWN_MS)
        silence->found = peer;
}

void pinion__peers_check(struct pinion_peers *peers, uint64_t now_ms, pinion_peer_changed_fn *changed,
                         void *context)
{
    char name[PINION_NODE_MAX + 1];
    struct silence silence;
    do {
        silence = (struct silence){ .now = now_ms };
        pinion__lock(&peers->lock);
        pinion__map_each(&peers->map, find_silent, &silence);
        if (silence.found) {
            set_up(peers, silence.found, false);
            memcpy(name, silence.found->name, silence.found->name_len + 1);
        }
        pinion__unlock(&peers->lock);
        if (silence.found)
            changed(context, name, false);
    } while (silence.found);
}

void pinion__peers_miss(struct pinion_peers *peers, const char *node, pinion_peer_changed_fn *changed,
                        void *context)
{
    struct pinion_slice name = pinion__slice(node, strlen(node));
    pinion__lock(&peers->lock);
    struct pinion_map_node *found = pinion__map_find(&peers->map, name, pinion__hash(name));
    bool was_up = found && peer_of(found)->up;
    if (found)
        set_up(peers, peer_of(found), false);
    pinion__unlock(&peers->lock);
    if (was_up || !found)
        changed(context, node, false);
    if (!found)
        changed(context, node, true);
}

/* ---- an outage ---- */

struct outage {
    struct pinion_peers *peers;
    uint64_t now;
};

/* A broker that no longer answers makes nodes seem down. So a node that went down just before is expected
 * back too. */
static void await(struct pinion_map_node *node, void *data)
{
    const struct outage *outage = data;
    struct peer *peer = peer_of(node);
    if (peer->up || (peer->heard > 0 && outage->now - peer->heard < PINION_PEER_AGO_MS))
        set_awaited(outage->peers, peer, true);
}

void pinion__peers_await(struct pinion_peers *peers, uint64_t now_ms)
{
    struct outage outage = { peers, now_ms };
    pinion__lock(&peers->lock);
    pinion__map_each(&peers->map, await, &outage);
    pinion__unlock(&peers->lock);
}

static void resume(struct pinion_map_node *node, void *data)
{
    const struct outage *outage = data;
    struct peer *peer = peer_of(node);
    if (peer->up)
        peer->heard = outage->now;
}

void pinion__peers_resume(struct pinion_peers *peers, uint64_t now_ms)
{
    struct outage outage = { peers, now_ms };
    pinion__lock(&peers->lock);
    pinion__map_each(&peers->map, resume, &outage);
    pinion__unlock(&peers->lock);
}

size_t pinion__peers_up(struct pinion_peers *peers)
{
    pinion__lock(&peers->lock);
    size_t count = peers->up;
    pinion__unlock(&peers->lock);
    return count;
}

size_t pinion__peers_awaited(struct pinion_peers *peers)
{
    pinion__lock(&peers->lock);
    size_t count = peers->awaited;
    pinion__unlock(&peers->lock);
    return count;
}

static void forget(struct pinion_map_node *node, void *data)
{
    set_awaited(data, peer_of(node), false);
}

size_t pinion__peers_give_up(struct pinion_peers *peers)
{
    pinion__lock(&peers->lock);
    size_t count = peers->awaited;
    pinion__map_each(&peers->map, forget, peers);
    pinion__unlock(&peers->lock);
    return count;
}
