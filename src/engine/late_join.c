#include "engine/late_join.h"
#include "proto/payload.h"
#include <stdlib.h>

int pinion__late_join_keep(struct pinion_channel *channel, struct pinion_slice ref,
                           const struct pinion_replaced *replaced, const pinion_payload *params)
{
    struct pinion_channel_extra *extra = pinion__channel_extra(channel);
    struct pinion_late_join *late = extra ? malloc(sizeof *late + ref.len + replaced->join_ref.len) : NULL;
    if (!late)
        return PINION_ENOMEM;
    *late = (struct pinion_late_join){ .channel = channel };
    late->ref = pinion__slice(late->text, ref.len);
    late->replaced.any = replaced->any;
    late->replaced.join_ref = pinion__slice(late->text + ref.len, replaced->join_ref.len);
    if (ref.len)
        memcpy(late->text, ref.ptr, ref.len);
    if (replaced->join_ref.len)
        memcpy(late->text + ref.len, replaced->join_ref.ptr, replaced->join_ref.len);
    late->params = pinion__payload_ref(params);
    extra->late_join = late;
    pinion__socket_wait(channel->socket);
    return 0;
}

struct pinion_late_join *pinion__late_join_take(struct pinion_channel *channel)
{
    struct pinion_late_join *late = channel->extra ? channel->extra->late_join : NULL;
    if (late)
        channel->extra->late_join = NULL;
    return late;
}

void pinion__late_join_free(struct pinion_late_join *late)
{
    pinion__pubsub_unawait(&late->waiter);
    pinion_payload_unref(late->reply);
    pinion_payload_unref(late->params);
    free(late);
}

void pinion__late_join_abandon(struct pinion_channel *channel)
{
    struct pinion_late_join *late = pinion__late_join_take(channel);
    if (!late)
        return;
    pinion__late_join_free(late);
    pinion__socket_unwait(channel->socket);
}

bool pinion__late_join_accepted(const struct pinion_channel *channel)
{
    return channel->extra && channel->extra->late_join && channel->extra->late_join->accepted;
}
