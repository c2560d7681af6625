#include "pubsub/interest.h"
#include "base/list.h"
#include "pubsub/check.h"
#include <pinion/error.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct pinion_map_node node;
    uint64_t loops;
    uint64_t ticket;                  /* of the subscription at other nodes; 0: none */
    enum pinion_interest_known known; /* at other nodes */
    atomic_uint subscribers;          /* on all loops; they count without the lock */
    uint32_t name_len;
    char name[]; /* terminated */
};

static struct pinion_slice entry_name(const struct pinion_map_node *node)
{
    const struct entry *entry = PINION_CONTAINER_OF(node, struct entry, node);
    return pinion__slice(entry->name, entry->name_len);
}

int pinion__interest_init(struct pinion_interest *interest)
{
    interest->hooks = NULL;
    interest->hook_context = NULL;
    atomic_init(&interest->tickets, 1);
    for (unsigned i = 0; i < PINION_INTEREST_STRIPES; i++) {
        if (pinion__lock_init(&interest->stripes[i].lock, PINION_RANK_INTEREST) != 0) {
            while (i--)
                pinion__lock_destroy(&interest->stripes[i].lock);
            return PINION_ENOMEM;
        }
        pinion__map_init(&interest->stripes[i].topics, entry_name);
    }
    return 0;
}

void pinion__interest_release(struct pinion_interest *interest)
{
    for (unsigned i = 0; i < PINION_INTEREST_STRIPES; i++) {
        pinion__map_release(&interest->stripes[i].topics);
        pinion__lock_destroy(&interest->stripes[i].lock);
    }
}

static struct entry *find(struct pinion_map *map, struct pinion_slice name, uint64_t hash)
{
    struct pinion_map_node *node = pinion__map_find(map, name, hash);
    return node ? PINION_CONTAINER_OF(node, struct entry, node) : NULL;
}

/* Adapters cannot name a topic with a zero byte inside, and nothing is ever broadcast on it. */
static bool is_told(const struct pinion_interest *interest, struct pinion_slice name)
{
    return interest->hooks && (name.len == 0 || !memchr(name.ptr, '\0', name.len));
}

static int tell(struct pinion_interest *interest, struct entry *entry)
{
    if (!is_told(interest, entry_name(&entry->node)))
        return 0;
    uint64_t ticket = atomic_fetch_add_explicit(&interest->tickets, 1, memory_order_relaxed);
    int rc = interest->hooks->open(interest->hook_context, entry->name, ticket);
    if (rc && rc != PINION_ENOTCONN && rc != PINION_ECLOSED)
        return rc;
    if (rc != PINION_ECLOSED)
        entry->ticket = ticket;
    entry->known = rc ? PINION_INTEREST_KNOWN : PINION_INTEREST_PENDING;
    return 0;
}

static struct entry *entry_new(struct pinion_slice name)
{
    struct entry *entry = malloc(sizeof *entry + name.len + 1);
    if (!entry)
        return NULL;
    *entry = (struct entry){ .known = PINION_INTEREST_KNOWN, .name_len = (uint32_t)name.len };
    atomic_init(&entry->subscribers, 0);
    memcpy(entry->name, name.ptr, name.len);
    entry->name[name.len] = '\0';
    return entry;
}

static int add(struct pinion_interest *interest, struct pinion_map *map, struct pinion_slice name,
               uint64_t hash, struct entry **out)
{
    struct entry *entry = entry_new(name);
    if (!entry)
        return PINION_ENOMEM;
    int rc = pinion__map_insert(map, &entry->node, hash);
    if (rc) {
        free(entry);
        return rc;
    }
    rc = tell(interest, entry);
    if (rc) {
        pinion__map_remove(map, &entry->node);
        free(entry);
        return rc;
    }
    *out = entry;
    return 0;
}

static int turn_on(struct pinion_interest *interest, struct pinion_map *map, struct pinion_slice name,
                   uint64_t hash, uint64_t bit, atomic_uint **subscribers)
{
    struct entry *entry = find(map, name, hash);
    int rc = entry ? 0 : add(interest, map, name, hash, &entry);
    if (rc)
        return rc;
    entry->loops |= bit;
    *subscribers = &entry->subscribers;
    return entry->known == PINION_INTEREST_KNOWN ? 0 : PINION_EPENDING;
}

static void turn_off(struct pinion_interest *interest, struct pinion_map *map, struct pinion_slice name,
                     uint64_t hash, uint64_t bit)
{
    struct entry *entry = find(map, name, hash);
    if (!entry)
        return;
    entry->loops &= ~bit;
    if (entry->loops)
        return;
    if (entry->ticket)
        interest->hooks->close(interest->hook_context, entry->name);
    pinion__map_remove(map, &entry->node);
    free(entry);
}

/* The map takes its buckets from the low bits, so the stripe is taken from the high bits. */
static unsigned stripe_of(uint64_t hash)
{
    return (unsigned)(hash >> 58) % PINION_INTEREST_STRIPES;
}

void pinion__interest_hook(struct pinion_interest *interest, const struct pinion_interest_hooks *hooks,
                           void *context)
{
    interest->hooks = hooks;
    interest->hook_context = context;
}

int pinion__interest_begin(struct pinion_interest *interest, struct pinion_slice name, uint64_t hash,
                           unsigned loop, atomic_uint **subscribers)
{
    unsigned i = stripe_of(hash);
    pinion__lock(&interest->stripes[i].lock);
    int rc = turn_on(interest, &interest->stripes[i].topics, name, hash, UINT64_C(1) << loop, subscribers);
    pinion__unlock(&interest->stripes[i].lock);
    return rc;
}

void pinion__interest_end(struct pinion_interest *interest, struct pinion_slice name, uint64_t hash,
                          unsigned loop)
{
    unsigned i = stripe_of(hash);
    pinion__lock(&interest->stripes[i].lock);
    turn_off(interest, &interest->stripes[i].topics, name, hash, UINT64_C(1) << loop);
    pinion__unlock(&interest->stripes[i].lock);
}

size_t pinion__interest_subscribers(struct pinion_interest *interest, struct pinion_slice name)
{
    uint64_t hash = pinion__hash(name);
    unsigned i = stripe_of(hash);
    pinion__lock(&interest->stripes[i].lock);
    const struct entry *entry = find(&interest->stripes[i].topics, name, hash);
    size_t count = entry ? atomic_load_explicit(&entry->subscribers, memory_order_relaxed) : 0;
    pinion__unlock(&interest->stripes[i].lock);
    return count;
}

uint64_t pinion__interest_get(struct pinion_interest *interest, struct pinion_slice name)
{
    uint64_t hash = pinion__hash(name), loops = 0;
    unsigned i = stripe_of(hash);
    pinion__lock(&interest->stripes[i].lock);
    struct entry *entry = find(&interest->stripes[i].topics, name, hash);
    if (entry)
        loops = entry->loops;
    pinion__unlock(&interest->stripes[i].lock);
    return loops;
}

uint64_t pinion__interest_confirm(struct pinion_interest *interest, struct pinion_slice name, uint64_t ticket,
                                  bool allowed)
{
    uint64_t hash = pinion__hash(name), loops = 0;
    unsigned i = stripe_of(hash);
    pinion__lock(&interest->stripes[i].lock);
    struct entry *entry = find(&interest->stripes[i].topics, name, hash);
    if (entry && entry->ticket == ticket && entry->known == PINION_INTEREST_PENDING) {
        entry->known = allowed ? PINION_INTEREST_KNOWN : PINION_INTEREST_REFUSED;
        loops = entry->loops;
    }
    pinion__unlock(&interest->stripes[i].lock);
    return loops;
}

enum pinion_interest_known pinion__interest_known(struct pinion_interest *interest, struct pinion_slice name)
{
    uint64_t hash = pinion__hash(name);
    unsigned i = stripe_of(hash);
    pinion__lock(&interest->stripes[i].lock);
    const struct entry *entry = find(&interest->stripes[i].topics, name, hash);
    enum pinion_interest_known known = entry ? entry->known : PINION_INTEREST_KNOWN;
    pinion__unlock(&interest->stripes[i].lock);
    return known;
}

int pinion__interest_retry(struct pinion_interest *interest, struct pinion_slice name)
{
    uint64_t hash = pinion__hash(name);
    unsigned i = stripe_of(hash);
    int rc = 0;
    pinion__lock(&interest->stripes[i].lock);
    struct entry *entry = find(&interest->stripes[i].topics, name, hash);
    if (entry && entry->known == PINION_INTEREST_REFUSED)
        rc = tell(interest, entry);
    if (!rc)
        rc = entry ? (int)entry->known : PINION_INTEREST_KNOWN;
    pinion__unlock(&interest->stripes[i].lock);
    return rc;
}

/* ---- checking ---- */

#ifdef PINION_CHECKS

static const char *stripe_check(const struct pinion_map *topics, unsigned stripe)
{
    const char *wrong = pinion__map_check(topics);
    for (size_t i = 0; i < topics->bucket_count && !wrong; i++) {
        for (struct pinion_map_node *node = topics->buckets[i]; node && !wrong; node = node->next) {
            const struct entry *entry = PINION_CONTAINER_OF(node, struct entry, node);
            if (stripe_of(node->hash) != stripe)
                wrong = "a topic lies in the wrong stripe";
            else if (!entry->loops)
                wrong = "a topic is in the table, but no loop wants it";
            else if (entry->known == PINION_INTEREST_PENDING && !entry->ticket)
                wrong = "a topic waits to be confirmed, but has no ticket";
        }
    }
    return wrong;
}

const char *pinion__interest_check(struct pinion_interest *interest)
{
    const char *wrong = NULL;
    for (unsigned i = 0; i < PINION_INTEREST_STRIPES && !wrong; i++) {
        pinion__lock(&interest->stripes[i].lock);
        wrong = stripe_check(&interest->stripes[i].topics, i);
        pinion__unlock(&interest->stripes[i].lock);
    }
    return wrong;
}

#endif
