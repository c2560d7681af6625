#include "engine/socket_class.h"
#include "engine/gather.h"
#include "engine/hub.h"
#include "engine/mount.h"
#include <stdlib.h>

static bool waits(const struct pinion_mount *mount, const struct pinion_transport *transport)
{
    return mount->options.flush_delay_ms > 0 && transport->send_gathered;
}

static struct pinion_socket_class *class_new(struct pinion_shard *shard, const struct pinion_mount *mount,
                                             const struct pinion_transport *transport)
{
    struct pinion_socket_class *class = calloc(1, sizeof *class);
    if (!class || !waits(mount, transport))
        return class;
    class->gather = pinion__gather_of(shard, mount->options.flush_delay_ms);
    if (class->gather)
        return class;
    free(class);
    return NULL;
}

const struct pinion_socket_class *pinion__socket_class(struct pinion_shard *shard,
                                                       const struct pinion_mount *mount,
                                                       const struct pinion_transport *transport,
                                                       const struct pinion_serializer *serializer)
{
    struct pinion_socket_class *class = shard->classes;
    while (class &&
           (class->mount != mount || class->transport != transport || class->serializer != serializer))
        class = class->next;
    if (class)
        return class;
    class = class_new(shard, mount, transport);
    if (!class)
        return NULL;
    class->mount = mount;
    class->transport = transport;
    class->serializer = serializer;
    class->next = shard->classes;
    shard->classes = class;
    return class;
}

void pinion__socket_class_release_all(struct pinion_shard *shard)
{
    while (shard->classes) {
        struct pinion_socket_class *class = shard->classes;
        shard->classes = class->next;
        free(class);
    }
}
