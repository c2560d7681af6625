/* The public side of what transports call; connecting is the endpoint's, which knows what is mounted. */
#include "engine/receive.h"
#include "engine/socket_end.h"

const pinion_transport_limits *pinion_socket_limits(const pinion_socket *socket)
{
    PINION_NEED(socket, return NULL);
    PINION_CHECK_ON_LOOP(socket);
    return &socket->mount->limits;
}

void pinion_transport_receive(pinion_socket *socket, bool binary, const void *bytes, size_t length)
{
    PINION_NEED(socket, return );
    PINION_RULE(bytes || length == 0, return, "bytes is NULL, and length %zu", length);
    PINION_CHECK_ON_LOOP(socket);
    pinion__socket_receive(socket, binary, pinion__slice(bytes, length));
}

void pinion_transport_seen(pinion_socket *socket)
{
    PINION_NEED(socket, return );
    PINION_CHECK_ON_LOOP(socket);
    pinion__socket_seen(socket);
}

void pinion_transport_ended(pinion_socket *socket)
{
    PINION_NEED(socket, return );
    PINION_CHECK_ON_LOOP(socket);
    pinion__socket_ended(socket, PINION_REASON_CLOSED);
}
