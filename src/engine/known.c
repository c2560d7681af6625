#include "engine/known.h"
#include <stdlib.h>

static struct pinion_known *find(const struct pinion_channel_extra *extra, const void *source)
{
    struct pinion_known *known = extra ? extra->known : NULL;
    while (known && known->source != source)
        known = known->next;
    return known;
}

uint64_t *pinion__channel_known(struct pinion_channel *channel, const void *source)
{
    struct pinion_channel_extra *extra = pinion__channel_extra(channel);
    struct pinion_known *known = find(extra, source);
    if (!known && extra && (known = malloc(sizeof *known))) {
        *known = (struct pinion_known){ .next = extra->known, .source = source };
        extra->known = known;
    }
    return known ? &known->version : NULL;
}

uint64_t pinion__channel_knows(const struct pinion_channel *channel, const struct pinion_broadcast *broadcast)
{
    const struct pinion_versions *versions = broadcast->versions;
    const struct pinion_known *known = versions ? find(channel->extra, versions->source) : NULL;
    return known ? pinion__versions_known(versions, known->version) : 0;
}

void pinion__known_release(struct pinion_channel_extra *extra)
{
    struct pinion_known *next;
    for (struct pinion_known *known = extra->known; known; known = next) {
        next = known->next;
        free(known);
    }
}
