#include "engine/socket_extra.h"
#include "engine/lane.h"
#include "engine/rates.h"
#include <stdlib.h>

struct pinion_socket_extra {
    struct pinion_socket *socket;
    struct pinion_subscriber id;
    struct pinion_anchor *anchor;
    struct pinion_socket_rates *rates;
    char peer[]; /* the client's address, terminated; "" if it is not kept */
};

static size_t size_of(const char *peer)
{
    return sizeof(struct pinion_socket_extra) + strlen(peer) + 1;
}

static struct pinion_socket_extra *extra_of(struct pinion_socket *socket, const char *peer)
{
    if (!socket->extra) {
        socket->extra = pinion__pool_take(&socket->shard->pool, size_of(peer));
        if (!socket->extra)
            return NULL;
        socket->extra->socket = socket;
        memcpy(socket->extra->peer, peer, strlen(peer) + 1);
    }
    return socket->extra;
}

/* ---- id ---- */

int pinion__socket_take_id(struct pinion_socket *socket, struct pinion_topic *topic)
{
    struct pinion_socket_extra *extra = extra_of(socket, "");
    if (!extra)
        return PINION_ENOMEM;
    extra->id.lane = PINION_LANE_SOCKET;
    return pinion__topic_subscribe(topic, &extra->id);
}

const char *pinion__socket_id(const struct pinion_socket *socket)
{
    return socket->extra && socket->extra->id.subscribed ? socket->extra->id.topic->name : NULL;
}

struct pinion_socket *pinion__socket_of_id(struct pinion_subscriber *subscriber)
{
    return PINION_CONTAINER_OF(subscriber, struct pinion_socket_extra, id)->socket;
}

/* ---- anchor ---- */

struct pinion_anchor *pinion__socket_anchor(struct pinion_socket *socket)
{
    struct pinion_socket_extra *extra = extra_of(socket, "");
    bool ended = socket->state == PINION_SOCKET_ENDED;
    return extra ? pinion__anchor_get(&extra->anchor, ended ? NULL : socket) : NULL;
}

const struct pinion_anchor *pinion__socket_anchor_if_any(const struct pinion_socket *socket)
{
    return socket->extra ? socket->extra->anchor : NULL;
}

void pinion__socket_anchor_end(struct pinion_socket *socket)
{
    if (socket->extra)
        pinion__anchor_end(&socket->extra->anchor);
}

/* ---- rates and address ---- */

struct pinion_socket_rates *pinion__socket_rates(struct pinion_socket *socket)
{
    struct pinion_socket_extra *extra = extra_of(socket, "");
    if (extra && !extra->rates)
        extra->rates = calloc(1, sizeof *extra->rates);
    return extra ? extra->rates : NULL;
}

struct pinion_socket_rates *pinion__socket_rates_if_any(const struct pinion_socket *socket)
{
    return socket->extra ? socket->extra->rates : NULL;
}

void pinion__socket_extra_keep_peer(struct pinion_socket *socket, const char *peer)
{
    (void)extra_of(socket, peer);
}

const char *pinion__socket_extra_peer(const struct pinion_socket *socket)
{
    return socket->extra ? socket->extra->peer : "";
}

void pinion__socket_extra_release(struct pinion_socket *socket)
{
    if (!socket->extra)
        return;
    pinion__topic_unsubscribe(&socket->extra->id);
    free(socket->extra->rates);
    pinion__pool_give(&socket->shard->pool, socket->extra, size_of(socket->extra->peer));
    socket->extra = NULL;
}
