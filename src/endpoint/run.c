/* An endpoint that runs: its loops, each on a thread, from listening until they have drained. */
#include "base/log.h"
#include "endpoint/descriptors.h"
#include "endpoint/inherit.h"
#include "endpoint/listeners.h"
#include "endpoint/notify.h"
#include "endpoint/server.h"
#include "endpoint/signals.h"
#include "endpoint/stream.h"
#include "engine/subscription.h"
#include <stdio.h>

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
static void on_accepted(void *context, void *streams, struct pinion_conn *conn)
{
    struct pinion_server_loop *loop = context;
    if (has_room(loop)) {
        if (streams)
            pinion__stream_accept(loop, streams, conn);
        else
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
    pinion__hub_loop_ends(loop->shard);
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

int pinion_endpoint_listen(pinion_endpoint *endpoint)
{
    struct pinion_server *server = pinion__server(endpoint);
    if (server->state != PINION_SERVER_NEW)
        return pinion__fail(PINION_EINVAL, "the endpoint listens already, or has stopped");
    int rc = pinion__listeners_add(server, NULL, server->host, server->options.port, &server->port);
    if (!rc)
        rc = pinion__stream_listeners_open(server);
    if (rc)
        server->port = 0;
    else
        server->state = PINION_SERVER_LISTENING;
    return rc;
}

uint16_t pinion_endpoint_port(const pinion_endpoint *endpoint)
{
    return pinion__server((pinion_endpoint *)endpoint)->port;
}

/* Two nodes of one name would take each other's messages: where a supervisor starts this process while the
 * one before it still serves, under the same name, that one has to be gone first. */
static int claim_node(struct pinion_server *server)
{
    char what[PINION_CLAIM_MAX];
    const char *name = pinion__pubsub_node(&server->base.pubsub);
    snprintf(what, sizeof what, "the node's name %s", name);
    return name[0] ? pinion__notify_claim(what) : 0;
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
    int rc = claim_node(server);
    if (!rc)
        rc = pinion__pubsub_start(&server->base.pubsub);
    if (rc)
        return rc;
    server->state = PINION_SERVER_RUNNING;
    server->base.sealed = true;
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
        pinion__notify_ready();
}

/* Safe in a signal handler. */
static void request_stop(void *context)
{
    struct pinion_server *server = context;
    atomic_store(&server->stop_requested, true);
    for (unsigned i = 0; i < server->loop_count; i++)
        pinion__server_wake(&server->loops[i]);
}

/* Wait for the loops. The other nodes hear what their channels had to say at the end, so they are let go of
 * after that. */
static void join_threads(struct pinion_server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        if (server->loops[i].threaded)
            pthread_join(server->loops[i].thread, NULL);
        server->loops[i].threaded = false;
    }
    pinion__pubsub_stop(&server->base.pubsub);
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
    pinion__open_standard_descriptors();
    int rc = prepare(server);
    if (!rc)
        rc = pinion__signals_install(request_stop, server);
    if (rc)
        return rc;
    server->notifies = true;
    pinion__inherit_warn();
    tell_ready(server);
    rc = start_threads(server, 1);
    if (!rc) {
        server->loops[0].status = run_loop(&server->loops[0]);
        request_stop(server);
        join_threads(server);
        rc = run_status(server);
        pinion__drain_tell(server); /* of one that failed: it has not drained */
        pinion__log(PINION_LOG_INFO, "stopped");
    }
    pinion__signals_remove(server);
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
