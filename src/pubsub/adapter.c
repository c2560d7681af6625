#include "pubsub/adapter.h"
#include "base/log.h"
#include "pubsub/nats.h"
#include "pubsub/redis.h"
#include <string.h>

typedef int open_fn(const char *url, pinion_pubsub_adapter **out);

/* An adapter that this build does not have is NULL. */
#ifdef PINION_HAVE_NATS
#define NATS pinion__nats_open
#else
#define NATS NULL
#endif
#ifdef PINION_HAVE_REDIS
#define REDIS pinion__redis_open
#else
#define REDIS NULL
#endif

static const struct scheme {
    const char *name;
    open_fn *open;
    const char *library;
} schemes[] = {
    { "nats", NATS, "libnats" },
    { "tls", NATS, "libnats" },
    { "redis", REDIS, "hiredis" },
    { "rediss", REDIS, "hiredis" },
};

static const struct scheme *find_scheme(const char *url)
{
    size_t len = strcspn(url, ":");
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (strlen(schemes[i].name) == len && memcmp(schemes[i].name, url, len) == 0)
            return &schemes[i];
    }
    return NULL;
}

int pinion__adapter_open(const char *url, pinion_pubsub_adapter **out)
{
    *out = NULL;
    if (strcmp(url, "local") == 0)
        return 0;
    const struct scheme *scheme = find_scheme(url);
    if (!scheme)
        return pinion__fail(
            PINION_EINVAL,
            "pubsub: \"%.*s\" is not an adapter; use local, nats://, tls://, redis:// or rediss://",
            (int)strcspn(url, ":"), url);
    if (!scheme->open)
        return pinion__fail(PINION_ENOTSUP, "pubsub: this build has no %s://; build it with %s", scheme->name,
                            scheme->library);
    return scheme->open(url, out);
}
