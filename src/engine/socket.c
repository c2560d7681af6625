#include "engine/socket.h"
#include "base/owned.h"
#include "engine/admit.h"
#include "engine/callback.h"
#include "engine/refused.h"
#include "engine/socket_extra.h"
#include "proto/payload.h"
#include <assert.h>
#include <stdlib.h>

/* ---- life ---- */

/* The destructor of the user's state counts as a callback too. */
static void destroy_state(struct pinion_socket *socket)
{
    struct pinion_callback callback = { .name = "the destructor of a socket's state",
                                        .detail = pinion_socket_id(socket) };
    if (!socket->destroy_state)
        return;
    pinion__callback_enter(socket->shard, &callback);
    while (socket->destroy_state) /* a destructor may set another state */
        pinion_socket_set_state(socket, NULL, NULL);
    pinion__callback_leave(socket->shard);
}

void pinion__socket_unhold(struct pinion_socket *socket)
{
    assert(socket->holds > 0);
    if (--socket->holds > 0)
        return;
    assert(socket->channel_count == 0);
    if (socket->state == PINION_SOCKET_ENDED)
        pinion__task_gone(&socket->end_task);
    destroy_state(socket);
    pinion__assigns_unref(socket->assigns);
    pinion__socket_extra_release(socket); /* only now, because terminate may ask for the id */
    if (socket->bucket_bits > 0)
        free(socket->buckets);
    PINION_COUNT(socket->shard, sockets, -1);
    PINION_TALLY(socket->class->tally, sockets, -1);
    pinion__pool_bury(&socket->shard->pool, socket, sizeof *socket);
}

void pinion__socket_wait(struct pinion_socket *socket)
{
    if (socket->waiting++ == 0 && socket->conn)
        socket->class->transport->pause(socket->conn, true);
}

void pinion__socket_unwait(struct pinion_socket *socket)
{
    assert(socket->waiting > 0);
    if (--socket->waiting == 0 && socket->conn)
        socket->class->transport->pause(socket->conn, false);
}

/* ---- public ---- */

pinion_endpoint *pinion_socket_endpoint(const pinion_socket *socket)
{
    PINION_NEED(socket, return NULL);
    PINION_CHECK_ON_LOOP(socket);
    return pinion__endpoint_of(socket->shard->hub);
}

void *pinion_socket_context(const pinion_socket *socket)
{
    PINION_NEED(socket, return NULL);
    PINION_CHECK_ON_LOOP(socket);
    return pinion__mount_context(socket->class->mount, socket->shard->hub);
}

const char *pinion_socket_id(const pinion_socket *socket)
{
    PINION_NEED(socket, return NULL);
    PINION_CHECK_ON_LOOP(socket);
    return pinion__socket_id(socket);
}

size_t pinion_socket_queued(const pinion_socket *socket)
{
    PINION_NEED(socket, return 0);
    PINION_CHECK_ON_LOOP(socket);
    return pinion__socket_queued(socket);
}

bool pinion_socket_is_behind(const pinion_socket *socket)
{
    PINION_NEED(socket, return false);
    PINION_CHECK_ON_LOOP(socket);
    return socket->behind;
}

void pinion_socket_set_state(pinion_socket *socket, void *state, void (*destroy)(void *))
{
    PINION_NEED(socket, return );
    PINION_CHECK_ON_LOOP(socket);
    pinion__owned_replace(&socket->user_state, &socket->destroy_state, state, destroy);
}

void *pinion_socket_state(const pinion_socket *socket)
{
    PINION_NEED(socket, return NULL);
    PINION_CHECK_ON_LOOP(socket);
    return socket->user_state;
}

int pinion_socket_assign(pinion_socket *socket, const char *key, pinion_payload *value)
{
    PINION_CONSUMES(value);
    PINION_NEED(socket, return pinion__payload_lost(value));
    PINION_NEED(key, return pinion__payload_lost(value));
    PINION_ON_LOOP(socket, return pinion__payload_lost(value));
    return pinion__assign(
        &socket->assigns, key, value,
        &(struct pinion_refused){ .call = "pinion_socket_assign", .name = key, .socket = socket });
}

const pinion_payload *pinion_socket_assigned(const pinion_socket *socket, const char *key)
{
    PINION_NEED(socket, return NULL);
    PINION_NEED(key, return NULL);
    PINION_CHECK_ON_LOOP(socket);
    return pinion__assigns_get(socket->assigns, key);
}
