/* The endpoint proper: what the public pinion_endpoint is, besides the engine's part. */
#ifndef PINION_ENDPOINT_SERVER_H
#define PINION_ENDPOINT_SERVER_H

#include "base/turns.h"
#include "endpoint/drain.h"
#include "endpoint/starting.h"
#include "endpoint/static.h"
#include "engine/hub.h"
#include "engine/mount.h"
#include "io/loop.h"
#include "process/heartbeat.h"
#include "proto/forwarded.h"

struct pinion_page {
    char *path;
    pinion_get_fn *fn;
    void *data;
};

enum pinion_route_kind { PINION_MOUNT_SOCKET, PINION_MOUNT_PAGE, PINION_MOUNT_STATIC };

/* Something mounted, in the order of mounting. */
struct pinion_mounted {
    enum pinion_route_kind kind;
    union {
        struct pinion_mount socket;
        struct pinion_page page;
        struct pinion_static files;
    };
};

struct pinion_server;
struct pinion_longpoll;
struct pinion_stream_listener;

/* One loop: a thread, an I/O loop, a scheduler, a shard. */
struct pinion_server_loop {
    struct pinion_server *server;
    struct pinion_scheduler *scheduler;
    struct pinion_shard *shard;
    struct pinion_loop *_Atomic io;     /* NULL before its thread made it; read by wakes from any thread */
    struct pinion_listening *listening; /* what it accepts on: listeners.c */
    unsigned listening_count;
    struct pinion_list http;    /* connections that are (still) HTTP */
    struct pinion_turns turns;  /* of those that have sent more requests than are handled in one go */
    struct pinion_list streams; /* of pinion_stream.node */
    struct pinion_drain drain;
    struct pinion_heartbeat heartbeat;
    struct pinion_task stop_task;
    bool stop_posted; /* under server->lock */
    bool stopping;
    bool threaded;
    pthread_t thread;
    int status; /* what its run came to */
#ifdef PINION_CHECKS
    size_t unchecked; /* turns since the last check */
#endif
};

enum pinion_server_state {
    PINION_SERVER_NEW,
    PINION_SERVER_LISTENING,
    PINION_SERVER_RUNNING,
    PINION_SERVER_STOPPED
};

struct pinion_server {
    pinion_endpoint base;
    pinion_endpoint_options options; /* defaults filled in */
    char *host;                      /* NULL: all addresses */
    struct pinion_network *trusted;  /* proxies */
    size_t trusted_count;
    const struct pinion_loop_ops *engine;
    struct pinion_mounted *mounted;
    size_t mounted_count;
    struct pinion_server_loop *loops;
    unsigned loop_count;
    uint16_t port;
    struct pinion_longpoll *longpoll; /* NULL: no mount offers it */
    struct pinion_stream_listener *stream_listeners;
    enum pinion_server_state state;
    struct pinion_starting starting;
    atomic_bool stop_requested; /* by a signal, or by stop() */
    bool notifies;              /* it is a main loop of the program, and says what becomes of it (notify.h) */
};

static inline struct pinion_server *pinion__server(pinion_endpoint *endpoint)
{
    return PINION_CONTAINER_OF(endpoint, struct pinion_server, base);
}

/* endpoint.c: make the struct pinion_server_loop at `context` take a turn, if it runs. Thread: any; also from
 * a signal handler. */
void pinion__server_wake(void *context);

/* mounted.c: free what is mounted. */
void pinion__unmount_all(struct pinion_server *server);

/* http.c: take over a connection that was just accepted. */
void pinion__http_accept(struct pinion_server_loop *loop, struct pinion_conn *conn);

/* http.c: the server goes down: end those connections that only lie open, but for those that long-polling
 * clients come by, and new ones, whose first request may be on its way. */
void pinion__http_drain(struct pinion_server_loop *loop);

/* http.c: true while there are such new ones. */
bool pinion__http_awaits_first(const struct pinion_server_loop *loop);

/* http.c: the server stops: end the connections that are still HTTP, after the answer they are owed. */
void pinion__http_stop(struct pinion_server_loop *loop);

#endif
