/* The free objects of a slab are linked through their first word. Objects that were never taken are not
 * linked: `fresh` is where they begin. So making a slab touches only one page. */
#include "base/slab.h"
#include "base/check.h"
#include "base/sanitizer.h"
#include <assert.h>
#include <pinion/error.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct slab {
    struct pinion_list link; /* in `usable`, or in no list when no object is free */
    struct pinion_region *region;
    void **free;
    char *fresh;
    size_t used;
};

static size_t aligned(size_t size)
{
    return (size + PINION_SLAB_ALIGNMENT - 1) / PINION_SLAB_ALIGNMENT * PINION_SLAB_ALIGNMENT;
}

static char *first_object(struct slab *slab)
{
    return (char *)slab + aligned(sizeof *slab);
}

static size_t fresh_bytes(const struct slab *slab)
{
    return (size_t)((const char *)slab + PINION_SLAB_SIZE - slab->fresh);
}

static struct slab *slab_of(void *object)
{
    return (struct slab *)((uintptr_t)object & ~(uintptr_t)(PINION_SLAB_SIZE - 1));
}

static struct slab *slab_new(struct pinion_slabs *slabs)
{
    struct pinion_region *region;
    struct slab *slab = pinion__regions_take(slabs->regions, &region);

    if (!slab)
        return NULL;
    *slab = (struct slab){ .region = region, .fresh = first_object(slab) };
    pinion__list_append(&slabs->usable, &slab->link);
    slabs->count++;
    slabs->spare = slab;
    PINION_POISON(slab->fresh, fresh_bytes(slab));
    return slab;
}

static void slab_free(struct pinion_slabs *slabs, struct slab *slab)
{
    pinion__list_remove(&slab->link);
    slabs->count--;
    PINION_UNPOISON((char *)slab, PINION_SLAB_SIZE);
    pinion__regions_give(slabs->regions, slab->region, slab);
}

void pinion__slabs_init(struct pinion_slabs *slabs, size_t object_size, struct pinion_regions *regions)
{
    slabs->regions = regions;
    slabs->object_size = aligned(object_size);
    pinion__list_init(&slabs->usable);
    slabs->spare = NULL;
    slabs->count = 0;
    assert(object_size > 0 && slabs->object_size <= PINION_SLAB_SIZE / 4);
}

int pinion__slabs_warm(struct pinion_slabs *slabs)
{
    struct slab *slab = pinion__list_empty(&slabs->usable) ? slab_new(slabs) : NULL;

    if (!slab)
        return pinion__list_empty(&slabs->usable) ? PINION_ENOMEM : 0;
    PINION_UNPOISON(slab->fresh, fresh_bytes(slab));
    memset(slab->fresh, 0xff, fresh_bytes(slab));
    PINION_POISON(slab->fresh, fresh_bytes(slab));
    return 0;
}

static void *take_from(struct pinion_slabs *slabs, struct slab *slab)
{
    void *object = slab->free;

    if (object) {
        PINION_UNPOISON(object, slabs->object_size);
        slab->free = *slab->free;
    } else {
        object = slab->fresh;
        PINION_UNPOISON(object, slabs->object_size);
        slab->fresh += slabs->object_size;
    }
    if (slab->used++ == 0)
        slabs->spare = NULL;
    if (!slab->free && fresh_bytes(slab) < slabs->object_size)
        pinion__list_remove(&slab->link);
    return object;
}

void *pinion__slabs_take(struct pinion_slabs *slabs)
{
    struct slab *slab = NULL;

    if (pinion__list_empty(&slabs->usable))
        slab = slab_new(slabs);
    else
        slab = PINION_CONTAINER_OF(slabs->usable.next, struct slab, link);
    return slab ? memset(take_from(slabs, slab), 0, slabs->object_size) : NULL;
}

/* In builds with checks, overwrite the object: a list that still contains it then fails its check. */
static void forget(const struct pinion_slabs *slabs, void *object)
{
#ifdef PINION_CHECKS
    memset((char *)object + sizeof(void *), 0xdd, slabs->object_size - sizeof(void *));
#endif
}

void pinion__slabs_give(struct pinion_slabs *slabs, void *object)
{
    struct slab *slab = slab_of(object);

    *(void **)object = slab->free;
    slab->free = object;
    slab->used--;
    forget(slabs, object);
    PINION_POISON(object, slabs->object_size);
    if (pinion__list_empty(&slab->link))
        pinion__list_append(&slabs->usable, &slab->link);
    if (slab->used > 0)
        return;
    if (slabs->spare) {
        slab_free(slabs, slab);
        return;
    }
    slabs->spare = slab; /* it is also the last slab to be taken from */
    pinion__list_remove(&slab->link);
    pinion__list_append(&slabs->usable, &slab->link);
}

void pinion__slabs_release(struct pinion_slabs *slabs)
{
    PINION_LIST_FOREACH_SAFE (link, &slabs->usable) {
        struct slab *slab = PINION_CONTAINER_OF(link, struct slab, link);
        assert(slab->used == 0);
        slab_free(slabs, slab);
    }
    slabs->spare = NULL;
    assert(slabs->count == 0);
}

/* ---- checking ---- */

#ifdef PINION_CHECKS

static size_t room_for(const struct pinion_slabs *slabs, struct slab *slab)
{
    return (PINION_SLAB_SIZE - (size_t)(first_object(slab) - (char *)slab)) / slabs->object_size;
}

static bool is_taken_place(const struct pinion_slabs *slabs, struct slab *slab, const void *object)
{
    size_t offset = (size_t)((const char *)object - first_object(slab));
    return (const char *)object >= first_object(slab) && (const char *)object < slab->fresh &&
           offset % slabs->object_size == 0;
}

static void *next_free(const struct pinion_slabs *slabs, void *object)
{
    PINION_UNPOISON(object, sizeof(void *));
    void *next = *(void **)object;
    PINION_POISON(object, sizeof(void *));
    return next;
}

static const char *slab_check(const struct pinion_slabs *slabs, struct slab *slab)
{
    size_t room = room_for(slabs, slab), free_count = 0;
    const char *end = first_object(slab) + room * slabs->object_size;

    if (slab_of(slab) != slab)
        return "a slab is not aligned";
    if (slab->fresh < first_object(slab) || slab->fresh > end ||
        (size_t)(slab->fresh - first_object(slab)) % slabs->object_size != 0)
        return "a slab's fresh objects begin at the wrong place";
    for (void *object = slab->free; object; object = next_free(slabs, object)) {
        if (++free_count > room)
            return "a slab's list of free objects is circular: one was given back twice";
        if (!is_taken_place(slabs, slab, object))
            return "a slab's list of free objects contains something that is not one of its objects";
    }
    if (slab->used + free_count + fresh_bytes(slab) / slabs->object_size != room)
        return "a slab's used, free and fresh objects do not add up to its size";
    return slab->used < room ? NULL : "a slab is listed as usable, but is full";
}

const char *pinion__slabs_check(const struct pinion_slabs *slabs)
{
    size_t usable, unused = 0;
    const char *wrong = pinion__list_check(&slabs->usable, &usable);

    if (wrong)
        return wrong;
    if (usable > slabs->count)
        return "there are more slabs than the count says";
    PINION_LIST_FOREACH (link, &slabs->usable) {
        struct slab *slab = PINION_CONTAINER_OF(link, struct slab, link);
        wrong = slab_check(slabs, slab);
        if (wrong)
            return wrong;
        if (slab->used == 0 && slab != slabs->spare)
            return "a slab without used objects was kept, but is not the spare one";
        unused += slab->used == 0;
    }
    return unused == (slabs->spare != NULL) ? NULL : "the spare slab has used objects, or is not in the list";
}

#endif
