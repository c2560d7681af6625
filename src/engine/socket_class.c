#include "engine/socket_class.h"
#include "engine/hub.h"
#include <stdlib.h>

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
    class = malloc(sizeof *class);
    if (!class)
        return NULL;
    *class = (struct pinion_socket_class){
        .mount = mount, .transport = transport, .serializer = serializer, .next = shard->classes
    };
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
