/* A hash table with chains. Its entries lie in pages of their own. One lock guards it all, because only
 * builds with checks have this. */
#include "base/held.h"

#ifdef PINION_CHECKS

#include "base/log.h"
#include "base/quarantine.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define BUCKETS    4096
#define PAGE       ((size_t)64 << 10)
#define PLACES_MAX 8 /* the most places that are logged for one kind */
#define PLACE_TEXT 300

struct entry {
    struct entry *next;
    const void *object;
    const void *owner;
    const char *function;
    void *caller;
    enum pinion_held_kind kind;
    bool told; /* logged already */
};

static struct {
    pthread_mutex_t lock;
    struct entry *buckets[BUCKETS];
    struct entry *unused;
    size_t owners;
    bool lossy; /* a page could not be allocated: an object that is not in the table may still be held */
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const struct {
    const char *one;
    const char *many;
    const char *remedy;
} kinds[] = {
    [PINION_HELD_REF] = { "ref is", "refs are", "pinion_ref_free" },
    [PINION_HELD_REQUEST_REF] = { "ref of a request is", "refs of requests are", "pinion_request_ref_free" },
    [PINION_HELD_ACTOR_REF] = { "ref of an actor is", "refs of actors are", "pinion_actor_ref_free" },
    [PINION_HELD_CALL] = { "call is", "calls are", "pinion_call_unref" },
    [PINION_HELD_SUBSCRIPTION] = { "subscription is", "subscriptions are", "pinion_subscription_free" },
    [PINION_HELD_PAYLOAD] = { "payload is", "payloads are",
                              "pinion_payload_unref, or a call that consumes payloads" },
    [PINION_HELD_FRAME] = { "frame is", "frames are", "pinion_frame_unref, or a call that takes frames" },
    [PINION_HELD_ENDPOINT] = { "endpoint is", "endpoints are", "pinion_endpoint_free" },
    [PINION_HELD_TEST] = { "test is", "tests are", "pinion_test_free" },
};

#define KINDS (sizeof kinds / sizeof *kinds)

/* ---- entries: the caller holds the lock ---- */

static struct entry **link_of(const void *object)
{
    struct entry **link = &table.buckets[((uintptr_t)object >> 4) % BUCKETS];
    while (*link && (*link)->object != object)
        link = &(*link)->next;
    return link;
}

static void add_page(void)
{
    struct entry *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    for (size_t i = 0; i < PAGE / sizeof *page; i++) {
        page[i].next = table.unused;
        table.unused = &page[i];
    }
}

static struct entry *add(struct entry **link, const void *object)
{
    if (!table.unused)
        add_page();
    struct entry *entry = table.unused;
    if (!entry) {
        table.lossy = true;
        return NULL;
    }
    table.unused = entry->next;
    *entry = (struct entry){ .object = object };
    *link = entry;
    return entry;
}

/* ---- holding and giving back ---- */

void pinion__held(enum pinion_held_kind kind, const void *object, const void *owner, const char *function,
                  void *caller)
{
    pthread_mutex_lock(&table.lock);
    struct entry **link = link_of(object), *entry = *link ? *link : add(link, object);
    if (entry) {
        entry->kind = kind;
        entry->owner = owner;
        entry->function = function;
        entry->caller = caller;
    }
    pthread_mutex_unlock(&table.lock);
}

void pinion__held_gone(const void *object)
{
    pthread_mutex_lock(&table.lock);
    struct entry **link = link_of(object), *entry = *link;
    if (entry) {
        *link = entry->next;
        entry->next = table.unused;
        table.unused = entry;
    }
    pthread_mutex_unlock(&table.lock);
}

bool pinion__held_is(const void *object)
{
    pthread_mutex_lock(&table.lock);
    bool is = *link_of(object) != NULL || table.lossy;
    pthread_mutex_unlock(&table.lock);
    return is;
}

/* ---- reporting what is still held ---- */

struct place {
    const char *function;
    void *caller;
    size_t count;
};

struct places {
    struct place place[PLACES_MAX];
    size_t count;
    size_t others; /* objects made at places that did not fit into the table */
};

static void count(struct places *places, const struct entry *entry)
{
    size_t i = 0;
    while (i < places->count && places->place[i].caller != entry->caller)
        i++;
    if (i == PLACES_MAX) {
        places->others++;
        return;
    }
    places->place[i].function = entry->function;
    places->place[i].caller = entry->caller;
    places->place[i].count++;
    places->count += i == places->count;
}

/* The place in the form that addr2line takes, and the function if its name is known. `caller` is a return
 * address, so the call itself is one byte before it. */
static const char *text_of(char out[PLACE_TEXT], void *caller)
{
    Dl_info info;
    char *address = (char *)caller - 1;
    if (dladdr(address, &info) == 0 || !info.dli_fname) {
        snprintf(out, PLACE_TEXT, "%p", (void *)address);
        return out;
    }
    const char *slash = strrchr(info.dli_fname, '/');
    size_t offset = (size_t)(address - (char *)info.dli_fbase);
    snprintf(out, PLACE_TEXT, "%s+0x%zx%s%s%s", slash ? slash + 1 : info.dli_fname, offset,
             info.dli_sname ? " (" : "", info.dli_sname ? info.dli_sname : "", info.dli_sname ? ")" : "");
    return out;
}

static const char *are(enum pinion_held_kind kind, size_t count)
{
    return count == 1 ? kinds[kind].one : kinds[kind].many;
}

static void tell(enum pinion_held_kind kind, const struct places *places)
{
    char text[PLACE_TEXT], name[PINION_FUNCTION_NAME];
    for (size_t i = 0; i < places->count; i++) {
        const struct place *place = &places->place[i];
        pinion__log(PINION_LOG_WARNING,
                    "an endpoint was freed, but %zu %s still held: made by %s, called at %s; give %s back "
                    "with %s",
                    place->count, are(kind, place->count), pinion__public_name(name, place->function),
                    text_of(text, place->caller), place->count == 1 ? "it" : "them", kinds[kind].remedy);
    }
    if (places->others)
        pinion__log(PINION_LOG_WARNING, "an endpoint was freed, but %zu more %s still held, made elsewhere",
                    places->others, are(kind, places->others));
}

static void tell_all(const void *owner)
{
    struct places places[KINDS] = { 0 };
    pthread_mutex_lock(&table.lock);
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct entry *entry = table.buckets[i]; entry; entry = entry->next) {
            if (entry->owner == owner && !entry->told)
                count(&places[entry->kind], entry);
            entry->told = entry->told || entry->owner == owner;
        }
    }
    pthread_mutex_unlock(&table.lock);
    for (size_t kind = 0; kind < KINDS; kind++)
        tell((enum pinion_held_kind)kind, &places[kind]);
}

void pinion__held_begin(void)
{
    pthread_mutex_lock(&table.lock);
    table.owners++;
    pthread_mutex_unlock(&table.lock);
}

void pinion__held_tell(const void *owner)
{
    tell_all(owner);
}

void pinion__held_tell_rest(void)
{
    pthread_mutex_lock(&table.lock);
    bool last = --table.owners == 0;
    pthread_mutex_unlock(&table.lock);
    if (!last)
        return;
    tell_all(NULL);
    pinion__blocks_forget();
}

#endif
