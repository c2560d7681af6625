/* An endpoint: the struct behind the public pinion_endpoint. The engine knows only its hub. */
#ifndef PINION_ENDPOINT_ENDPOINT_H
#define PINION_ENDPOINT_ENDPOINT_H

#include "endpoint/drain.h"
#include "endpoint/instruments.h"
#include "endpoint/sibling.h"
#include "endpoint/starting.h"
#include "endpoint/visitors.h"
#include "engine/hub.h"
#include "engine/mount.h"
#include "http/http.h"
#include "http/routes.h"
#include "http/static.h"
#include "io/loop.h"
#include "process/heartbeat.h"
#include "proto/forwarded.h"
#include <stddef.h>

enum pinion_mounted_kind { PINION_MOUNTED_SOCKET, PINION_MOUNTED_STATIC };

/* What is mounted at one path. */
struct pinion_mounted {
    enum pinion_mounted_kind kind;
    union {
        struct pinion_mount socket;
        struct pinion_static files;
    };
};

struct pinion_endpoint;
struct pinion_longpoll;
struct pinion_metrics;
struct pinion_stream_listener;

/* One loop: a thread with an I/O loop, a scheduler and a shard. While it runs, other threads touch only `io`
 * and the counters of its shard. */
struct pinion_endpoint_loop {
    struct pinion_endpoint *endpoint;
    struct pinion_scheduler *scheduler;
    struct pinion_shard *shard;
    struct pinion_loop *_Atomic io;     /* NULL until its thread has made it; any thread reads it to wake */
    struct pinion_listening *listening; /* the sockets it accepts on: listeners.c */
    unsigned listening_count;
    struct pinion_http_server http;
    struct pinion_list streams; /* through pinion_stream.node */
    struct pinion_drain drain;
    struct pinion_heartbeat heartbeat;
    bool stopping; /* it drains */
    bool threaded; /* it has a thread of its own, which is to be joined */
    pthread_t thread;
    int status; /* what its run returned */
#ifdef PINION_CHECKS
    size_t unchecked; /* turns since the last check */
#endif
};

enum pinion_endpoint_state {
    PINION_ENDPOINT_NEW,
    PINION_ENDPOINT_LISTENING,
    PINION_ENDPOINT_DRIVEN, /* the test kit runs its loop, for its whole life */
    PINION_ENDPOINT_RUNNING,
    PINION_ENDPOINT_STOPPED
};

struct pinion_endpoint {
    struct pinion_hub hub;           /* must be first: pinion__hub_of */
    pinion_endpoint_options options; /* with the defaults */
    char *host;                      /* NULL: all addresses */
    struct pinion_network *trusted;  /* the trusted proxies */
    size_t trusted_count;
    struct pinion_visitors visitors;
    struct pinion_http_limits http_limits; /* for all loops */
    const struct pinion_loop_ops *engine;
    struct pinion_mounted **mounted; /* in the order of mounting; each stays where it is, for its sockets */
    size_t mounted_count;
    struct pinion_http_routes routes; /* those of pages too */
    struct pinion_endpoint_loop *loops;
    unsigned loop_count;
    uint16_t port;
    struct pinion_longpoll *longpoll; /* NULL: no mount has long polling */
    struct pinion_metrics *metrics;   /* NULL: there is no page */
    struct pinion_instruments instruments;
    struct pinion_stream_listener *stream_listeners;
    struct pinion_sibling sibling;
    enum pinion_endpoint_state state;
    struct pinion_starting starting;
    atomic_bool stop_requested; /* a signal or stop() asked it to stop */
    bool notifies;              /* pinion_endpoint_run runs it, so that it sends READY=1 and STOPPING=1 */
};

_Static_assert(offsetof(struct pinion_endpoint, hub) == 0, "pinion__hub_of relies on it");

/* ---- endpoint.c ---- */

/* Have the struct pinion_endpoint_loop at `context` take a turn, if it runs. Thread: any; also in a signal
 * handler. */
void pinion__endpoint_wake(void *context);

/* A driver runs the one loop of an endpoint that has no listeners and no threads. The test kit is one. */
struct pinion_endpoint_driver {
    void (*wake)(void *context);      /* something was posted. Thread: any */
    uint64_t (*clock)(void *context); /* the time, in milliseconds */
    void *context;
    const char *trusted_proxies; /* as the endpoint's option */
};

/* Make such an endpoint. The calling thread runs its loop, until it frees the endpoint. PINION_EINVAL, with a
 * sentence: of trusted_proxies; PINION_ENOMEM; PINION_EIO. */
int pinion__endpoint_new_driven(pinion_endpoint **out, const struct pinion_endpoint_driver *driver);

/* Free it. Its sockets have ended. What was posted runs first. */
void pinion__endpoint_free_driven(pinion_endpoint *endpoint);

/* Refuse a call that would end such an endpoint, which only its driver may do: log that `call` has no effect,
 * and return true. False for all other endpoints. */
bool pinion__endpoint_refuse_driven(const struct pinion_endpoint *endpoint, const char *call);

/* ---- mounted.c ---- */

/* Free what is mounted, and the routes. */
void pinion__unmount_all(struct pinion_endpoint *endpoint);

#endif
