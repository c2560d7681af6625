/* Runs an endpoint: its loops, each on a thread, from listening until they have drained. */
#include "actor/actors.h"
#include "base/held.h"
#include "base/log_limit.h"
#include "base/misuse.h"
#include "endpoint/check.h"
#include "endpoint/endpoint.h"
#include "endpoint/listeners.h"
#include "endpoint/stream.h"
#include "engine/extension.h"
#include "engine/gather.h"
#include "engine/here.h"
#include "engine/subscription.h"
#include "process/descriptors.h"
#include "process/inherit.h"
#include "process/notify.h"
#include "process/signals.h"
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SPARE_DESCRIPTORS 16 /* with fewer left for connections an endpoint does not start */

/* ---- one loop's life ---- */

static size_t count(const atomic_size_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* False when there are as many connections as may be. The other loops count theirs at the end of each turn.
 */
static bool has_room(const struct pinion_endpoint_loop *loop)
{
    const struct pinion_endpoint *endpoint = loop->endpoint;
    size_t open = pinion__loop_connections(atomic_load_explicit(&loop->io, memory_order_relaxed));
    if (endpoint->options.max_connections == SIZE_MAX)
        return true;
    for (unsigned i = 0; i < endpoint->loop_count; i++) {
        if (&endpoint->loops[i] != loop)
            open += count(&endpoint->loops[i].shard->counters.connections);
    }
    return open <= endpoint->options.max_connections;
}

/* False: the connection is refused, and the log says why. */
static bool may_enter(struct pinion_endpoint_loop *loop, const struct pinion_conn *conn)
{
    struct pinion_endpoint *endpoint = loop->endpoint;
    if (has_room(loop))
        return pinion__visitors_enter(&endpoint->visitors, conn);
    PINION_LOG_LIMITED(PINION_LOG_WARNING, "a connection is refused: %zu are open already (max_connections)",
                       endpoint->options.max_connections);
    return false;
}

/* If nobody attaches to the connection, the loop closes it. */
static void on_accepted(void *context, void *streams, struct pinion_conn *conn)
{
    struct pinion_endpoint_loop *loop = context;
    if (!may_enter(loop, conn))
        PINION_COUNT(loop->shard, refused, 1);
    else if (streams)
        pinion__stream_accept(loop, streams, conn);
    else
        pinion__http_accept(&loop->http, conn);
}

static void on_ended(void *context, struct pinion_conn *conn)
{
    const struct pinion_endpoint_loop *loop = context;
    pinion__visitors_leave(&loop->endpoint->visitors, conn);
}

/* For other threads: what the loop has counted by the end of this turn. */
static void publish_counts(const struct pinion_endpoint_loop *loop, const struct pinion_loop *io)
{
    struct pinion_counters *counters = &loop->shard->counters;
    struct pinion_loop_counts counts = pinion__loop_counts(io);
    atomic_store_explicit(&counters->connections, pinion__loop_connections(io), memory_order_relaxed);
    atomic_store_explicit(&counters->bytes_received, counts.received, memory_order_relaxed);
    atomic_store_explicit(&counters->bytes_sent, counts.sent, memory_order_relaxed);
    atomic_store_explicit(&counters->queue_peak, counts.peak, memory_order_relaxed);
    if (loop->shard->meter)
        pinion__meter_turn(loop->shard->meter, counts.idle_ns);
}

static uint64_t on_turn(void *context)
{
    struct pinion_endpoint_loop *loop = context;
    struct pinion_loop *io = atomic_load_explicit(&loop->io, memory_order_relaxed);
    if (atomic_load(&loop->endpoint->stop_requested) && !loop->stopping)
        pinion__drain_begin(loop);
    uint64_t wait = pinion__scheduler_turn(loop->scheduler);
    publish_counts(loop, io);
    if (pinion__drain_over(loop))
        pinion__loop_stop(io);
    pinion__endpoint_loop_watch(loop);
    return wait;
}

static const struct pinion_loop_events loop_events = { .accepted = on_accepted,
                                                       .ended = on_ended,
                                                       .turn = on_turn };

/* The I/O loop itself stays until the endpoint is freed, because another thread may be about to wake it. */
static void end_loop(struct pinion_endpoint_loop *loop)
{
    pinion__actors_finish(loop->shard);
    pinion__endpoint_timers_end(loop->shard); /* before begun_finish: their functions may begin work */
    pinion__begun_finish(loop->shard);
    pinion__extensions_loop_ends(loop->shard);
    pinion__subscription_end_all(loop->shard);
    pinion__scheduler_close(loop->scheduler);
    pinion__gathers_empty(loop->shard);
    pinion__subscription_end_all(loop->shard);
    pinion__drain_cancel(loop);
    pinion__heartbeat_stop(&loop->heartbeat);
    atomic_store_explicit(&loop->shard->counters.connections, 0, memory_order_relaxed);
}

/* Safe in a signal handler. */
static void request_stop(void *context)
{
    struct pinion_endpoint *endpoint = context;
    atomic_store(&endpoint->stop_requested, true);
    for (unsigned i = 0; i < endpoint->loop_count; i++)
        pinion__endpoint_wake(&endpoint->loops[i]);
}

/* A loop that does not run must not listen, and an endpoint does not go on without one of its loops. */
static void loop_failed(struct pinion_endpoint_loop *loop, int rc)
{
    pinion__log(PINION_LOG_ERROR, "a loop failed, and the endpoint stops: %s", pinion__error_sentence(rc));
    pinion__listeners_close(loop);
    request_stop(loop->endpoint);
}

static int run_loop(struct pinion_endpoint_loop *loop, struct pinion_loop *io)
{
    pinion__shard_bind(loop->shard);
    pinion__drain_init(&loop->drain);
    atomic_store(&loop->io, io);
    pinion__heartbeat_start(&loop->heartbeat, loop->scheduler, pinion__notify_watchdog_us());
    int rc = pinion__loop_run(io);
    if (rc)
        loop_failed(loop, rc);
    end_loop(loop);
    pinion__shard_bind(NULL);
    return rc;
}

/* ---- listening ---- */

/* Undo listening. */
static void stop_listening(struct pinion_endpoint *endpoint)
{
    pinion__listeners_undo(endpoint);
    pinion__stream_listeners_unbind(endpoint);
    endpoint->port = 0;
    endpoint->state = PINION_ENDPOINT_NEW;
}

static int listen_on(struct pinion_endpoint *endpoint)
{
    if (endpoint->state != PINION_ENDPOINT_NEW)
        return pinion__fail(PINION_EINVAL, "the endpoint listens already, has stopped, or belongs to a test");
    int rc = pinion__listeners_add(endpoint, NULL, endpoint->host, endpoint->options.port, &endpoint->port);
    if (!rc)
        rc = pinion__stream_listeners_open(endpoint);
    if (rc)
        stop_listening(endpoint);
    else
        endpoint->state = PINION_ENDPOINT_LISTENING;
    return rc;
}

int pinion_endpoint_listen(pinion_endpoint *endpoint)
{
    PINION_NEEDED(endpoint);
    PINION_NEED_HELD(endpoint, return PINION_EINVAL);
    PINION_RETURN(listen_on(endpoint));
}

uint16_t pinion_endpoint_port(const pinion_endpoint *endpoint)
{
    PINION_NEED(endpoint, return 0);
    return endpoint->port;
}

/* ---- starting: steps that all take together (starting.h) ---- */

/* A thread that takes the steps: one that runs a loop, the one that starts the endpoint, or one that does
 * both. */
struct starter {
    struct pinion_endpoint *endpoint;
    struct pinion_endpoint_loop *loop; /* the loop it runs; NULL: it runs none */
    struct pinion_loop *io;
    bool leads; /* it starts the endpoint */
};

/* Wait until all have taken the step. Returns 0, or the first failure. */
static int meet(const struct starter *starter, int rc, unsigned missing)
{
    unsigned count = missing + (starter->loop != NULL) + starter->leads;
    return pinion__starting_meet(&starter->endpoint->starting, rc, count);
}

static int make_loop(struct starter *starter)
{
    const struct pinion_loop_options options = { .events = &loop_events,
                                                 .context = starter->loop,
                                                 .timed = starter->loop && starter->loop->shard->meter };
    if (!starter->loop)
        return 0;
    int rc = pinion__loop_new(&starter->io, starter->endpoint->engine, &options);
    if (!rc)
        rc = pinion__loop_prepare(starter->io);
    if (!rc)
        return 0;
    return pinion__fail(rc, "cannot make loop %u of %u: %s",
                        (unsigned)(starter->loop - starter->endpoint->loops) + 1,
                        starter->endpoint->loop_count, pinion__error_sentence(rc));
}

/* Without descriptors no connection could be accepted, and all clients would wait. */
static int check_descriptors(const struct pinion_endpoint *endpoint)
{
    int fds[SPARE_DESCRIPTORS], rc = 0;
    size_t wanted = endpoint->options.max_connections, made = 0;
    if (wanted > SPARE_DESCRIPTORS)
        wanted = SPARE_DESCRIPTORS;
    while (!rc && made < wanted) {
        fds[made] = eventfd(0, EFD_CLOEXEC);
        if (fds[made] >= 0)
            made++;
        else
            rc = pinion__fail_system(
                errno, "only %zu descriptors are left for connections, at least %zu needed", made, wanted);
    }
    while (made > 0)
        close(fds[--made]);
    return rc;
}

/* Two nodes of one name would take each other's messages. When a supervisor starts this process, the one
 * before it may still serve under the same name: wait until it is gone. */
static int claim_node(struct pinion_endpoint *endpoint)
{
    char what[PINION_CLAIM_MAX];
    const char *name = pinion__pubsub_node(&endpoint->hub.pubsub);
    if (pinion__pubsub_is_bridge(&endpoint->hub.pubsub))
        return 0; /* its siblings have other names */
    snprintf(what, sizeof what, "the node's name %s", name);
    return name[0] ? pinion__notify_claim(what, &endpoint->stop_requested) : 0;
}

static int start_the_rest(const struct starter *starter)
{
    if (!starter->leads)
        return 0;
    int rc = check_descriptors(starter->endpoint);
    if (!rc)
        rc = claim_node(starter->endpoint);
    if (!rc)
        rc = pinion__pubsub_start(&starter->endpoint->hub.pubsub);
    return rc ? rc : pinion__sibling_begin(starter->endpoint);
}

static int accept_connections(const struct starter *starter)
{
    return starter->loop ? pinion__listeners_open(starter->loop, starter->io) : 0;
}

/* Once in a process: it shows which library the program runs with. */
#ifdef PINION_CHECKS
static void tell_build(void)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;
    if (!atomic_flag_test_and_set(&told))
        pinion__log(PINION_LOG_INFO, "this is the debug build: it ends the program at a call that cannot be "
                                     "right, and is slower; deploy the release build");
}
#else
static void tell_build(void)
{
}
#endif

/* Nothing can fail any more, and no loop runs yet: tell everybody that the endpoint is ready. */
static void tell_ready(struct pinion_endpoint *endpoint)
{
    endpoint->state = PINION_ENDPOINT_RUNNING;
    endpoint->hub.sealed = true;
    tell_build();
    pinion__log(PINION_LOG_INFO, "listening on %s, port %u (%u loops, %s)",
                endpoint->host ? endpoint->host : "all addresses", endpoint->port, endpoint->loop_count,
                pinion__loop_engine_name(endpoint->engine));
    if (endpoint->options.ready)
        endpoint->options.ready(endpoint, endpoint->options.ready_data);
    if (endpoint->notifies) {
        pinion__inherit_warn();
        pinion__notify_ready();
    }
}

static void give_up(struct starter *starter)
{
    if (!starter->loop)
        return;
    pinion__listeners_give_up(starter->loop);
    pinion__loop_free(starter->io);
}

/* Take all steps together with the other threads. `rc` says whether the threads could be started, and
 * `missing` how many of them could not. On failure nothing of this thread's part is left. */
static int take_steps(struct starter *starter, int rc, unsigned missing)
{
    rc = meet(starter, rc, missing);
    if (!rc)
        rc = meet(starter, make_loop(starter), 0);
    if (!rc)
        rc = meet(starter, start_the_rest(starter), 0);
    if (!rc)
        rc = meet(starter, accept_connections(starter), 0);
    if (!rc && starter->leads)
        tell_ready(starter->endpoint);
    if (!rc)
        rc = meet(starter, 0, 0);
    if (rc)
        give_up(starter);
    return rc;
}

static void *loop_thread(void *data)
{
    struct pinion_endpoint_loop *loop = data;
    struct starter starter = { .endpoint = loop->endpoint, .loop = loop };
    if (take_steps(&starter, 0, 0) == 0)
        loop->status = run_loop(loop, starter.io);
    return NULL;
}

/* *missing is how many threads could not be started. */
static int start_threads(struct pinion_endpoint *endpoint, unsigned first, unsigned *missing)
{
    sigset_t saved;
    int error = 0;
    *missing = endpoint->loop_count - first;
    pinion__signals_block(&saved);
    for (unsigned i = first; i < endpoint->loop_count && !error; i++) {
        error = pthread_create(&endpoint->loops[i].thread, NULL, loop_thread, &endpoint->loops[i]);
        endpoint->loops[i].threaded = !error;
        *missing -= !error;
    }
    pinion__signals_unblock(&saved);
    if (!error)
        return 0;
    return pinion__fail_system(error, "cannot start a thread for loop %u of %u",
                               endpoint->loop_count - *missing + 1, endpoint->loop_count);
}

static void join_threads(struct pinion_endpoint *endpoint)
{
    for (unsigned i = 0; i < endpoint->loop_count; i++) {
        if (!endpoint->loops[i].threaded)
            continue; /* run() runs the first loop on its own thread */
        pthread_join(endpoint->loops[i].thread, NULL);
        endpoint->loops[i].threaded = false;
    }
}

/* `first` is the first loop that gets a thread of its own: 1 when this thread runs the first loop. */
static int start_all(struct starter *starter, unsigned first)
{
    struct pinion_endpoint *endpoint = starter->endpoint;
    unsigned missing;
    pinion__starting_begin(&endpoint->starting, endpoint->loop_count + 1);
    int rc = start_threads(endpoint, first, &missing);
    rc = take_steps(starter, rc, missing);
    if (rc)
        join_threads(endpoint);
    return rc;
}

/* On failure the endpoint is as it was before, except that sockets on which a loop accepted already are
 * closed. */
static int start(struct starter *starter, unsigned first)
{
    struct pinion_endpoint *endpoint = starter->endpoint;
    bool listened = endpoint->state == PINION_ENDPOINT_LISTENING;
    int rc = listened ? 0 : listen_on(endpoint);
    if (rc)
        return rc;
    rc = start_all(starter, first);
    if (rc && !(listened && pinion__listeners_any(endpoint)))
        stop_listening(endpoint);
    return rc;
}

/* ---- run, start, stop ---- */

static int check_startable(const struct pinion_endpoint *endpoint)
{
    if (endpoint->state == PINION_ENDPOINT_NEW || endpoint->state == PINION_ENDPOINT_LISTENING)
        return 0;
    return pinion__fail(PINION_EINVAL, "the endpoint runs already, has stopped, or belongs to a test");
}

/* Wait for the loops. The pubsub stops after them, so that other nodes get what channels broadcast at the
 * end. */
static void await_end(struct pinion_endpoint *endpoint)
{
    join_threads(endpoint);
    pinion__pubsub_stop(&endpoint->hub.pubsub);
    endpoint->state = PINION_ENDPOINT_STOPPED;
}

/* The error of the first loop that failed, or 0. */
static int run_status(const struct pinion_endpoint *endpoint)
{
    for (unsigned i = 0; i < endpoint->loop_count; i++) {
        if (endpoint->loops[i].status)
            return endpoint->loops[i].status;
    }
    return 0;
}

/* This thread is one of the loops. */
static int run_here(struct pinion_endpoint *endpoint)
{
    struct starter starter = { .endpoint = endpoint, .loop = &endpoint->loops[0], .leads = true };
    endpoint->notifies = true;
    int rc = start(&starter, 1);
    if (rc) /* when it was asked to stop meanwhile, this is no failure */
        return atomic_load(&endpoint->stop_requested) ? 0 : rc;
    endpoint->loops[0].status = run_loop(&endpoint->loops[0], starter.io);
    request_stop(endpoint);
    await_end(endpoint);
    pinion__drain_tell(endpoint); /* in case a loop failed, and so did not drain */
    pinion__log(PINION_LOG_INFO, "stopped");
    return run_status(endpoint);
}

static int run(struct pinion_endpoint *endpoint)
{
    pinion__open_standard_descriptors();
    int rc = check_startable(endpoint);
    if (!rc)
        rc = pinion__signals_install(request_stop, endpoint);
    if (rc)
        return rc;
    rc = run_here(endpoint);
    pinion__signals_remove(endpoint);
    return rc;
}

int pinion_endpoint_run(pinion_endpoint *endpoint)
{
    PINION_NEEDED(endpoint);
    PINION_NEED_HELD(endpoint, return PINION_EINVAL);
    PINION_RETURN(run(endpoint));
}

static int start_elsewhere(struct pinion_endpoint *endpoint)
{
    struct starter starter = { .endpoint = endpoint, .leads = true };
    int rc = check_startable(starter.endpoint);
    return rc ? rc : start(&starter, 0);
}

int pinion_endpoint_start(pinion_endpoint *endpoint)
{
    PINION_NEEDED(endpoint);
    PINION_NEED_HELD(endpoint, return PINION_EINVAL);
    PINION_RETURN(start_elsewhere(endpoint));
}

void pinion_endpoint_stop(pinion_endpoint *endpoint)
{
    PINION_NEED_HELD(endpoint, return );
    if (pinion__endpoint_refuse_driven(endpoint, "pinion_endpoint_stop"))
        return;
    PINION_RULE(!pinion__hub_here(&endpoint->hub) || !endpoint->loops[0].threaded, return,
                "called in a callback after pinion_endpoint_start: it would wait for itself");
    request_stop(endpoint);
    if (endpoint->loop_count > 0 && endpoint->loops[0].threaded)
        await_end(endpoint); /* after start(); run() waits for its threads itself */
}
