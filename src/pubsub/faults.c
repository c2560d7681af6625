#include "pubsub/faults.h"
#include <pinion/error.h>
#include <stdlib.h>
#include <string.h>

struct cut {
    struct pinion_list node;
    const char *a;
    const char *b; /* "": all others */
    char names[];
};

void pinion__faults_init(struct pinion_faults *faults, uint64_t seed)
{
    pinion__list_init(&faults->cuts);
    faults->loss = 0;
    faults->dice = seed;
}

static void mend(struct cut *cut)
{
    pinion__list_remove(&cut->node);
    free(cut);
}

void pinion__faults_release(struct pinion_faults *faults)
{
    PINION_LIST_FOREACH_SAFE (node, &faults->cuts) {
        mend(PINION_CONTAINER_OF(node, struct cut, node));
    }
}

static bool is_between(const struct cut *cut, const char *a, const char *b)
{
    return strcmp(cut->a, a) == 0 && strcmp(cut->b, b) == 0;
}

static struct cut *find(const struct pinion_faults *faults, const char *a, const char *b)
{
    PINION_LIST_FOREACH (node, &faults->cuts) {
        struct cut *cut = PINION_CONTAINER_OF(node, struct cut, node);
        if (is_between(cut, a, b) || is_between(cut, b, a))
            return cut;
    }
    return NULL;
}

int pinion__faults_cut(struct pinion_faults *faults, const char *a, const char *b, bool cut)
{
    struct cut *found = find(faults, a, b ? b : "");
    if (found && !cut)
        mend(found);
    if (found || !cut)
        return 0;
    struct cut *made = malloc(sizeof *made + strlen(a) + 1 + (b ? strlen(b) : 0) + 1);
    if (!made)
        return PINION_ENOMEM;
    *made = (struct cut){ .a = made->names };
    char *second = stpcpy(made->names, a) + 1;
    (void)stpcpy(second, b ? b : "");
    made->b = second;
    pinion__list_append(&faults->cuts, &made->node);
    return 0;
}

bool pinion__faults_isolated(const struct pinion_faults *faults, const char *node)
{
    return find(faults, node, "") != NULL;
}

/* SplitMix64 (Steele, Lea, Flood), as a number from 0 up to, but not including, 1. */
static double throw_dice(struct pinion_faults *faults)
{
    uint64_t z = faults->dice += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

bool pinion__faults_carry(struct pinion_faults *faults, const char *from, const char *to)
{
    if (faults->loss > 0 && throw_dice(faults) < faults->loss)
        return false;
    return !find(faults, from, to) && !pinion__faults_isolated(faults, from) &&
           !pinion__faults_isolated(faults, to);
}
