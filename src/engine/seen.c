#include "engine/seen.h"
#include <stdlib.h>

static struct pinion_seen *find(const struct pinion_channel_extra *extra, const void *source)
{
    struct pinion_seen *seen = extra ? extra->seen : NULL;
    while (seen && seen->source != source)
        seen = seen->next;
    return seen;
}

uint64_t *pinion__channel_seen(struct pinion_channel *channel, const void *source)
{
    struct pinion_channel_extra *extra = pinion__channel_extra(channel);
    struct pinion_seen *seen = find(extra, source);
    if (!seen && extra && (seen = malloc(sizeof *seen))) {
        *seen = (struct pinion_seen){ .next = extra->seen, .source = source };
        extra->seen = seen;
    }
    return seen ? &seen->version : NULL;
}

uint64_t pinion__channel_knows(const struct pinion_channel *channel, const struct pinion_broadcast *broadcast)
{
    const struct pinion_versions *versions = broadcast->versions;
    const struct pinion_seen *seen = versions ? find(channel->extra, versions->source) : NULL;
    return seen ? pinion__versions_known(versions, seen->version) : 0;
}

void pinion__seen_release(struct pinion_channel_extra *extra)
{
    struct pinion_seen *next;
    for (struct pinion_seen *seen = extra->seen; seen; seen = next) {
        next = seen->next;
        free(seen);
    }
}
