#include "pubsub/adapter.h"
#include "base/log.h"
#include <string.h>

int pinion__adapter_open(const char *url, pinion_pubsub_adapter **out)
{
    size_t scheme = strcspn(url, ":");
    *out = NULL;
    if (strcmp(url, "local") == 0)
        return 0;
    return pinion__fail(PINION_EINVAL, "pubsub: \"%.*s\" is no adapter; there is \"local\"", (int)scheme,
                        url);
}
