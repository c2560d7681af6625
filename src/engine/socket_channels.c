#include "engine/socket_channels.h"
#include "engine/channel.h"
#include <stdlib.h>

static struct pinion_channel **bucket_of(const struct pinion_socket *socket, uint64_t hash)
{
    return &socket->buckets[hash & (socket->bucket_count - 1)];
}

struct pinion_channel *pinion__socket_channel(const struct pinion_socket *socket, struct pinion_slice topic)
{
    struct pinion_channel *channel = *bucket_of(socket, socket->bucket_count > 1 ? pinion__hash(topic) : 0);
    while (channel && !pinion__slice_eq(pinion__slice(channel->topic->name, channel->topic->name_len), topic))
        channel = channel->next;
    return channel;
}

/* Without memory the buckets stay as they are, and the chains in them grow longer. */
static void grow_buckets(struct pinion_socket *socket)
{
    uint32_t count = socket->bucket_count * 4;
    struct pinion_channel **old = socket->buckets, **buckets = calloc(count, sizeof(struct pinion_channel *));
    uint32_t old_count = socket->bucket_count;
    if (!buckets)
        return;
    socket->buckets = buckets;
    socket->bucket_count = count;
    for (uint32_t i = 0; i < old_count; i++) {
        for (struct pinion_channel *channel = old[i], *next; channel; channel = next) {
            struct pinion_channel **bucket = bucket_of(socket, channel->topic->node.hash);
            next = channel->next;
            channel->next = *bucket;
            *bucket = channel;
        }
    }
    if (old != &socket->single_bucket)
        free(old);
}

void pinion__socket_add_channel(struct pinion_socket *socket, struct pinion_channel *channel)
{
    if (socket->channel_count >= socket->bucket_count * 4)
        grow_buckets(socket);
    struct pinion_channel **bucket = bucket_of(socket, channel->topic->node.hash);
    channel->next = *bucket;
    *bucket = channel;
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
