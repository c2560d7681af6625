#include "pubsub/senders.h"
#include <assert.h>
#include <pinion/pubsub.h>
#include <stdlib.h>
#include <string.h>

#define WORDS (PINION_SENDER_WINDOW / 64)

struct sender {
    struct pinion_map_node node;
    struct pinion_list recent;
    uint64_t last;        /* the largest sequence number that came */
    uint64_t came[WORDS]; /* a bit for each of last - PINION_SENDER_WINDOW + 1 … last, at its remainder */
    size_t name_len;
    char name[]; /* the incarnation's bytes, then the node's name */
};

/* Each life of a node is a sender of its own: a message of the old life may come when the new one has
 * begun. */
struct key {
    char bytes[sizeof(uint64_t) + PINION_NODE_MAX];
};

static struct pinion_slice make_key(struct key *key, struct pinion_slice node, uint64_t incarnation)
{
    memcpy(key->bytes, &incarnation, sizeof incarnation);
    memcpy(key->bytes + sizeof incarnation, node.ptr, node.len);
    return pinion__slice(key->bytes, sizeof incarnation + node.len);
}

static struct pinion_slice sender_name(const struct pinion_map_node *node)
{
    const struct sender *sender = PINION_CONTAINER_OF(node, struct sender, node);
    return pinion__slice(sender->name, sender->name_len);
}

void pinion__senders_init(struct pinion_senders *senders)
{
    pinion__map_init(&senders->map, sender_name);
    pinion__list_init(&senders->recent);
}

static void forget(struct pinion_senders *senders, struct sender *sender)
{
    pinion__map_remove(&senders->map, &sender->node);
    pinion__list_remove(&sender->recent);
    free(sender);
}

void pinion__senders_release(struct pinion_senders *senders)
{
    PINION_LIST_FOREACH_SAFE (node, &senders->recent) {
        forget(senders, PINION_CONTAINER_OF(node, struct sender, recent));
    }
    pinion__map_release(&senders->map);
}

static struct sender *sender_new(struct pinion_senders *senders, struct pinion_slice name, uint64_t hash)
{
    if (senders->map.count >= PINION_SENDERS_MAX)
        forget(senders, PINION_CONTAINER_OF(senders->recent.next, struct sender, recent));
    struct sender *sender = calloc(1, sizeof *sender + name.len);
    if (!sender)
        return NULL;
    pinion__list_init(&sender->recent);
    sender->name_len = name.len;
    memcpy(sender->name, name.ptr, name.len);
    if (pinion__map_insert(&senders->map, &sender->node, hash) != 0) {
        free(sender);
        return NULL;
    }
    return sender;
}

static struct sender *sender_of(struct pinion_senders *senders, struct pinion_slice name)
{
    uint64_t hash = pinion__hash(name);
    struct pinion_map_node *node = pinion__map_find(&senders->map, name, hash);
    return node ? PINION_CONTAINER_OF(node, struct sender, node) : sender_new(senders, name, hash);
}

static uint64_t *word_of(struct sender *sender, uint64_t sequence)
{
    return &sender->came[sequence / 64 % WORDS];
}

/* Move the window up, so that it ends with this number. */
static void advance(struct sender *sender, uint64_t sequence)
{
    if (sequence - sender->last >= PINION_SENDER_WINDOW)
        memset(sender->came, 0, sizeof sender->came);
    else
        for (uint64_t gone = sender->last + 1; gone <= sequence; gone++)
            *word_of(sender, gone) &= ~(UINT64_C(1) << gone % 64);
    sender->last = sequence;
}

static bool note(struct sender *sender, uint64_t sequence)
{
    uint64_t bit = UINT64_C(1) << sequence % 64;
    if (sequence > sender->last)
        advance(sender, sequence);
    else if (sender->last - sequence >= PINION_SENDER_WINDOW || *word_of(sender, sequence) & bit)
        return false;
    *word_of(sender, sequence) |= bit;
    return true;
}

bool pinion__senders_note(struct pinion_senders *senders, struct pinion_slice node, uint64_t incarnation,
                          uint64_t sequence)
{
    struct key key;
    assert(node.len <= PINION_NODE_MAX);
    struct sender *sender = sender_of(senders, make_key(&key, node, incarnation));
    if (!sender)
        return true;
    pinion__list_remove(&sender->recent);
    pinion__list_append(&senders->recent, &sender->recent);
    return note(sender, sequence);
}
