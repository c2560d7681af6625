#include "engine/socket_class.h"
#include "engine/gather.h"
#include "engine/hub.h"
#include "engine/mount.h"
#include <stdlib.h>

static bool waits(const struct pinion_mount *mount, const struct pinion_transport *transport)
{
    return mount->options.flush_delay_ms > 0 && transport->send_gathered;
}

/* A class with its counts. */
struct counted {
    struct pinion_socket_class class;
    struct pinion_tally tally;
};

static struct pinion_socket_class *class_new(struct pinion_shard *shard, const struct pinion_mount *mount,
                                             const struct pinion_transport *transport)
{
    struct counted *counted = calloc(1, sizeof *counted);
    if (!counted)
        return NULL;
    struct pinion_socket_class *class = &counted->class;
    class->tally = &counted->tally;
    if (!waits(mount, transport))
        return class;
    class->gather = pinion__gather_of(shard, mount->options.flush_delay_ms);
    if (class->gather)
        return class;
    free(counted);
    return NULL;
}

const struct pinion_socket_class *pinion__socket_class(struct pinion_shard *shard,
                                                       const struct pinion_mount *mount,
                                                       const struct pinion_transport *transport,
                                                       const struct pinion_serializer *serializer)
{
    struct pinion_socket_class *first = atomic_load_explicit(&shard->classes, memory_order_relaxed);
    struct pinion_socket_class *class = first;
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
    class->next = first;
    atomic_store_explicit(&shard->classes, class, memory_order_release);
    return class;
}

void pinion__socket_class_release_all(struct pinion_shard *shard)
{
    struct pinion_socket_class *class = atomic_load_explicit(&shard->classes, memory_order_relaxed);
    atomic_store_explicit(&shard->classes, NULL, memory_order_relaxed);
    while (class) {
        struct pinion_socket_class *next = class->next;
        free(PINION_CONTAINER_OF(class, struct counted, class));
        class = next;
    }
}
