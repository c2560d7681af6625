/* A client connects: its socket is made, the application is asked, and the socket is opened. */
#ifndef PINION_ENGINE_CONNECT_H
#define PINION_ENGINE_CONNECT_H

#include "engine/promise.h"
#include "engine/socket.h"

struct pinion_connect {
    const struct pinion_mount *mount;
    const struct pinion_transport *transport;
    void *conn;
    const pinion_payload *params; /* the query, as a JSON object */
    const pinion_connect_info *info;
    pinion_payload *reason; /* out: why it was refused, or NULL; the caller unrefs it */
};

/* 0: *out is an open socket. PINION_EPENDING: *out is a socket, and the transport's `connected` gets the
 * answer later. On an error there is no socket. PINION_EACCES: refused (HTTP 403); PINION_ECLOSED: the
 * endpoint goes down (HTTP 503); PINION_ENOMEM. */
int pinion__socket_connect(struct pinion_shard *shard, struct pinion_connect *connect,
                           struct pinion_socket **out);

/* Take the answer to a connect that came later. The target is the socket. Harmless when nobody waits for it.
 */
pinion_answer_fn pinion__connect_answer;

#endif
