#include "engine/socket_more.h"
#include "engine/rates.h"
#include <stdlib.h>

struct pinion_socket_more {
    struct pinion_socket_rates *rates;
    char peer[]; /* the client's address, terminated; "" if it is not kept */
};

static size_t size_of(const char *peer)
{
    return sizeof(struct pinion_socket_more) + strlen(peer) + 1;
}

static struct pinion_socket_more *more_of(struct pinion_socket *socket, const char *peer)
{
    if (!socket->more) {
        socket->more = pinion__pool_take(&socket->shard->pool, size_of(peer));
        if (socket->more)
            memcpy(socket->more->peer, peer, strlen(peer) + 1);
    }
    return socket->more;
}

struct pinion_socket_rates *pinion__socket_rates(struct pinion_socket *socket)
{
    struct pinion_socket_more *more = more_of(socket, "");
    if (more && !more->rates)
        more->rates = calloc(1, sizeof *more->rates);
    return more ? more->rates : NULL;
}

struct pinion_socket_rates *pinion__socket_rates_if_any(const struct pinion_socket *socket)
{
    return socket->more ? socket->more->rates : NULL;
}

void pinion__socket_more_keep_peer(struct pinion_socket *socket, const char *peer)
{
    (void)more_of(socket, peer);
}

const char *pinion__socket_more_peer(const struct pinion_socket *socket)
{
    return socket->more ? socket->more->peer : "";
}

void pinion__socket_more_release(struct pinion_socket *socket)
{
    if (!socket->more)
        return;
    free(socket->more->rates);
    pinion__pool_give(&socket->shard->pool, socket->more, size_of(socket->more->peer));
    socket->more = NULL;
}
