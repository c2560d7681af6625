#include "engine/send.h"
#include "base/log_limit.h"
#include "engine/socket_end.h"
#include "engine/who.h"

int pinion__socket_starved(struct pinion_socket *socket)
{
    PINION_LOG_LIMITED(PINION_LOG_ERROR, "socket %s: out of memory for a message to the client: closed (%s)",
                       socket->class->mount->path, PINION_WHO_OF(socket));
    pinion__socket_because(socket, PINION_CAUSE_MEMORY);
    pinion__socket_close(socket, PINION_CLOSE_INTERNAL);
    return PINION_ENOMEM;
}

int pinion__encode(const struct pinion_serializer *serializer, const struct pinion_transport *transport,
                   const struct pinion_message *message, struct pinion_frame **out)
{
    int rc = serializer->encode(message, out);
    if (rc || !transport->frame)
        return rc;
    *out = transport->frame(*out);
    return *out ? 0 : PINION_ENOMEM;
}

int pinion__socket_send(struct pinion_socket *socket, const struct pinion_message *message)
{
    return pinion__socket_send_as(socket, message, PINION_LOSS_NEVER);
}

static int send_frame(const struct pinion_socket *socket, struct pinion_frame *frame, enum pinion_loss loss)
{
    if (loss != PINION_LOSS_NEVER)
        frame->droppable = (uint8_t)loss;
    return socket->class->transport->send(socket->conn, frame);
}

int pinion__socket_send_as(struct pinion_socket *socket, const struct pinion_message *message,
                           enum pinion_loss loss)
{
    struct pinion_frame *frame;
    if (socket->state != PINION_SOCKET_OPEN)
        return PINION_ECLOSED;
    if (!socket->class->serializer)
        return PINION_ENOTSUP;
    int rc = pinion__encode(socket->class->serializer, socket->class->transport, message, &frame);
    if (!rc)
        rc = send_frame(socket, frame, loss);
    if (!rc)
        PINION_TALLY(socket->class->tally, sent, 1);
    return rc == PINION_ENOMEM ? pinion__socket_starved(socket) : rc;
}
