/* Listeners, threads, and the life of an endpoint: new, mount, run, stop, free. */
#include "base/log.h"
#include "base/strings.h"
#include "endpoint/inherit.h"
#include "endpoint/listen.h"
#include "endpoint/listeners.h"
#include "endpoint/notify.h"
#include "endpoint/server.h"
#include "endpoint/signals.h"
#include "engine/subscription.h"
#include "transport/longpoll.h"
#include <pinion/transport.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_WORK_THREADS     4
#define DEFAULT_MAX_MAILBOX      (64u << 20)
#define DEFAULT_HEAD_TIMEOUT_MS  10000
#define DEFAULT_CLOSE_TIMEOUT_MS 5000
#define DEFAULT_MAX_HEAD         (16u << 10)
#define DEFAULT_MAX_LONGPOLL     100000
#define DEFAULT_DRAIN_BATCH      10000
#define DEFAULT_DRAIN_INTERVAL   2000
#define DEFAULT_DRAIN_TIMEOUT    30000

/* ---- new ---- */

static void wake_loop(void *context)
{
    struct pinion_server_loop *loop = context;
    struct pinion_loop *io = atomic_load(&loop->io);
    if (io)
        pinion__loop_wake(io);
}

unsigned pinion__default_loops(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > PINION_LOOPS_MAX ? PINION_LOOPS_MAX : (unsigned)cores;
}

static void fill_defaults(pinion_endpoint_options *options)
{
    if (options->loops == 0)
        options->loops = pinion__default_loops();
    if (options->work_threads == 0)
        options->work_threads = DEFAULT_WORK_THREADS;
    if (options->max_mailbox == 0)
        options->max_mailbox = DEFAULT_MAX_MAILBOX;
    if (options->head_timeout_ms == 0)
        options->head_timeout_ms = DEFAULT_HEAD_TIMEOUT_MS;
    if (options->close_timeout_ms == 0)
        options->close_timeout_ms = DEFAULT_CLOSE_TIMEOUT_MS;
    if (options->max_head == 0)
        options->max_head = DEFAULT_MAX_HEAD;
    if (options->max_longpoll_sessions == 0)
        options->max_longpoll_sessions = DEFAULT_MAX_LONGPOLL;
    if (options->drain_batch == 0)
        options->drain_batch = DEFAULT_DRAIN_BATCH;
    if (options->drain_interval_ms == 0)
        options->drain_interval_ms = DEFAULT_DRAIN_INTERVAL;
    if (options->drain_timeout_ms == 0)
        options->drain_timeout_ms = DEFAULT_DRAIN_TIMEOUT;
    if (options->max_headers == 0)
        options->max_headers = PINION_HTTP_HEADERS_MAX;
    if (options->max_connections == 0)
        options->max_connections = SIZE_MAX;
}

static int add_loop(struct pinion_server *server)
{
    struct pinion_server_loop *loop = &server->loops[server->loop_count];
    loop->server = server;
    atomic_init(&loop->io, NULL);
    pinion__list_init(&loop->http);
    int rc =
        pinion__scheduler_new(&loop->scheduler, server->options.max_mailbox, wake_loop, loop, NULL, NULL);
    if (rc)
        return rc;
    rc = pinion__hub_add_shard(&server->base, loop->scheduler);
    if (rc) {
        pinion__scheduler_unref(loop->scheduler);
        return rc;
    }
    loop->shard = server->base.shards[server->loop_count++];
    return 0;
}

static int check_options(struct pinion_server *server)
{
    if (server->options.loops > PINION_LOOPS_MAX)
        return pinion__fail(PINION_EINVAL, "loops: %u is too many, %d is the most", server->options.loops,
                            PINION_LOOPS_MAX);
    if (server->options.max_headers > PINION_HTTP_HEADERS_MAX)
        return pinion__fail(PINION_EINVAL, "max_headers: %u is too many, %d is the most",
                            server->options.max_headers, PINION_HTTP_HEADERS_MAX);
    server->engine = pinion__loop_engine(server->options.io);
    if (!server->engine)
        return pinion__fail(PINION_EINVAL, "io: there is no engine \"%s\" in this build", server->options.io);
    const char *refusal = pinion__loop_engine_refusal(server->engine);
    if (refusal)
        return pinion__fail(PINION_EIO, "io: the engine \"%s\" cannot work: %s", server->options.io, refusal);
    return 0;
}

/* "127.0.0.1, 10.0.0.0/8": at least two characters each. */
static int read_trusted(struct pinion_server *server, const char *text)
{
    server->trusted = calloc(strlen(text) / 2 + 1, sizeof *server->trusted);
    if (!server->trusted)
        return PINION_ENOMEM;
    while (*text) {
        size_t space = strspn(text, " ,"), len = strcspn(text + space, " ,");
        struct pinion_slice element = pinion__slice(text + space, len);
        if (len > 0 && !pinion__network_read(element, &server->trusted[server->trusted_count++]))
            return pinion__fail(PINION_EINVAL, "trusted_proxies: \"%.*s\" is no address and no network",
                                (int)len, element.ptr);
        text += space + len;
    }
    return 0;
}

static int server_init(struct pinion_server *server, const pinion_endpoint_options *options)
{
    if (options)
        server->options = *options;
    fill_defaults(&server->options);
    server->base.close_timeout_ms = server->options.close_timeout_ms;
    int rc = check_options(server);
    if (!rc && server->options.host && !(server->host = strdup(server->options.host)))
        rc = PINION_ENOMEM;
    if (!rc && server->options.trusted_proxies)
        rc = read_trusted(server, server->options.trusted_proxies);
    if (!rc)
        rc = pinion__secret_configure(&server->base.secret, server->options.secret_key_base);
    if (!rc)
        rc = pinion__strings_copy(server->options.filter_parameters, &server->base.filter);
    server->options.filter_parameters = NULL; /* these are the caller's */
    server->options.trusted_proxies = NULL;
    server->options.host = NULL;
    server->options.io = NULL;
    server->options.secret_key_base = NULL;
    if (!rc && !(server->loops = calloc(server->options.loops, sizeof *server->loops)))
        rc = PINION_ENOMEM;
    for (unsigned i = 0; !rc && i < server->options.loops; i++)
        rc = add_loop(server);
    return rc;
}

int pinion_endpoint_new(pinion_endpoint **out, const pinion_endpoint_options *options)
{
    struct pinion_server *server = calloc(1, sizeof *server);
    if (!server)
        return PINION_ENOMEM;
    atomic_init(&server->stop_requested, false);
    int rc = pinion__hub_init(&server->base, options && options->work_threads ? options->work_threads
                                                                              : DEFAULT_WORK_THREADS);
    if (rc) {
        free(server);
        return rc;
    }
    rc = server_init(server, options);
    if (rc)
        pinion_endpoint_free(&server->base);
    else
        *out = &server->base;
    return rc;
}

/* ---- mount ---- */

static int check_path(struct pinion_server *server, const char *path)
{
    if (server->state >= PINION_SERVER_RUNNING)
        return pinion__fail(PINION_EINVAL, "cannot mount \"%s\": the endpoint has started", path);
    if (path[0] != '/')
        return pinion__fail(PINION_EINVAL, "cannot mount \"%s\": a path begins with '/'", path);
    for (size_t i = 0; i < server->mounted_count; i++) {
        const struct pinion_mounted *other = &server->mounted[i];
        const char *taken = other->kind == PINION_MOUNT_SOCKET ? other->socket.path
                            : other->kind == PINION_MOUNT_PAGE ? other->page.path
                                                               : NULL;
        if (taken && strcmp(taken, path) == 0)
            return pinion__fail(PINION_EINVAL, "cannot mount \"%s\" twice", path);
    }
    return 0;
}

/* Room for one more, zeroed, which counts once the caller says so. */
static struct pinion_mounted *mounted_slot(struct pinion_server *server)
{
    struct pinion_mounted *array =
        realloc(server->mounted, (server->mounted_count + 1) * sizeof *server->mounted);
    if (!array)
        return NULL;
    server->mounted = array;
    memset(&array[server->mounted_count], 0, sizeof *array);
    return &array[server->mounted_count];
}

/* A slot for a socket, to be filled in. */
static int socket_slot(struct pinion_server *server, const char *path, struct pinion_mounted **out)
{
    int rc = check_path(server, path);
    struct pinion_mounted *slot = rc ? NULL : mounted_slot(server);
    if (!slot)
        return rc ? rc : PINION_ENOMEM;
    slot->kind = PINION_MOUNT_SOCKET;
    *out = slot;
    return 0;
}

/* The slot is filled in: it counts. */
static int keep_socket(struct pinion_server *server, const struct pinion_mounted *slot)
{
    server->mounted_count++;
    if (!slot->socket.options.longpoll || server->longpoll)
        return 0;
    return pinion__longpoll_new(&server->longpoll, &server->base, server->options.max_longpoll_sessions);
}

int pinion_endpoint_socket(pinion_endpoint *endpoint, const char *path, const pinion_socket_def *socket,
                           const pinion_socket_options *options)
{
    struct pinion_server *server = pinion__server(endpoint);
    struct pinion_mounted *slot = NULL;
    int rc = socket_slot(server, path, &slot);
    if (!rc)
        rc = pinion__mount_init(&slot->socket, path, socket, options);
    return rc ? rc : keep_socket(server, slot);
}

int pinion_endpoint_raw_socket(pinion_endpoint *endpoint, const char *path,
                               const pinion_raw_socket_def *socket, const pinion_socket_options *options)
{
    struct pinion_server *server = pinion__server(endpoint);
    struct pinion_mounted *slot = NULL;
    int rc = socket_slot(server, path, &slot);
    if (!rc)
        rc = pinion__mount_init_raw(&slot->socket, path, socket, options);
    return rc ? rc : keep_socket(server, slot);
}

int pinion_endpoint_get(pinion_endpoint *endpoint, const char *path, pinion_get_fn *fn, void *data)
{
    struct pinion_server *server = pinion__server(endpoint);
    int rc = check_path(server, path);
    struct pinion_mounted *slot = rc ? NULL : mounted_slot(server);
    if (!slot)
        return rc ? rc : PINION_ENOMEM;
    slot->kind = PINION_MOUNT_PAGE;
    slot->page.fn = fn;
    slot->page.data = data;
    slot->page.path = strdup(path);
    if (!slot->page.path)
        return PINION_ENOMEM;
    server->mounted_count++;
    return 0;
}

int pinion_endpoint_static(pinion_endpoint *endpoint, const char *prefix, const char *directory)
{
    struct pinion_server *server = pinion__server(endpoint);
    int rc = check_path(server, prefix);
    struct pinion_mounted *slot = rc ? NULL : mounted_slot(server);
    if (!slot)
        return rc ? rc : PINION_ENOMEM;
    slot->kind = PINION_MOUNT_STATIC;
    rc = pinion__static_init(&slot->files, prefix, directory);
    if (!rc)
        server->mounted_count++;
    return rc;
}

static void unmount(struct pinion_mounted *mounted)
{
    switch (mounted->kind) {
    case PINION_MOUNT_SOCKET:
        pinion__mount_release(&mounted->socket);
        break;
    case PINION_MOUNT_PAGE:
        free(mounted->page.path);
        break;
    case PINION_MOUNT_STATIC:
        pinion__static_release(&mounted->files);
        break;
    }
}

/* ---- one loop's life ---- */

static size_t count(const atomic_size_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Those of the other loops are as they were at the end of their turns. */
static bool has_room(const struct pinion_server_loop *loop)
{
    const struct pinion_server *server = loop->server;
    size_t open = pinion__loop_connections(atomic_load_explicit(&loop->io, memory_order_relaxed));
    if (server->options.max_connections == SIZE_MAX)
        return true;
    for (unsigned i = 0; i < server->loop_count; i++) {
        if (&server->loops[i] != loop)
            open += count(&server->loops[i].shard->counters.connections);
    }
    return open <= server->options.max_connections;
}

/* A connection that nobody attaches to is closed. */
static void on_accepted(void *context, struct pinion_conn *conn)
{
    struct pinion_server_loop *loop = context;
    if (has_room(loop)) {
        pinion__http_accept(loop, conn);
        return;
    }
    if (atomic_load_explicit(&loop->shard->counters.refused, memory_order_relaxed) == 0)
        pinion__log(PINION_LOG_WARNING, "connections are refused: there are %zu, as many as may be",
                    loop->server->options.max_connections);
    PINION_COUNT(loop->shard, refused, 1);
}

static uint64_t on_turn(void *context)
{
    struct pinion_server_loop *loop = context;
    struct pinion_loop *io = atomic_load_explicit(&loop->io, memory_order_relaxed);
    if (atomic_load(&loop->server->stop_requested) && !loop->stopping)
        pinion__drain_begin(loop);
    uint64_t wait = pinion__scheduler_turn(loop->scheduler);
    atomic_store_explicit(&loop->shard->counters.connections, pinion__loop_connections(io),
                          memory_order_relaxed);
    if (pinion__drain_over(loop))
        pinion__loop_stop(io);
    return wait;
}

static const struct pinion_loop_events loop_events = { .accepted = on_accepted, .turn = on_turn };

/* The I/O loop itself stays until the endpoint is freed: another thread may be about to wake it. */
static void end_loop(struct pinion_server_loop *loop)
{
    pinion__subscription_end_all(loop->shard);
    pinion__scheduler_close(loop->scheduler);
    pinion__subscription_end_all(loop->shard);
    pinion__drain_cancel(loop);
    pinion__heartbeat_stop(&loop->heartbeat);
    atomic_store_explicit(&loop->shard->counters.connections, 0, memory_order_relaxed);
}

static int run_loop(struct pinion_server_loop *loop)
{
    struct pinion_loop *io = NULL;
    const struct pinion_loop_options options = { .events = &loop_events, .context = loop };
    pinion__shard_bind(loop->shard);
    pinion__drain_init(&loop->drain);
    int rc = pinion__loop_new(&io, loop->server->engine, &options);
    if (!rc) {
        atomic_store(&loop->io, io);
        pinion__heartbeat_start(&loop->heartbeat, loop->scheduler, pinion__notify_watchdog_us());
        rc = pinion__listeners_open(loop, io);
    }
    if (!rc)
        rc = pinion__loop_run(io);
    if (rc)
        pinion__log(PINION_LOG_ERROR, "a loop failed: %s", pinion_strerror(rc));
    end_loop(loop);
    pinion__shard_bind(NULL);
    return rc;
}

static void *loop_thread(void *data)
{
    struct pinion_server_loop *loop = data;
    loop->status = run_loop(loop);
    return NULL;
}

/* ---- run, start, stop ---- */

/* Sockets that were passed to the process come before any of our own. */
static int open_sockets(struct pinion_server *server, int *fds, unsigned *count)
{
    int rc = pinion__inherit_take(server->host, server->options.port, fds, count);
    if (rc)
        return rc;
    if (*count) {
        pinion__log(PINION_LOG_INFO, "listening sockets that were passed to this process: %u", *count);
        server->port = pinion__listen_port(fds, *count);
        return 0;
    }
    *count = server->loop_count;
    return pinion__listen(server->host, server->options.port, fds, *count, &server->port);
}

int pinion_endpoint_listen(pinion_endpoint *endpoint)
{
    struct pinion_server *server = pinion__server(endpoint);
    int fds[PINION_INHERITED_MAX];
    unsigned count = 0;
    if (server->state != PINION_SERVER_NEW)
        return pinion__fail(PINION_EINVAL, "the endpoint listens already, or has stopped");
    int rc = open_sockets(server, fds, &count);
    if (!rc)
        rc = pinion__listeners_spread(server, fds, count);
    if (!rc)
        server->state = PINION_SERVER_LISTENING;
    return rc;
}

uint16_t pinion_endpoint_port(const pinion_endpoint *endpoint)
{
    return pinion__server((pinion_endpoint *)endpoint)->port;
}

static int prepare(struct pinion_server *server)
{
    if (server->state == PINION_SERVER_NEW) {
        int rc = pinion_endpoint_listen(&server->base);
        if (rc)
            return rc;
    }
    if (server->state != PINION_SERVER_LISTENING)
        return pinion__fail(PINION_EINVAL, "the endpoint runs already, or has stopped");
    server->state = PINION_SERVER_RUNNING;
    pinion__log(PINION_LOG_INFO, "listening on %s, port %u (%u loops, %s)",
                server->host ? server->host : "all addresses", server->port, server->loop_count,
                pinion__loop_engine_name(server->engine));
    return 0;
}

static void tell_ready(struct pinion_server *server)
{
    if (server->options.ready)
        server->options.ready(&server->base, server->options.ready_data);
    if (server->notifies)
        (void)pinion__notify("READY=1", true);
}

/* Safe in a signal handler. */
static void request_stop(void *context)
{
    struct pinion_server *server = context;
    atomic_store(&server->stop_requested, true);
    for (unsigned i = 0; i < server->loop_count; i++)
        wake_loop(&server->loops[i]);
}

static void join_threads(struct pinion_server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        if (server->loops[i].threaded)
            pthread_join(server->loops[i].thread, NULL);
        server->loops[i].threaded = false;
    }
    server->state = PINION_SERVER_STOPPED;
}

static int start_threads(struct pinion_server *server, unsigned first)
{
    sigset_t saved;
    int rc = 0;
    pinion__signals_block(&saved);
    for (unsigned i = first; i < server->loop_count && !rc; i++) {
        if (pthread_create(&server->loops[i].thread, NULL, loop_thread, &server->loops[i]) == 0)
            server->loops[i].threaded = true;
        else
            rc = pinion__fail(PINION_ENOMEM, "cannot start a thread for loop %u", i);
    }
    pinion__signals_unblock(&saved);
    if (rc) {
        request_stop(server);
        join_threads(server);
    }
    return rc;
}

/* The first loop that failed says how it went. */
static int run_status(const struct pinion_server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        if (server->loops[i].status)
            return server->loops[i].status;
    }
    return 0;
}

int pinion_endpoint_run(pinion_endpoint *endpoint)
{
    struct pinion_server *server = pinion__server(endpoint);
    struct pinion_signals saved;
    int rc = prepare(server);
    if (!rc)
        rc = pinion__signals_install(&saved, request_stop, server);
    if (rc)
        return rc;
    server->notifies = true;
    tell_ready(server);
    rc = start_threads(server, 1);
    if (!rc) {
        server->loops[0].status = run_loop(&server->loops[0]);
        request_stop(server);
        join_threads(server);
        rc = run_status(server);
        pinion__log(PINION_LOG_INFO, "stopped");
    }
    pinion__signals_restore(&saved, server);
    return rc;
}

int pinion_endpoint_start(pinion_endpoint *endpoint)
{
    struct pinion_server *server = pinion__server(endpoint);
    int rc = prepare(server);
    if (rc)
        return rc;
    tell_ready(server);
    return start_threads(server, 0);
}

void pinion_endpoint_stop(pinion_endpoint *endpoint)
{
    struct pinion_server *server = pinion__server(endpoint);
    request_stop(server);
    if (server->loop_count > 0 && server->loops[0].threaded)
        join_threads(server); /* of start(); run() joins its own */
}

/* ---- free ---- */

static void free_loops(struct pinion_server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        struct pinion_server_loop *loop = &server->loops[i];
        pinion__listeners_close(loop);
        pinion__shard_bind(loop->shard);
        pinion__scheduler_close(loop->scheduler); /* of an endpoint that never ran */
        pinion__subscription_end_all(loop->shard);
        pinion__shard_bind(NULL);
        pinion__loop_free(atomic_load(&loop->io));
    }
}

void pinion_endpoint_free(pinion_endpoint *endpoint)
{
    if (!endpoint)
        return;
    struct pinion_server *server = pinion__server(endpoint);
    if (server->state == PINION_SERVER_RUNNING)
        pinion_endpoint_stop(endpoint);
    free_loops(server);
    pinion__longpoll_free(server->longpoll);
    pinion__hub_release(&server->base);
    for (unsigned i = 0; i < server->loop_count; i++)
        pinion__scheduler_unref(server->loops[i].scheduler);
    for (size_t i = 0; i < server->mounted_count; i++)
        unmount(&server->mounted[i]);
    free(server->mounted);
    free(server->loops);
    free(server->trusted);
    free(server->host);
    free(server);
}
