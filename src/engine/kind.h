/* What the clients of a mounted socket speak: messages to channels (receive.c), or bytes that are the
 * application's alone (raw.c). All in which raw sockets differ for the engine stands here. */
#ifndef PINION_ENGINE_KIND_H
#define PINION_ENGINE_KIND_H

#include "base/slice.h"
#include <pinion/result.h>
#include <stdbool.h>

struct pinion_channel;
struct pinion_socket;

struct pinion_socket_kind {
    bool serialized; /* a client says which serializer it speaks, and is refused without one */

    /* The socket is about to open. PINION_ENOMEM. NULL: there is nothing to do. */
    int (*open)(struct pinion_socket *socket);

    /* A whole frame came. */
    void (*receive)(struct pinion_socket *socket, bool binary, struct pinion_slice bytes);

    /* The socket has ended, and nothing reaches its client any more: end its channels. From the run queue. */
    void (*ended)(struct pinion_socket *socket);

    /* A channel of an open socket is to end: the whole socket does, with the channel after it. NULL: a
     * channel ends by itself. */
    void (*end_with)(struct pinion_socket *socket, pinion_reason reason);

    /* Why a channel neither pushes nor broadcasts, with what to do; NULL: it does. */
    const char *no_push;
    const char *no_broadcast;
};

#endif
