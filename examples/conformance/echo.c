#include "conformance.h"

static pinion_result echo(pinion_socket *socket, bool binary, const char *bytes, size_t length)
{
    pinion_raw_push(socket, binary, bytes, length);
    return pinion_noreply();
}

const pinion_raw_socket_def conformance_echo = { .handle_in = echo };
