/* The kind of a mounted socket. Its clients send messages for channels (receive.c), or bytes that only the
 * application understands (raw.c). Raw sockets differ from others in these members alone. */
#ifndef PINION_ENGINE_KIND_H
#define PINION_ENGINE_KIND_H

#include "base/slice.h"
#include <pinion/result.h>
#include <stdbool.h>

struct pinion_channel;
struct pinion_socket;

struct pinion_socket_kind {
    bool serialized; /* a client needs a serializer: its vsn names one, or it is refused */

    /* The socket is about to open. NULL: there is nothing to do. PINION_ENOMEM. */
    int (*open)(struct pinion_socket *socket);

    /* A whole frame came. */
    void (*receive)(struct pinion_socket *socket, bool binary, struct pinion_slice bytes);

    /* The socket has ended, and nothing reaches its client any more: end its channels. Called from the run
     * queue. */
    void (*ended)(struct pinion_socket *socket);

    /* A channel of an open socket is to end: end the whole socket, which then ends the channel. NULL: the
     * channel ends alone. */
    void (*end_with)(struct pinion_socket *socket, pinion_reason reason);

    /* Why its channels cannot push or broadcast, and what to do instead. NULL: they can. */
    const char *no_push;
    const char *no_broadcast;
};

#endif
