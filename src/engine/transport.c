/* The public functions that transports call. Connecting is in src/endpoint, which knows what is mounted. */
#include "engine/admit.h"
#include "engine/behind.h"
#include "engine/receive.h"
#include "engine/socket_end.h"

const pinion_transport_limits *pinion_socket_limits(const pinion_socket *socket)
{
    PINION_NEED(socket, return NULL);
    PINION_CHECK_ON_LOOP(socket);
    return &socket->class->mount->limits;
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

/* That a client does not read is no mistake of the caller's. */
static int unadmitted(int code)
{
    return pinion__fail(code, "pinion_transport_admit: %s",
                        code == PINION_EBUSY     ? "the client does not read, and does without this broadcast"
                        : code == PINION_ECLOSED ? "the client does not read what it is sent"
                                                 : pinion_strerror(code));
}

int pinion_transport_admit(pinion_socket *socket, const pinion_frame *frame, size_t memory)
{
    PINION_NEEDED(socket);
    PINION_NEEDED(frame);
    PINION_ON_LOOP(socket, return PINION_EINVAL);
    if (!socket->conn)
        return pinion__fail(PINION_ECLOSED, "pinion_transport_admit: the socket has ended");
    int rc = pinion__socket_admit(socket, frame, memory);
    return rc ? unadmitted(rc) : 0;
}

void pinion_transport_drained(pinion_socket *socket)
{
    PINION_NEED(socket, return );
    PINION_CHECK_ON_LOOP(socket);
    pinion__behind_drained(socket);
}

void pinion_transport_slow(pinion_socket *socket)
{
    PINION_NEED(socket, return );
    PINION_CHECK_ON_LOOP(socket);
    pinion__socket_slow(socket);
}
