/* A client connects: its socket is made, the application asked, and the socket opened. */
#ifndef PINION_ENGINE_CONNECT_H
#define PINION_ENGINE_CONNECT_H

#include "engine/promise.h"
#include "engine/socket.h"

struct pinion_connect {
    const struct pinion_mount *mount;
    const struct pinion_transport *transport;
    void *conn;
    const pinion_payload *params; /* JSON object of the query */
    const pinion_connect_info *info;
    pinion_payload *reason; /* out: why it was refused, or NULL; the caller's to unref */
};

/* 0: *out is an open socket; PINION_EPENDING: *out is a socket that will be answered by ->connected;
 * PINION_EACCES: refused (HTTP 403); PINION_ECLOSED: the server goes down (HTTP 503); PINION_ENOMEM. On an
 * error there is no socket. */
int pinion__socket_connect(struct pinion_shard *shard, struct pinion_connect *connect,
                           struct pinion_socket **out);

/* The result of a connect that was answered later. Its target is the socket. Harmless when nobody waits for
 * it. */
pinion_answer_fn pinion__connect_answer;

#endif
