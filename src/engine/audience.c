#include "engine/audience.h"
#include <stdlib.h>

const struct pinion_audience *pinion__audience(const struct pinion_socket *socket,
                                               const pinion_channel_def *def)
{
    struct pinion_audience **all = &socket->shard->audiences;
    struct pinion_audience *audience = *all;
    for (; audience; audience = audience->next) {
        if (audience->def == def && audience->serializer == socket->class->serializer &&
            audience->transport == socket->class->transport)
            return audience;
    }
    audience = malloc(sizeof *audience);
    if (!audience)
        return NULL;
    *audience = (struct pinion_audience){ .next = *all,
                                          .def = def,
                                          .serializer = socket->class->serializer,
                                          .transport = socket->class->transport };
    *all = audience;
    return audience;
}

void pinion__audiences_release(struct pinion_shard *shard)
{
    while (shard->audiences) {
        struct pinion_audience *audience = shard->audiences;
        shard->audiences = audience->next;
        free(audience);
    }
}
