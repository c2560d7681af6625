#include "engine/socket_channels.h"
#include "engine/channel.h"
#include <stdlib.h>

#define GROWTH_BITS 2 /* there are four times as many buckets each time */

static struct pinion_channel **bucket_of(struct pinion_socket *socket, uint64_t hash)
{
    return socket->bucket_bits > 0 ? &socket->buckets[hash & (pinion__socket_buckets(socket) - 1)]
                                   : &socket->only;
}

struct pinion_channel *pinion__socket_channel(const struct pinion_socket *socket, struct pinion_slice topic)
{
    uint64_t hash = socket->bucket_bits > 0 ? pinion__hash(topic) : 0;
    struct pinion_channel *channel =
        pinion__socket_bucket(socket, (uint32_t)hash & (pinion__socket_buckets(socket) - 1));
    while (channel && !pinion__slice_eq(pinion__slice(channel->topic->name, channel->topic->name_len), topic))
        channel = channel->next;
    return channel;
}

static void put_channel(struct pinion_socket *socket, struct pinion_channel *channel)
{
    struct pinion_channel **bucket = bucket_of(socket, channel->topic->node.hash);
    channel->next = *bucket;
    *bucket = channel;
}

/* Without memory the buckets stay as they are, and the chains in them grow longer. */
static void grow_buckets(struct pinion_socket *socket)
{
    const struct pinion_socket old = *socket;
    struct pinion_channel **buckets =
        calloc(pinion__socket_buckets(socket) << GROWTH_BITS, sizeof(struct pinion_channel *));
    if (!buckets)
        return;
    socket->buckets = buckets;
    socket->bucket_bits += GROWTH_BITS;
    for (uint32_t i = 0; i < pinion__socket_buckets(&old); i++) {
        for (struct pinion_channel *channel = pinion__socket_bucket(&old, i), *next; channel;
             channel = next) {
            next = channel->next;
            put_channel(socket, channel);
        }
    }
    if (old.bucket_bits > 0)
        free(old.buckets);
}

void pinion__socket_add_channel(struct pinion_socket *socket, struct pinion_channel *channel)
{
    if (socket->channel_count / 4 >= pinion__socket_buckets(socket))
        grow_buckets(socket);
    put_channel(socket, channel);
    socket->channel_count++;
}

void pinion__socket_remove_channel(struct pinion_socket *socket, struct pinion_channel *channel)
{
    struct pinion_channel **at = bucket_of(socket, channel->topic->node.hash);
    while (*at != channel)
        at = &(*at)->next;
    *at = channel->next;
    socket->channel_count--;
}
