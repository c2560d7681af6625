#include "engine/rates.h"
#include <stdlib.h>

struct pinion_socket_rates {
    struct pinion_bucket messages;
    struct pinion_bucket joins;
};

static bool take(struct pinion_shard *shard, struct pinion_bucket *bucket, const pinion_rate *rate)
{
    uint32_t burst = rate->burst ? rate->burst : rate->per_second;
    if (pinion__bucket_take(bucket, rate->per_second, burst, pinion__scheduler_roughly(shard->scheduler)))
        return true;
    PINION_COUNT(shard, rate_limited, 1);
    return false;
}

/* NULL when out of memory: then nothing is limited, which is the lesser harm. */
static struct pinion_socket_rates *rates_of(struct pinion_socket *socket)
{
    if (!socket->rates)
        socket->rates = calloc(1, sizeof *socket->rates);
    return socket->rates;
}

bool pinion__rate_message(struct pinion_socket *socket)
{
    const pinion_rate *rate = &socket->mount->options.messages;
    if (rate->per_second == 0 || !rates_of(socket))
        return true;
    return take(socket->shard, &socket->rates->messages, rate);
}

bool pinion__rate_join(struct pinion_socket *socket)
{
    const pinion_rate *rate = &socket->mount->options.joins;
    if (rate->per_second == 0 || !rates_of(socket))
        return true;
    return take(socket->shard, &socket->rates->joins, rate);
}

bool pinion__rate_channel_message(struct pinion_channel *channel)
{
    const pinion_rate *rate = &channel->socket->mount->options.channel_messages;
    if (rate->per_second == 0 || !pinion__channel_extra(channel))
        return true;
    return take(channel->socket->shard, &channel->extra->messages, rate);
}
