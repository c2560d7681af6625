/* An endpoint: what the public pinion_endpoint is. The engine knows of its hub alone. */
#ifndef PINION_ENDPOINT_ENDPOINT_H
#define PINION_ENDPOINT_ENDPOINT_H

#include "endpoint/drain.h"
#include "endpoint/starting.h"
#include "endpoint/visitors.h"
#include "engine/hub.h"
#include "engine/mount.h"
#include "http/http.h"
#include "http/static.h"
#include "io/loop.h"
#include "process/heartbeat.h"
#include "proto/forwarded.h"
#include <stddef.h>

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

struct pinion_endpoint;
struct pinion_longpoll;
struct pinion_stream_listener;

/* One loop: a thread, an I/O loop, a scheduler, a shard. */
struct pinion_endpoint_loop {
    struct pinion_endpoint *endpoint;
    struct pinion_scheduler *scheduler;
    struct pinion_shard *shard;
    struct pinion_loop *_Atomic io;     /* NULL before its thread made it; read by wakes from any thread */
    struct pinion_listening *listening; /* what it accepts on: listeners.c */
    unsigned listening_count;
    struct pinion_http_server http;
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

enum pinion_endpoint_state {
    PINION_ENDPOINT_NEW,
    PINION_ENDPOINT_LISTENING,
    PINION_ENDPOINT_DRIVEN, /* by a test kit, for its whole life */
    PINION_ENDPOINT_RUNNING,
    PINION_ENDPOINT_STOPPED
};

struct pinion_endpoint {
    struct pinion_hub hub;           /* first: see pinion__hub_of */
    pinion_endpoint_options options; /* defaults filled in */
    char *host;                      /* NULL: all addresses */
    struct pinion_network *trusted;  /* proxies */
    size_t trusted_count;
    struct pinion_visitors visitors;
    struct pinion_http_limits http_limits; /* of all loops */
    const struct pinion_loop_ops *engine;
    struct pinion_mounted **mounted; /* each stays where it is: sockets point to theirs */
    size_t mounted_count;
    struct pinion_endpoint_loop *loops;
    unsigned loop_count;
    uint16_t port;
    struct pinion_longpoll *longpoll; /* NULL: no mount offers it */
    struct pinion_stream_listener *stream_listeners;
    enum pinion_endpoint_state state;
    struct pinion_starting starting;
    atomic_bool stop_requested; /* by a signal, or by stop() */
    bool notifies;              /* it is a main loop of the program, and says what becomes of it (notify.h) */
};

_Static_assert(offsetof(struct pinion_endpoint, hub) == 0, "pinion__hub_of relies on it");

/* endpoint.c: make the struct pinion_endpoint_loop at `context` take a turn, if it runs. Thread: any; also
 * from a signal handler. */
void pinion__endpoint_wake(void *context);

/* Who runs the one loop of an endpoint without listeners and threads: the test kit. */
struct pinion_endpoint_driver {
    void (*wake)(void *context);      /* something was posted. Thread: any */
    uint64_t (*clock)(void *context); /* milliseconds */
    void *context;
};

/* endpoint.c: make such an endpoint. The calling thread is its loop's until it frees it. PINION_ENOMEM,
 * PINION_EIO. */
int pinion__endpoint_new_driven(pinion_endpoint **out, const struct pinion_endpoint_driver *driver);

/* Its sockets have ended. What was posted runs. */
void pinion__endpoint_free_driven(pinion_endpoint *endpoint);

/* True of such an endpoint, which only its driver may end. A warning says that `call` had no effect. */
bool pinion__endpoint_is_driven(const struct pinion_endpoint *endpoint, const char *call);

/* mounted.c: free what is mounted. */
void pinion__unmount_all(struct pinion_endpoint *endpoint);

#endif
