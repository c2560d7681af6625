#include "pubsub/versions.h"
#include "base/log_limit.h"
#include "pubsub/broadcast.h"

uint64_t pinion__versions_known(const struct pinion_versions *versions, uint64_t known)
{
    size_t low = 0, high = versions->count; /* numbers below `low` are known, those from `high` on are not */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (versions->numbers[middle] <= known)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? versions->numbers[low - 1] : 0;
}

struct pinion_broadcast *pinion__broadcast_rest(struct pinion_broadcast *broadcast, uint64_t known)
{
    const struct pinion_versions *versions = broadcast->versions;
    struct pinion_broadcast *rest = NULL;
    if (!versions || known == 0)
        return pinion__broadcast_ref(broadcast);
    if (known >= pinion__versions_newest(versions))
        return NULL;
    pinion_payload *payload = versions->ops->rest(versions, broadcast->payload, known);
    if (pinion__broadcast_make(&rest, broadcast->from, broadcast->topic, broadcast->event, payload) == 0)
        return rest;
    PINION_LOG_LIMITED(PINION_LOG_WARNING,
                       "topic %s: out of memory: \"%s\" is sent in full to clients that know a part of it",
                       broadcast->topic.ptr, broadcast->event.ptr);
    return pinion__broadcast_ref(broadcast);
}
