/* The public side of what transports call; connecting is the endpoint's, which knows what is mounted. */
#include "engine/socket.h"

void pinion_transport_receive(pinion_socket *socket, bool binary, const void *bytes, size_t length)
{
    pinion__socket_receive(socket, binary, pinion__slice(bytes, length));
}

void pinion_transport_seen(pinion_socket *socket)
{
    pinion__socket_seen(socket);
}

void pinion_transport_ended(pinion_socket *socket)
{
    pinion__socket_ended(socket, PINION_REASON_CLOSED);
}
