/* The endpoint: listeners, loops and threads, and what is mounted on them.
 *
 * Make it with pinion_endpoint_new, mount sockets, pages and files, and call pinion_endpoint_run; or
 * pinion_endpoint_start, and later pinion_endpoint_stop. Nothing can be mounted once it has started. */
#ifndef PINION_ENDPOINT_H
#define PINION_ENDPOINT_H

#include <pinion/pubsub.h>
#include <pinion/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a callback has done, for `telemetry` of the endpoint's options. Texts are valid during the call. */
typedef struct pinion_telemetry {
    const char *callback;  /* "connect", "join", "handle_in" or "terminate" */
    const char *mount;     /* the path of the socket: "/socket" */
    const char *transport; /* "websocket", "longpoll", or that of the application */
    const char *topic;     /* of the channel; NULL for connect and raw sockets */
    const char *event;     /* of handle_in; NULL for the others and raw sockets */
    /* What it returned: the status of its reply ("ok", "error", or what handle_in chose), "noreply", "later",
     * "stop" or "crash". Of terminate it is the reason: "left", "closed", "crash" and the like. */
    const char *result;
    uint64_t duration_ns; /* how long it took; work that it began is not part of it */
} pinion_telemetry;

/* Takes what a callback has done. */
typedef void pinion_telemetry_fn(pinion_endpoint *endpoint, const pinion_telemetry *event, void *data);

/* How an endpoint is made. Zero means the default. Strings and lists are copied. */
typedef struct pinion_endpoint_options {
    /* ---- the application ---- */

    /* The application's own data, for callbacks (pinion_endpoint_context). A pointer that all loops share:
     * what it points to is const, or locked, or atomic. Borrowed; must outlive the endpoint. Default: NULL.
     */
    void *context;

    /* ---- where it listens ---- */

    const char *host; /* The address to listen on. Default: all of them, "::" for both families where the
                         machine has IPv6. */
    uint16_t port;    /* The port to listen on. Default: any free one (pinion_endpoint_port). */
    /* Called once by run and by start, on the thread that called them, when the endpoint listens and (in run)
     * signals are handled, before any loop runs: the time to say where it listens, or to begin a thread that
     * broadcasts. Such a thread must have ended before pinion_endpoint_free. Default: NULL, nobody is
     * told. */
    void (*ready)(pinion_endpoint *endpoint, void *data);
    void *ready_data; /* `data` of ready. Default: NULL. */

    /* ---- threads ---- */

    unsigned loops;        /* Event loops, with a thread each. A number up to 64. Default: one for each
                              processor that the process may use: its affinity and the quotas of its
                              cgroups count. On excess: pinion_endpoint_new answers PINION_EINVAL. */
    const char *io;        /* The I/O engine: "uring" or "uv". Default: "uring" where the kernel and the build
                              have it, else "uv". */
    unsigned work_threads; /* Threads for work off the loops, started when they are needed. A number.
                              Default: 4. On excess: work waits for a thread. */
    size_t max_work;       /* Work of pinion_endpoint_work that is not done. A number. Default: 1,000,000. On
                              excess: PINION_EBUSY. */
    size_t max_timers;     /* Timers of pinion_endpoint_send_after, on all loops together. A number. Default:
                              1,000,000. On excess: PINION_EBUSY. */
    size_t max_actors;     /* Actors of pinion_actor_open, on all loops together. A number. Default:
                              1,000,000. On excess: PINION_EBUSY. */
    size_t max_mailbox;    /* Broadcasts and messages that wait for a loop; as much again may be under way on
                              the loop. A single larger one has room when nothing else waits. Bytes of
                              memory, without that of pinion_ref_send_data's data.
                              Default: 64 MiB. On excess: PINION_EBUSY for who broadcasts or sends, counted
                              (`mailbox_full`), with a warning in the log. */

    /* ---- connections and requests ---- */

    size_t max_connections; /* Connections open at once, of any kind. A number. Default: no limit. On
                               excess: a new one is closed at once and counted (`refused`). */
    /* Connections that one address has open at once; an IPv6 address counts with all of its /64. Proxies in
     * trusted_proxies and Unix sockets do not count. A number. Default: no limit. On excess: a new one is
     * closed at once and counted (`refused`). Clients behind one router share its address: leave room for
     * them. */
    size_t max_connections_per_address;
    size_t max_head;           /* The longest head of a request. Bytes. Default: 16 KiB. On excess: 431, or
                                  414 when the request line alone is longer. */
    uint32_t max_headers;      /* Headers of one request. A number up to 64. Default: 64. On excess: 431. */
    uint32_t head_timeout_ms;  /* The time to finish the head of a request, from its first byte on; for the
                                  first request, from the start of the connection. Milliseconds. Default:
                                  10,000. On excess: the connection is closed. */
    uint32_t keep_alive_ms;    /* How long a connection stays open for its next request. It must be longer
                                  than a proxy or balancer keeps its connections, which else may send a
                                  request into one that is being closed. Milliseconds. Default: 75,000. On
                                  excess: the connection is closed. */
    uint32_t close_timeout_ms; /* The time to finish the closing handshake, once the client has all that
                                  was queued before. Milliseconds. Default: 5,000. On excess: the connection
                                  is closed. */
    /* Sessions of long polling, on all loops together. A number. Default: 100,000. On excess: one session
     * ends to make room for the new one, and is counted (`longpoll_evicted`).
     *
     * Sessions that were never polled go first: the oldest one of the address that has most of these. If all
     * were polled, the address that has most loses the session that was polled the longest ago. The address
     * is the client's, as trusted_proxies tell it; of an IPv6 address the /64 counts. Clients without an
     * address (Unix sockets) go last. A warning is logged, at most once a minute. It names an address that
     * has more than half of all sessions: it may be a proxy that should be trusted. */
    size_t max_longpoll_sessions;

    /* ---- proxies, secrets and the log ---- */

    /* Addresses and networks of the proxies that are trusted: "127.0.0.1, ::1, 10.0.0.0/8". Their
     * X-Forwarded-* headers count, and Forwarded when there is no X-Forwarded-For. A proxy in this list must
     * not pass on such headers of its own clients (docs/deployment.md). Default: no proxy is trusted. */
    const char *trusted_proxies;
    /* The secret that signs tokens (pinion/token.h). At least 64 bytes. Default: PINION_SECRET_KEY_BASE of
     * the environment. If there is neither, the application cannot make or read tokens (PINION_EINVAL), and
     * the library's own tokens use a random secret. */
    const char *secret_key_base;
    /* Words: a parameter whose name contains one of them does not reach the log. Default: password, passwd,
     * secret, token, api_key, authorization, session. */
    const char *const *filter_parameters;

    /* ---- other nodes (docs/clustering.md) ---- */

    /* How broadcasts reach other nodes, as a URL. Default: PINION_PUBSUB of the environment, else "local":
     * there are no other nodes. */
    const char *pubsub;
    /* An adapter, in place of a URL (pinion/pubsub.h). pinion_endpoint_new takes it, on failure too. Default:
     * NULL. */
    pinion_pubsub_adapter *pubsub_adapter;

    /* ---- health, and going down ---- */

    bool no_health; /* Leave out GET /healthz (200 while it runs) and GET /readyz (200; 503 once it goes
                       down). Something that is mounted at these paths comes first. Default: false. */

    /* When a signal or pinion_endpoint_stop ends the endpoint, /readyz says 503. After drain_delay_ms
     * accepting stops. Then sockets are closed (1012) in batches. */
    uint32_t drain_delay_ms;    /* How long it still accepts. Milliseconds. Default: 0. */
    uint32_t drain_batch;       /* Sockets that are closed at once. A number. Default: 10,000. */
    uint32_t drain_interval_ms; /* The time between two batches. Milliseconds. Default: 2,000. */
    uint32_t drain_timeout_ms;  /* The time for all batches, for answers that requests wait for, and for
                                   downloads and other answers that clients still read. Milliseconds. Default:
                                   30,000. On excess: what is left is closed at once. */

    /* ---- tracing ---- */

    /* Called on the loop after each connect, join, handle_in and terminate of the application, like a
     * callback: it must be quick. Answers that come later are not told. Default: NULL, nobody is told, and no
     * time is measured for it. */
    pinion_telemetry_fn *telemetry;
    void *telemetry_data; /* `data` of telemetry. Default: NULL. */
} pinion_endpoint_options;

/* Make an endpoint. Options are read during the call; NULL means all defaults.
 *
 * Ownership: *out is the caller's, until pinion_endpoint_free. An adapter in the options is the endpoint's,
 * on failure too.
 *
 * Thread: any.
 *
 * Errors: PINION_EINVAL: an option is not valid, and pinion_error_detail says which; PINION_ENOTSUP: this
 * build has no adapter for the URL of `pubsub`; PINION_EIO: the I/O engine that `io` names cannot work on
 * this machine, or the system gives no random bytes; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_endpoint_new_sized(pinion_endpoint **out,
                                                        const pinion_endpoint_options *options, size_t size);
static inline PINION_CHECKED int pinion_endpoint_new(pinion_endpoint **out,
                                                     const pinion_endpoint_options *options)
{
    return pinion_endpoint_new_sized(out, options, sizeof(pinion_endpoint_options));
}

/* Stop the endpoint, if it runs, and free it. NULL is allowed.
 *
 * Thread: the one that made it. */
PINION_API void pinion_endpoint_free(pinion_endpoint *endpoint);

/* The context of the endpoint's options, or NULL.
 *
 * Thread: any. */
PINION_API void *pinion_endpoint_context(const pinion_endpoint *endpoint);

/* ---- mounting ---- */

/* Mount a socket. Clients connect to path + "/websocket", and to path + "/longpoll" if that is switched on.
 * Extra slashes, between two segments or at the end, make no difference: "/a" and "/a/" cannot both be
 * mounted. A warning is logged for a route or a clause that is never reached, because one before it takes all
 * of its topics or events; for a socket without routes; and for a path that ends with "/websocket" or
 * "/longpoll" itself, where clients use these transports.
 *
 * Ownership: the definition is borrowed, and must outlive the endpoint; options are copied; NULL means
 * defaults.
 *
 * Thread: the one that made the endpoint, before it starts.
 *
 * Errors: PINION_EINVAL: the path is taken or cannot be requested, no transport leads to the socket, an
 * option is not valid, a route has '*' elsewhere than last, handle_out has a "*", or the endpoint has
 * started; PINION_ENOMEM: out of memory. */
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

typedef struct pinion_request pinion_request; /* A request over HTTP. */

/* Answers a request by pinion_response_send, on one of the loops. */
typedef void pinion_get_fn(const pinion_request *request, pinion_response *response, void *data);

/* Mount a small page: fn is called on a loop for each GET and each HEAD of this path. Extra slashes make no
 * difference, as with sockets.
 *
 * Thread: the one that made the endpoint, before it starts.
 *
 * Errors: PINION_EINVAL: the path is taken or cannot be requested, or the endpoint has started;
 * PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_endpoint_get(pinion_endpoint *endpoint, const char *path,
                                                  pinion_get_fn *fn, void *data);

/* The path and the query of a request, as they were sent (not decoded).
 *
 * Lifetime: the call's. */
PINION_API const char *pinion_request_path(const pinion_request *request);
PINION_API const char *pinion_request_query(const pinion_request *request);

/* The parameters of the query, as a socket's connect gets them: a JSON object. NULL when it is malformed.
 *
 * Lifetime: the call's. */
PINION_API const pinion_payload *pinion_request_params(const pinion_request *request);

/* Set the answer. If it is never set, it is 204; if it is set again, the last one counts. A status without
 * content (204, 205, 304: RFC 9110 section 6.4.1) leaves body and type out.
 *
 * Ownership: the body and the type are copied. */
PINION_API void pinion_response_send(pinion_response *response, int status, const char *content_type,
                                     const void *body, size_t length);

/* Serve the files in `directory` below the URL path `prefix`. A path with a slash at its end is the
 * index.html there. Nothing outside the directory is served: a symbolic link must be relative and lead to a
 * file inside, and kernels before 5.6 follow no links. Names that begin with a dot are not served, except
 * below `.well-known/` (RFC 8615). A relative directory is looked for next to the program's own file first,
 * then in the working directory.
 *
 * Browsers keep a file, and ask each time whether it has changed: it has an ETag and a Last-Modified, and the
 * conditions of RFC 9110 section 13 count (304, 412). A file that was changed within this second, or in the
 * future, has no Last-Modified yet. A client may ask for a part (Range, If-Range: 206, 416). Several ranges,
 * and those that are malformed, count for nothing: the answer is the whole (200). If NAME.br or NAME.gz lies
 * beside NAME and is not older, a client that takes such a coding gets that one (Accept-Encoding).
 *
 * Thread: the one that made the endpoint, before it starts.
 *
 * Errors: PINION_ENOENT: there is no such directory; PINION_EINVAL: files are served below this prefix
 * already, it cannot be requested, or the endpoint has started; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_endpoint_static(pinion_endpoint *endpoint, const char *prefix,
                                                     const char *directory);

/* ---- running ---- */

/* Open the listening sockets, without accepting yet. pinion_endpoint_run and pinion_endpoint_start do it if
 * it was not done before.
 *
 * A process may have been given sockets at its start, by systemd (sd_listen_fds(3)) or by pinion_supervise.
 * The endpoint takes those that fit, and then opens none itself. A socket fits if it has the endpoint's host
 * and port; a host of NULL and a port of 0 fit any, and unix-domain sockets always fit. Each socket is taken
 * once; the others are left for endpoints that listen later. As long as none has been taken, an endpoint that
 * none fits is refused; after that such an endpoint opens its own. If there are fewer sockets than loops,
 * loops share them; if there are more, a loop accepts from several. The first call in a process unsets
 * LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES.
 *
 * Thread: the one that made the endpoint.
 *
 * Errors: PINION_EADDRINUSE: another program has the port; PINION_EACCES: the port needs a permission;
 * PINION_EINVAL: this machine has no such address, sockets were passed that cannot be used, or it listens
 * already; PINION_EIO: the system refuses a socket; PINION_ENOMEM: out of memory. pinion_error_detail says
 * which address, and what to do. */
PINION_API PINION_CHECKED int pinion_endpoint_listen(pinion_endpoint *endpoint);

/* The port it listens on; 0 before listen, and with unix-domain sockets only.
 *
 * Thread: any, once it listens. */
PINION_API uint16_t pinion_endpoint_port(const pinion_endpoint *endpoint);

/* Run until SIGTERM or SIGINT, or pinion_endpoint_stop. The calling thread is one of the loops.
 *
 * A signal stops accepting, closes the sockets (1012, in batches: see the options) and runs every terminate.
 * Then this returns 0. A second signal ends the process at once. Signal handlers are installed during the
 * call. Up to 16 endpoints may run at once, each on a thread of its own. A signal stops all of them. When the
 * last one has returned, the earlier handlers are back, unless the program has set others meanwhile. The
 * service manager is told READY=1 and STOPPING=1 (pinion_notify): each endpoint sends the former, and the
 * last one to stop sends the latter. With the engine "uring" the kernel may interrupt one system call of this
 * thread (EINTR) shortly after the endpoint is freed.
 *
 * The endpoint starts as a whole or not at all. Before READY=1, and before the first connection is accepted,
 * all threads, loops and sockets are made, the pubsub adapter has started, and there are descriptors for at
 * least 16 connections (or max_connections, if that is less). If a step fails, its error is returned, and
 * pinion_error_detail names the limit that was hit. Then everything is undone, and the endpoint may be
 * started again, or freed. Only sockets that pinion_endpoint_listen opened before stay open; without memory
 * they may be closed too.
 *
 * Thread: the one that made the endpoint.
 *
 * Errors: those of pinion_endpoint_listen; PINION_EINVAL: it runs already, or has stopped; PINION_EBUSY: 16
 * endpoints run in this process; PINION_ECLOSED: the supervisor ended while this process waited for the name
 * of its node; PINION_EIO: the system refuses a thread, a loop or descriptors; PINION_ENOMEM: out of memory;
 * those of the pubsub adapter's start. If a loop fails later, the endpoint stops, and its error is returned.
 */
PINION_API PINION_CHECKED int pinion_endpoint_run(pinion_endpoint *endpoint);

/* Run on threads of its own. This returns once the endpoint has started, as a whole or not at all. No signal
 * handlers are installed; the endpoint causes no SIGPIPE.
 *
 * Thread: the one that made the endpoint.
 *
 * Errors: those of pinion_endpoint_run, except PINION_EBUSY. */
PINION_API PINION_CHECKED int pinion_endpoint_start(pinion_endpoint *endpoint);

/* Stop the endpoint. After pinion_endpoint_start this waits until it has stopped. If pinion_endpoint_run runs
 * it, this returns at once.
 *
 * Thread: after pinion_endpoint_start the one that started it, and not in a callback; else any. */
PINION_API void pinion_endpoint_stop(pinion_endpoint *endpoint);

/* Run fn(data) once, soon, on one of the loops (0 to pinion_endpoint_loops() - 1), like a callback. If the
 * endpoint does not run yet, fn runs when it does, or when it is freed. A call that returned 0 always runs
 * fn, even if the endpoint is stopped.
 *
 * Thread: any.
 *
 * Order: what one thread posts to one loop runs in that order.
 *
 * Errors: PINION_EINVAL: there is no such loop; PINION_ECLOSED: the loop has ended; PINION_ENOMEM: out of
 * memory. */
PINION_API PINION_CHECKED int pinion_endpoint_post(pinion_endpoint *endpoint, unsigned loop,
                                                   void (*fn)(void *data), void *data);

/* How many loops it has.
 *
 * Thread: any. */
PINION_API unsigned pinion_endpoint_loops(const pinion_endpoint *endpoint);

/* ---- work and timers of no channel ---- */

/* Runs on a loop when work is done, like a callback. */
typedef void pinion_endpoint_done_fn(pinion_endpoint *endpoint, void *data);

/* Do what would block a loop, and belongs to no channel, on another thread: work(data) there, and then
 * done(endpoint, data) on a loop, exactly once. A terminate that saves what its channel had begins such work.
 * done runs on the loop that called this; if another thread did, on the first loop. A done of NULL is not
 * called. Nothing waits for this work, and it is not in order with other work.
 *
 * An endpoint that stops finishes what has begun: pinion_endpoint_run returns when each work and its done
 * have run, however long that takes. If the endpoint does not run yet, the work begins at once, and done runs
 * when the endpoint does, or when it is freed.
 *
 * Ownership: data is the caller's, to be freed in done, or in work where there is no done; on failure neither
 * function is called.
 *
 * Thread: any.
 *
 * Errors: PINION_EBUSY: as much as max_work is not done yet; PINION_ECLOSED: the endpoint has stopped, or it
 * stops, has no channel any more, and this is not one of its callbacks;
 * PINION_ENOMEM: out of memory, or no thread can be started. */
PINION_API PINION_CHECKED int pinion_endpoint_work(pinion_endpoint *endpoint, pinion_work_fn *work,
                                                   pinion_endpoint_done_fn *done, void *data);

/* Runs on a loop when a timer is due (status 0), or when its loop ends before (PINION_ECLOSED), like a
 * callback. */
typedef void pinion_timer_fn(pinion_endpoint *endpoint, int status, void *data);

/* Run fn(endpoint, status, data) on one of the loops (0 to pinion_endpoint_loops() - 1) after delay_ms
 * milliseconds, exactly once, unless it is cancelled. The time begins when the loop hears of it: at once on
 * the loop itself, and once the endpoint runs. *timer, when given, is for pinion_endpoint_cancel_timer. A
 * timer that repeats sets the next one in its fn, where the status is 0.
 *
 * When the endpoint stops, timers go on until their loop has no client any more. Then fn runs with
 * PINION_ECLOSED: the time to free, and to begin a last work.
 *
 * Ownership: data is the caller's, to be freed in fn, or after a cancel that returned true; on failure fn is
 * not called.
 *
 * Thread: any.
 *
 * Errors: PINION_EINVAL: there is no such loop; PINION_EBUSY: there are as many timers as max_timers;
 * PINION_ECLOSED: the loop has ended; PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_endpoint_send_after(pinion_endpoint *endpoint, unsigned loop,
                                                         uint32_t delay_ms, pinion_timer_fn *fn, void *data,
                                                         uint64_t *timer);

/* Stop a timer. True: fn has not run and will not. False: it has run, runs now, or was cancelled.
 *
 * Thread: any. */
PINION_API bool pinion_endpoint_cancel_timer(pinion_endpoint *endpoint, uint64_t timer);

/* ---- broadcasting ---- */

/* Send an event to the subscribers of a topic, on this node, and with a pubsub adapter on all nodes. If
 * another node cannot be reached, this is no error, but is counted (pinion_stats). Before the endpoint runs
 * and after it has stopped nobody hears it, which is no error either. What is refused is logged at warning,
 * so the result need not be checked.
 *
 * Ownership: consumes payload; NULL means {}.
 *
 * Thread: any.
 *
 * Order: what one thread broadcasts on one topic arrives in that order; an event that a channel intercepts
 * may be overtaken (docs/guarantees.md).
 *
 * Errors: PINION_EPAYLOAD: the payload could not be built; PINION_ETOOBIG: the topic or the event has more
 * than 255 bytes; PINION_EUTF8: one of them is not UTF-8; PINION_EBUSY: the mailbox of a loop is full
 * (max_mailbox), and its subscribers miss this broadcast, while those of other loops and nodes get it;
 * PINION_ENOMEM: out of memory. A producer that is told PINION_EBUSY has to send less, or to wait; what it
 * sends again comes twice to those that had it. */
PINION_API int pinion_endpoint_broadcast(pinion_endpoint *endpoint, const char *topic, const char *event,
                                         pinion_payload *payload);

/* As pinion_endpoint_broadcast, to all but the channel of `from`. NULL: to all. */
PINION_API int pinion_endpoint_broadcast_from(pinion_endpoint *endpoint, const pinion_ref *from,
                                              const char *topic, const char *event, pinion_payload *payload);

/* As pinion_endpoint_broadcast, to the subscribers of this node only. */
PINION_API int pinion_endpoint_broadcast_local(pinion_endpoint *endpoint, const char *topic,
                                               const char *event, pinion_payload *payload);

/* ---- subscribing ---- */

typedef struct pinion_subscription pinion_subscription; /* A function's subscription to a topic. */

/* Takes a broadcast. Its arguments are valid during the call. */
typedef void pinion_subscription_fn(const char *topic, const char *event, const pinion_payload *payload,
                                    void *data);

/* Receive a topic's broadcasts outside a channel: fn runs on the endpoint's first loop, like a callback. If
 * another thread than this loop's calls this, the subscription begins a little later, once there is memory
 * for it.
 *
 * Ownership: *out is the caller's, until pinion_subscription_free, before or after the endpoint is freed.
 *
 * Thread: any.
 *
 * Errors: PINION_ETOOBIG: the topic has more than 255 bytes; PINION_EUTF8: it is not UTF-8; PINION_EBUSY: on
 * the first loop, the pubsub adapter's queue is full; PINION_ECLOSED: the endpoint has stopped;
 * PINION_ENOMEM: out of memory. */
PINION_API PINION_CHECKED int pinion_endpoint_subscribe(pinion_endpoint *endpoint, const char *topic,
                                                        pinion_subscription_fn *fn, void *data,
                                                        pinion_subscription **out);

/* How many subscribers a topic has on this node: the channels that have joined it, and what else gets its
 * broadcasts (pinion_subscribe, pinion_endpoint_subscribe, sockets that have it as their id). 0 for a topic
 * without any. While clients join and leave, on other threads than this one, it is a number of a moment ago.
 *
 * Thread: any. */
PINION_API size_t pinion_endpoint_subscribers(const pinion_endpoint *endpoint, const char *topic);

/* End a subscription. This cannot fail. fn may still be running on the loop, or run once more. NULL is
 * allowed.
 *
 * Lifetime: destroy(data), if given, runs once, after the last call of fn. It runs on the loop, or in this
 * call if the loop has ended.
 *
 * Thread: any. */
PINION_API void pinion_subscription_free(pinion_subscription *subscription, void (*destroy)(void *data));

/* ---- statistics ---- */

/* Counts of an endpoint. Those that only grow count since it was made. */
typedef struct pinion_stats {
    /* What there is now. */
    size_t connections; /* open connections, those of plain HTTP too */
    size_t sockets;     /* connected clients, raw sockets too */
    size_t channels;    /* channels that clients have joined, or are joining */
    size_t topics;      /* topics with a subscriber, counted for each loop */
    size_t actors;      /* actors that have been opened and have not ended */

    /* Broadcasts and what became of them. */
    uint64_t broadcasts;  /* broadcasts published here */
    uint64_t deliveries;  /* frames handed to subscribers */
    uint64_t unencodable; /* deliveries left out: binary, for a client that cannot take it */
    uint64_t skipped;     /* deliveries left out for clients that do not keep up (drop_broadcasts) */
    uint64_t dropped;     /* broadcasts lost: a full mailbox or inbox, or no memory */

    /* Clients that were refused something. */
    uint64_t refused;          /* connections closed at once: max_connections or
                                  max_connections_per_address were open */
    uint64_t rate_limited;     /* messages and joins refused: they came too fast */
    uint64_t held_back;        /* times a client's frames were held back: too much overhead */
    uint64_t slow_closed;      /* clients closed: they did not read */
    uint64_t longpoll_evicted; /* sessions of long polling ended to make room for others */

    uint64_t actor_busy; /* messages to actors that were refused: a mailbox was full */

    uint64_t refused_calls; /* calls of the application that were refused and had no effect; the log says
                               which. Those of refs are not counted */

    /* Messages between nodes: broadcasts, and what nodes tell each other. */
    bool remote_connected;    /* the pubsub adapter has its connection */
    uint64_t remote_sent;     /* handed to the adapter */
    uint64_t remote_received; /* came from other nodes */
    uint64_t remote_lost;     /* not sent, or dropped when they came: no room, or no connection */
    uint64_t remote_refused;  /* came a second time, or could not be read here */
    uint64_t remote_denied;   /* answers by which the broker does not allow a topic's subscription */

    uint64_t mailbox_full; /* broadcasts and messages that a loop's mailbox had no room for (max_mailbox),
                              once for each loop; of broadcasts, `dropped` counts them too */
} pinion_stats;

/* Take a snapshot of the counts.
 *
 * Thread: any. */
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
