/* The endpoint: listeners, loops and threads, and what is mounted on them.
 *
 * Life: new, mount (socket, get, static), then run; or listen / start, and stop. Mounting is over once
 * the endpoint has started.
 */
#ifndef PINION_ENDPOINT_H
#define PINION_ENDPOINT_H

#include <pinion/pubsub.h>
#include <pinion/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero means the default. Strings are copied. */
typedef struct pinion_endpoint_options {
    /* The application's own data, for callbacks: see pinion_endpoint_context. All loops share it, so what it
     * points to must be const, locked or atomic. It is borrowed and must outlive the endpoint. Default:
     * NULL. */
    void *context;
    const char *host;          /* address to listen on: all of them (dual-stack "::" where there is IPv6) */
    uint16_t port;             /* 0: any free one, see pinion_endpoint_port */
    unsigned loops;            /* event loops, a thread each: the number of cores; 64 at most */
    const char *io;            /* I/O engine: "uring" where the kernel and the build have it, else "uv" */
    unsigned work_threads;     /* threads for pinion_channel_work, started as needed: 4 */
    size_t max_mailbox;        /* bytes of broadcasts waiting for a loop: 64 MiB; more are dropped, counted */
    uint32_t head_timeout_ms;  /* to finish a request head, from its first byte; for the first one from the
                                * connection's begin: 10,000 */
    uint32_t close_timeout_ms; /* to finish the closing handshake, once the client has all before it: 5,000 */
    /* Called once by run and start, when the endpoint listens and (in run) signals are handled: the time to
     * say where it listens. May be NULL. */
    void (*ready)(pinion_endpoint *endpoint, void *data);
    void *ready_data;
    size_t max_head; /* The longest request head. Bytes. Default: 16 KiB. On excess: 431, or 414 when the
                        request line alone is longer. */

    /* Going down, on a signal or pinion_endpoint_stop: /readyz says 503, after drain_delay_ms (0) accepting
     * stops and sockets are closed (1012), drain_batch (10,000) at once and then again every
     * drain_interval_ms (2,000), what is left after drain_timeout_ms (30,000) in one go. Downloads and other
     * answers that clients go on reading have that time, too. */
    uint32_t drain_delay_ms;
    uint32_t drain_batch;
    uint32_t drain_interval_ms;
    uint32_t drain_timeout_ms;

    bool no_health; /* do not answer GET /healthz (200 while it runs) and /readyz (200; 503 once it goes down)
                     * where nothing of that path is mounted */

    uint32_t max_headers;   /* of one request: 64, which is the most; more is answered 431 */
    size_t max_connections; /* at once, of any kind; more are closed at once, counted: no limit */
    /* Clients by long polling: 100,000, on all loops together. For one more another one's session ends: of
     * those that were never polled the oldest one of the address that has most of them; when all were polled,
     * that one of the address that has most which was polled the longest ago. An address is the client's as
     * trusted_proxies say it, of IPv6 its /64; clients without one (Unix sockets) come last. A warning says
     * so, once a minute at most, and names an address that has over half of all: it may be a proxy to be
     * trusted. */
    size_t max_longpoll_sessions;
    const char *const *filter_parameters; /* words; a parameter whose name has one of them in it does not
                                           * reach the log: password, passwd, secret, token, api_key,
                                           * authorization, session */
    const char *trusted_proxies; /* "127.0.0.1, ::1, 10.0.0.0/8": whose X-Forwarded-* headers are believed (or
                                  * Forwarded, where there is no X-Forwarded-For): nobody's. They must not
                                  * pass on what their clients say there (docs/deployment.md) */
    /* What signs tokens (pinion/token.h), at least 64 bytes: PINION_SECRET_KEY_BASE in the environment. Where
     * neither is set, only the tokens the library needs itself work, with a random secret. */
    const char *secret_key_base;

    /* How broadcasts reach other nodes (docs/clustering.md): PINION_PUBSUB in the environment, else "local",
     * which is not at all. */
    const char *pubsub;
    pinion_pubsub_adapter *pubsub_adapter; /* instead of a URL: one made elsewhere (pinion/pubsub.h). It is
                                            * the endpoint's from pinion_endpoint_new on, on failure too */

    /* How long a connection stays open for its next request, once the client has its answer: 75,000. Longer
     * than a proxy or balancer keeps its own, who else sends a request into one that is being closed. */
    uint32_t keep_alive_ms;
} pinion_endpoint_options;

/* Create an endpoint. Options are read for the call; NULL is all defaults.
 * PINION_EINVAL: an option is not valid (pinion_error_detail says which); PINION_EIO: the I/O engine that it
 * names cannot work on this machine (and why); PINION_ENOMEM. */
PINION_API PINION_CHECKED int pinion_endpoint_new_sized(pinion_endpoint **out,
                                                        const pinion_endpoint_options *options, size_t size);
static inline PINION_CHECKED int pinion_endpoint_new(pinion_endpoint **out,
                                                     const pinion_endpoint_options *options)
{
    return pinion_endpoint_new_sized(out, options, sizeof(pinion_endpoint_options));
}

/* Stop, if it runs, and free. NULL is allowed. Thread: the one that made it. */
PINION_API void pinion_endpoint_free(pinion_endpoint *endpoint);

/* Mount a socket: clients connect to path + "/websocket", and to path + "/longpoll" when that is switched on.
 * The definition is borrowed, options are copied (NULL: defaults). PINION_EINVAL: what no client could reach
 * (a path that is taken already or that no request has, neither of the two transports), a route with '*'
 * elsewhere than last, a "*" in handle_out, or the endpoint has started. A route or a clause that is never
 * reached, as one before it takes all of its topics or events, is warned of in the log. */
PINION_API PINION_CHECKED int pinion_endpoint_socket_sized(pinion_endpoint *endpoint, const char *path,
                                                           const pinion_socket_def *socket,
                                                           const pinion_socket_options *options,
                                                           const pinion_mount_sizes *sizes);
static inline PINION_CHECKED int pinion_endpoint_socket(pinion_endpoint *endpoint, const char *path,
                                                        const pinion_socket_def *socket,
                                                        const pinion_socket_options *options)
{
    const pinion_mount_sizes sizes = pinion_mount_sizes_of(sizeof(pinion_socket_def));
    return pinion_endpoint_socket_sized(endpoint, path, socket, options, &sizes);
}

/* The context of the endpoint's options, or NULL. Thread: any. */
PINION_API void *pinion_endpoint_context(const pinion_endpoint *endpoint);

/* A small page: fn is called on a loop for each GET (and HEAD) of this path. Here and in a socket's path a
 * slash too many, between segments or at the end, makes no difference, so "/a" and "/a/" cannot both be
 * mounted. Errors as of pinion_endpoint_socket. */
typedef struct pinion_request pinion_request;
typedef void pinion_get_fn(const pinion_request *request, pinion_response *response, void *data);
PINION_API PINION_CHECKED int pinion_endpoint_get(pinion_endpoint *endpoint, const char *path,
                                                  pinion_get_fn *fn, void *data);

/* The path and the query as sent (not decoded). Lifetime: the call's. */
PINION_API const char *pinion_request_path(const pinion_request *request);
PINION_API const char *pinion_request_query(const pinion_request *request);

/* The query's parameters, as a socket's connect gets them: a JSON object. NULL: it is malformed. Lifetime:
 * the call's. */
PINION_API const pinion_payload *pinion_request_params(const pinion_request *request);

/* Say the answer; the body is copied. Without it the answer is 204. The last call counts. A status that has
 * no content (204, 205, 304: RFC 9110 section 6.4.1) leaves body and type out. */
PINION_API void pinion_response_send(pinion_response *response, int status, const char *content_type,
                                     const void *body, size_t length);

/* Serve the files under `directory` below the URL path `prefix`: index.html for a directory, never anything
 * outside. A symbolic link is followed when it is relative and ends inside; on kernels before 5.6 none is. No
 * name that begins with a dot is served, except what is below `.well-known/` (RFC 8615). Each has an ETag, by
 * which a browser that has it already is told so (304). A relative directory is sought beside the program's
 * own file first, then in the working directory. PINION_ENOENT: there is no such directory; PINION_EINVAL:
 * files are served below this prefix already, or no request has it. */
PINION_API PINION_CHECKED int pinion_endpoint_static(pinion_endpoint *endpoint, const char *prefix,
                                                     const char *directory);

/* Open the listening sockets, without accepting yet. Called by start and run when it was not called before.
 *
 * Sockets that this process was given when it was started, by systemd (sd_listen_fds(3)) or by
 * pinion_supervise, come before any of its own: the endpoint takes those of its host and port, where NULL and
 * 0 fit any, and unix-domain ones, which always fit. Each is taken once, and those left over are for
 * endpoints that listen later. Loops share sockets when there are fewer, and accept from several when there
 * are more. When none has been taken yet, an endpoint that none fits is refused; after that it opens its own.
 * The first call in a process unsets LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES.
 *
 * PINION_EADDRINUSE, PINION_EACCES, PINION_EINVAL (no such address, or sockets were passed that cannot be
 * used), PINION_EIO; pinion_error_detail says which address, and what to do. */
PINION_API PINION_CHECKED int pinion_endpoint_listen(pinion_endpoint *endpoint);

/* The port it listens on; 0 before listen, and with unix-domain sockets only. */
PINION_API uint16_t pinion_endpoint_port(const pinion_endpoint *endpoint);

/* Run until SIGTERM or SIGINT, or pinion_endpoint_stop. The calling thread is one of the loops. A signal
 * stops accepting, closes the sockets (1012, in batches, see the options), runs every terminate, and returns
 * 0; a second one leaves the process at once. Handlers are installed for the time of the call. Several
 * endpoints may run at once, on a thread each, 16 at most: a signal stops all of them, and when the last has
 * returned the handlers of before the first are back, unless the program has set others meanwhile. Says
 * READY=1 and STOPPING=1 to whoever watches over the process (pinion_notify); of several endpoints each says
 * the one, and the last to stop the other. With the engine "uring" the kernel may, shortly after the endpoint
 * is freed, once interrupt a system call of this thread (EINTR).
 *
 * It starts as a whole or not at all, as pinion_endpoint_start does: before READY=1, and before the first
 * connection is accepted, all threads, loops and sockets are made, and the pubsub adapter has started; there
 * must be descriptors for 16 connections (or max_connections) at least. What fails is an error, which
 * pinion_error_detail explains, with the limit that was hit. Nothing is left of the attempt then, but that
 * sockets opened by pinion_endpoint_listen before it stay open (not always where memory was lacking); the
 * endpoint may be started again, or freed.
 *
 * Errors: those of pinion_endpoint_listen; PINION_EINVAL it runs already, or has stopped; PINION_EIO,
 * PINION_ENOMEM; PINION_EBUSY too many run; those of the pubsub adapter. A loop that fails later stops the
 * endpoint, and run returns why. */
PINION_API PINION_CHECKED int pinion_endpoint_run(pinion_endpoint *endpoint);

/* Run on threads of its own, and return at once. No signal handlers are installed; SIGPIPE does not arise.
 * Errors: as of run. */
PINION_API PINION_CHECKED int pinion_endpoint_start(pinion_endpoint *endpoint);

/* End run, or what start began. Of the latter it waits for the end; for run it returns at once, and may be
 * called from any thread. Not from a callback after start. */
PINION_API void pinion_endpoint_stop(pinion_endpoint *endpoint);

/* Run fn(data) on one of the loops, 0 to pinion_endpoint_loops() - 1, like a callback: once, soon (of an
 * endpoint that does not run yet, when it does, or as it is freed), in the order in which one thread posts.
 * What was accepted runs, whenever the endpoint is stopped. Thread: any.
 * PINION_EINVAL: no such loop; PINION_ECLOSED: it has ended; PINION_ENOMEM. */
PINION_API PINION_CHECKED int pinion_endpoint_post(pinion_endpoint *endpoint, unsigned loop,
                                                   void (*fn)(void *data), void *data);

/* How many loops it has. Thread: any. */
PINION_API unsigned pinion_endpoint_loops(const pinion_endpoint *endpoint);

/* Broadcast from anywhere: to the subscribers of this node, and of the others where there is a pubsub
 * adapter. Whether other nodes could be reached is not told here, but counted (pinion_stats). Consumes
 * payload. Thread: any. Errors: PINION_EPAYLOAD; PINION_ETOOBIG topic or event over 255 bytes; PINION_EUTF8
 * one that is not UTF-8; PINION_ENOMEM. */
PINION_API int pinion_endpoint_broadcast(pinion_endpoint *endpoint, const char *topic, const char *event,
                                         pinion_payload *payload);

/* To all but the channel of `from`. */
PINION_API int pinion_endpoint_broadcast_from(pinion_endpoint *endpoint, const pinion_ref *from,
                                              const char *topic, const char *event, pinion_payload *payload);

/* To the subscribers of this node only. */
PINION_API int pinion_endpoint_broadcast_local(pinion_endpoint *endpoint, const char *topic,
                                               const char *event, pinion_payload *payload);

/* Receive a topic's broadcasts in code that is no channel. fn runs on the endpoint's first loop, like a
 * callback. PINION_ETOOBIG, PINION_EUTF8 the topic; PINION_ENOMEM. Thread: any; from another than that loop's
 * it begins a little later, once there is memory for it. *out is the caller's, to be given to
 * pinion_subscription_free, before or after the endpoint is freed. */
typedef struct pinion_subscription pinion_subscription;
typedef void pinion_subscription_fn(const char *topic, const char *event, const pinion_payload *payload,
                                    void *data);
PINION_API PINION_CHECKED int pinion_endpoint_subscribe(pinion_endpoint *endpoint, const char *topic,
                                                        pinion_subscription_fn *fn, void *data,
                                                        pinion_subscription **out);

/* End it. It cannot fail. fn may still be running, or about to run once, on the loop; destroy(data), when
 * given, runs once, after the last call of fn: on the loop, or right here when the loop has ended. Thread:
 * any. */
PINION_API void pinion_subscription_free(pinion_subscription *subscription, void (*destroy)(void *data));

/* A snapshot of counts. Thread: any. */
typedef struct pinion_stats {
    size_t connections;    /* open connections, HTTP ones too */
    size_t sockets;        /* connected clients, raw sockets too */
    size_t channels;       /* channels that clients have joined, or are joining */
    size_t topics;         /* topics with a subscriber, counted per loop */
    uint64_t broadcasts;   /* broadcasts published here */
    uint64_t deliveries;   /* frames handed to subscribers */
    uint64_t dropped;      /* broadcasts lost to a full mailbox or inbox, or for want of memory */
    uint64_t unencodable;  /* deliveries skipped: binary for a client that cannot take it */
    uint64_t slow_closed;  /* clients closed for not reading */
    uint64_t skipped;      /* deliveries that clients who do not keep up did without (drop_broadcasts) */
    uint64_t rate_limited; /* messages and joins refused for coming too fast */
    uint64_t refused;      /* connections closed at once: there were as many as may be */
    uint64_t held_back;    /* times a client's frames were held back, for it sent too much overhead */
    /* Between nodes, in messages: broadcasts, and what nodes have to tell each other. */
    bool remote_connected;     /* the pubsub adapter has its connection */
    uint64_t remote_sent;      /* handed to the adapter */
    uint64_t remote_received;  /* that came from other nodes */
    uint64_t remote_lost;      /* not sent, or dropped when they came: no room, no connection */
    uint64_t remote_refused;   /* that had come before, or cannot be read here */
    uint64_t longpoll_evicted; /* sessions of long polling ended to make room for others */
    uint64_t remote_denied;    /* subscriptions to topics that the broker does not allow */
    uint64_t refused_calls; /* calls of the application that were refused, and what they were to send or begin
                             * was not; the log says which. Not those of refs */
} pinion_stats;
PINION_API void pinion_endpoint_stats_sized(const pinion_endpoint *endpoint, pinion_stats *stats,
                                            size_t size);
static inline void pinion_endpoint_stats(const pinion_endpoint *endpoint, pinion_stats *stats)
{
    pinion_endpoint_stats_sized(endpoint, stats, sizeof(pinion_stats));
}

#ifdef __cplusplus
}
#endif
#endif
