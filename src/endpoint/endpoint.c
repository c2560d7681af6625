/* An endpoint's options, and its memory. */
#include "endpoint/endpoint.h"
#include "actor/actors.h"
#include "base/held.h"
#include "base/loops.h"
#include "base/misuse.h"
#include "base/sized.h"
#include "base/strings.h"
#include "endpoint/handlers.h"
#include "endpoint/listeners.h"
#include "endpoint/metrics.h"
#include "endpoint/stream.h"
#include "engine/here.h"
#include "engine/subscription.h"
#include "io/progress.h"
#include "pubsub/adapter.h"
#include "transport/longpoll.h"
#include <stdlib.h>

#define DEFAULT_WORK_THREADS     4
#define DEFAULT_MAX_WORK         1000000
#define DEFAULT_MAX_TIMERS       1000000
#define DEFAULT_MAX_ACTORS       1000000
#define DRIVEN_WORK_THREADS      2
#define DEFAULT_MAX_MAILBOX      (64u << 20)
#define DEFAULT_HEAD_TIMEOUT_MS  10000
#define DEFAULT_CLOSE_TIMEOUT_MS 5000
#define DEFAULT_KEEP_ALIVE_MS    75000
#define DEFAULT_MAX_HEAD         (16u << 10)
#define DEFAULT_MAX_LONGPOLL     100000
#define DEFAULT_DRAIN_BATCH      10000
#define DEFAULT_DRAIN_INTERVAL   2000
#define DEFAULT_DRAIN_TIMEOUT    30000

#define PUBSUB_VARIABLE "PINION_PUBSUB"

/* ---- new ---- */

void pinion__endpoint_wake(void *context)
{
    struct pinion_endpoint_loop *loop = context;
    struct pinion_loop *io = atomic_load(&loop->io);
    if (io)
        pinion__loop_wake(io);
}

static void fill_defaults(pinion_endpoint_options *options)
{
    if (options->loops == 0)
        options->loops = pinion__default_loops();
    if (options->work_threads == 0)
        options->work_threads = DEFAULT_WORK_THREADS;
    if (options->max_work == 0)
        options->max_work = DEFAULT_MAX_WORK;
    if (options->max_timers == 0)
        options->max_timers = DEFAULT_MAX_TIMERS;
    if (options->max_actors == 0)
        options->max_actors = DEFAULT_MAX_ACTORS;
    if (options->max_mailbox == 0)
        options->max_mailbox = DEFAULT_MAX_MAILBOX;
    if (options->head_timeout_ms == 0)
        options->head_timeout_ms = DEFAULT_HEAD_TIMEOUT_MS;
    if (options->keep_alive_ms == 0)
        options->keep_alive_ms = DEFAULT_KEEP_ALIVE_MS;
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

/* Keep the options, and copy what the engine and HTTP need of them. */
static void use_options(struct pinion_endpoint *endpoint, const pinion_endpoint_options *given)
{
    pinion_endpoint_options *options = &endpoint->options;
    *options = *given;
    fill_defaults(options);
    endpoint->hub.context = options->context;
    endpoint->hub.telemetry = options->telemetry;
    endpoint->hub.telemetry_data = options->telemetry_data;
    endpoint->hub.max_work = options->max_work;
    endpoint->hub.timers.max = options->max_timers;
    endpoint->http_limits = (struct pinion_http_limits){ .max_head = options->max_head,
                                                         .max_headers = options->max_headers,
                                                         .head_timeout_ms = options->head_timeout_ms,
                                                         .keep_alive_ms = options->keep_alive_ms,
                                                         .close_timeout_ms = options->close_timeout_ms,
                                                         .stall_ms = PINION_STALL_MS };
}

static int add_loop(struct pinion_endpoint *endpoint, const struct pinion_endpoint_driver *driver)
{
    struct pinion_endpoint_loop *loop = &endpoint->loops[endpoint->loop_count];
    loop->endpoint = endpoint;
    atomic_init(&loop->io, NULL);
    pinion__list_init(&loop->streams);
    struct pinion_endpoint_driver own = { .wake = pinion__endpoint_wake, .context = loop };
    if (!driver)
        driver = &own;
    int rc = pinion__scheduler_new(&loop->scheduler, endpoint->options.max_mailbox, driver->wake,
                                   driver->context, driver->clock, driver->context);
    if (rc)
        return rc;
    pinion__http_server_init(&loop->http, loop->scheduler);
    loop->http.limits = &endpoint->http_limits;
    loop->http.find = pinion__find_handler;
    loop->http.guard = pinion__guard_request;
    loop->http.endpoint = endpoint;
    loop->http.workers = endpoint->hub.workers;
    loop->http.trusted = endpoint->trusted;
    loop->http.trusted_count = endpoint->trusted_count;
    rc = pinion__hub_add_shard(&endpoint->hub, loop->scheduler);
    if (rc) {
        pinion__scheduler_unref(loop->scheduler);
        return rc;
    }
    loop->shard = endpoint->hub.shards[endpoint->loop_count++];
    return 0;
}

static int add_loops(struct pinion_endpoint *endpoint, const struct pinion_endpoint_driver *driver)
{
    endpoint->loops = calloc(endpoint->options.loops, sizeof *endpoint->loops);
    int rc = endpoint->loops ? 0 : PINION_ENOMEM;
    for (unsigned i = 0; !rc && i < endpoint->options.loops; i++)
        rc = add_loop(endpoint, driver);
    return rc ? rc : pinion__actors_new(&endpoint->hub, endpoint->options.max_actors);
}

static int check_options(struct pinion_endpoint *endpoint)
{
    if (endpoint->options.loops > PINION_LOOPS_MAX)
        return pinion__fail(PINION_EINVAL, "loops: %u is too many, at most %d", endpoint->options.loops,
                            PINION_LOOPS_MAX);
    if (endpoint->options.max_headers > PINION_HTTP_HEADERS_MAX)
        return pinion__fail(PINION_EINVAL, "max_headers: %u is too many, at most %d",
                            endpoint->options.max_headers, PINION_HTTP_HEADERS_MAX);
    endpoint->engine = pinion__loop_engine(endpoint->options.io);
    if (!endpoint->engine)
        return pinion__fail(PINION_EINVAL, "io: there is no engine \"%s\" in this build",
                            endpoint->options.io);
    const char *refusal = pinion__loop_engine_refusal(endpoint->engine);
    if (refusal)
        return pinion__fail(PINION_EIO, "io: the engine \"%s\" does not work here: %s", endpoint->options.io,
                            refusal);
    return 0;
}

/* Read a list like "127.0.0.1, 10.0.0.0/8". Each element has at least two characters, with its separator. */
static int read_trusted(struct pinion_endpoint *endpoint, const char *text)
{
    endpoint->trusted = calloc(strlen(text) / 2 + 1, sizeof *endpoint->trusted);
    if (!endpoint->trusted)
        return PINION_ENOMEM;
    while (*text) {
        size_t space = strspn(text, " ,"), len = strcspn(text + space, " ,");
        struct pinion_slice element = pinion__slice(text + space, len);
        if (len > 0 && !pinion__network_read(element, &endpoint->trusted[endpoint->trusted_count++]))
            return pinion__fail(PINION_EINVAL,
                                "trusted_proxies: \"%.*s\" is neither an address nor a network", (int)len,
                                element.ptr);
        text += space + len;
    }
    return 0;
}

/* Take the adapter, or open the one that the URL names. It starts together with the endpoint. */
static int attach_pubsub(struct pinion_endpoint *endpoint)
{
    pinion_pubsub_adapter *adapter = endpoint->options.pubsub_adapter;
    const char *url = endpoint->options.pubsub, *variable = getenv(PUBSUB_VARIABLE);
    endpoint->options.pubsub = NULL;
    endpoint->options.pubsub_adapter = NULL;
    if (!adapter && (url || (variable && *variable))) {
        int rc = pinion__adapter_open(url ? url : variable, &adapter);
        if (rc)
            return rc;
    }
    return adapter ? pinion__pubsub_attach(&endpoint->hub.pubsub, adapter) : pinion__sibling_attach(endpoint);
}

static int endpoint_init(struct pinion_endpoint *endpoint, const pinion_endpoint_options *options)
{
    use_options(endpoint, options);
    int rc = attach_pubsub(endpoint);
    if (!rc)
        rc = check_options(endpoint);
    if (!rc && endpoint->options.host && !(endpoint->host = strdup(endpoint->options.host)))
        rc = PINION_ENOMEM;
    if (!rc && endpoint->options.trusted_proxies)
        rc = read_trusted(endpoint, endpoint->options.trusted_proxies);
    pinion__visitors_limit(&endpoint->visitors, endpoint->options.max_connections_per_address,
                           endpoint->trusted, endpoint->trusted_count);
    if (!rc)
        rc = pinion__secret_configure(&endpoint->hub.secret, endpoint->options.secret_key_base);
    if (!rc)
        rc = pinion__strings_copy(endpoint->options.filter_parameters, &endpoint->hub.filter);
    endpoint->options.filter_parameters = NULL; /* these strings are the caller's */
    endpoint->options.trusted_proxies = NULL;
    endpoint->options.host = NULL;
    endpoint->options.io = NULL;
    endpoint->options.secret_key_base = NULL;
    if (!rc)
        rc = add_loops(endpoint, NULL);
    if (!rc && endpoint->hub.telemetry)
        rc = pinion__meters_add(&endpoint->hub);
    for (unsigned i = 0; i < endpoint->loop_count; i++)
        pinion__scheduler_forgive(endpoint->loops[i].scheduler);
    return rc;
}

static struct pinion_endpoint *endpoint_new(unsigned work_threads, int *rc)
{
    struct pinion_endpoint *endpoint = calloc(1, sizeof *endpoint);
    *rc = PINION_ENOMEM;
    if (!endpoint)
        return NULL;
    atomic_init(&endpoint->stop_requested, false);
    atomic_init(&endpoint->sibling.told, false);
    pinion__starting_init(&endpoint->starting);
    pinion__visitors_init(&endpoint->visitors);
    pinion__instruments_init(&endpoint->instruments);
    *rc = pinion__hub_init(&endpoint->hub, work_threads ? work_threads : DEFAULT_WORK_THREADS);
    if (*rc == 0) {
        PINION_HELD(PINION_HELD_ENDPOINT, endpoint, endpoint);
        return endpoint;
    }
    pinion__instruments_release(&endpoint->instruments);
    pinion__visitors_release(&endpoint->visitors);
    pinion__starting_release(&endpoint->starting);
    free(endpoint);
    return NULL;
}

/* The calling thread may run the loop of a test, and goes on with it afterwards. */
static void free_loops(struct pinion_endpoint *endpoint)
{
    struct pinion_shard *bound = pinion__shard_bound();
    if (bound && bound->hub == &endpoint->hub)
        bound = NULL;
    for (unsigned i = 0; i < endpoint->loop_count; i++) {
        struct pinion_endpoint_loop *loop = &endpoint->loops[i];
        pinion__listeners_close(loop);
        pinion__shard_bind(loop->shard);
        pinion__actors_finish(loop->shard); /* this and the next three: needed if it never ran */
        pinion__endpoint_timers_end(loop->shard);
        pinion__begun_finish(loop->shard);
        pinion__scheduler_close(loop->scheduler);
        pinion__subscription_end_all(loop->shard);
        pinion__shard_bind(bound);
        pinion__loop_free(atomic_load(&loop->io));
    }
}

static void free_endpoint(struct pinion_endpoint *endpoint)
{
    PINION_HELD_GONE(endpoint);
    pinion__pubsub_stop(&endpoint->hub.pubsub); /* needed if the endpoint could not run */
    free_loops(endpoint);
    pinion__longpoll_free(endpoint->longpoll);
    pinion__metrics_free(endpoint->metrics);
    pinion__hub_release(&endpoint->hub);
    for (unsigned i = 0; i < endpoint->loop_count; i++)
        pinion__scheduler_unref(endpoint->loops[i].scheduler);
    pinion__unmount_all(endpoint);
    pinion__stream_listeners_free(endpoint);
    pinion__instruments_release(&endpoint->instruments);
    pinion__visitors_release(&endpoint->visitors);
    pinion__starting_release(&endpoint->starting);
    free(endpoint->loops);
    free(endpoint->trusted);
    free(endpoint->host);
    free(endpoint);
}

/* The call takes the adapter, on failure too: free it. */
static int lose_adapter(const pinion_endpoint_options *options, size_t size)
{
    pinion_endpoint_options known;
    if (PINION_TAKE(pinion_endpoint_options, &known, options, size) == 0)
        pinion__adapter_free(known.pubsub_adapter);
    return PINION_EINVAL;
}

static int new_with_options(pinion_endpoint **out, const pinion_endpoint_options *options, size_t size)
{
    pinion_endpoint_options known;
    int rc = PINION_TAKE(pinion_endpoint_options, &known, options, size);
    struct pinion_endpoint *endpoint = rc ? NULL : endpoint_new(known.work_threads, &rc);
    if (!endpoint) {
        pinion__adapter_free(known.pubsub_adapter);
        return rc;
    }
    rc = endpoint_init(endpoint, &known);
    if (rc)
        free_endpoint(endpoint);
    else
        *out = endpoint;
    return rc;
}

int pinion_endpoint_new_sized(pinion_endpoint **out, const pinion_endpoint_options *options, size_t size)
{
    PINION_NEED(out, return lose_adapter(options, size));
    PINION_RETURN(new_with_options(out, options, size));
}

/* A driven endpoint does not look at the environment, and has no I/O engine. */
int pinion__endpoint_new_driven(pinion_endpoint **out, const struct pinion_endpoint_driver *driver)
{
    int rc;
    struct pinion_endpoint *endpoint = endpoint_new(DRIVEN_WORK_THREADS, &rc);
    if (!endpoint)
        return rc;
    use_options(endpoint, &(pinion_endpoint_options){ .loops = 1, .max_mailbox = SIZE_MAX });
    endpoint->state = PINION_ENDPOINT_DRIVEN;
    rc = driver->trusted_proxies ? read_trusted(endpoint, driver->trusted_proxies) : 0;
    if (!rc)
        rc = add_loops(endpoint, driver);
    if (rc) {
        free_endpoint(endpoint);
        return rc;
    }
    pinion__shard_bind(endpoint->loops[0].shard);
    *out = endpoint;
    return 0;
}

/* ---- free ---- */

void pinion_endpoint_free(pinion_endpoint *endpoint)
{
    if (!endpoint)
        return;
    PINION_NEED_HELD(endpoint, return );
    if (pinion__endpoint_refuse_driven(endpoint, "pinion_endpoint_free"))
        return;
    PINION_RULE(!pinion__hub_here(&endpoint->hub), return,
                "called in a callback of the endpoint: free it once run or stop has returned");
    PINION_RULE(
        endpoint->state != PINION_ENDPOINT_RUNNING || endpoint->loops[0].threaded, return,
        "called while pinion_endpoint_run runs on another thread: stop it, and free the endpoint once "
        "run has returned");
    if (endpoint->state == PINION_ENDPOINT_RUNNING)
        pinion_endpoint_stop(endpoint);
    free_endpoint(endpoint);
}

void pinion__endpoint_free_driven(pinion_endpoint *endpoint)
{
    free_endpoint(endpoint);
}

bool pinion__endpoint_refuse_driven(const struct pinion_endpoint *endpoint, const char *call)
{
    bool driven = endpoint->state == PINION_ENDPOINT_DRIVEN;
    if (driven)
        pinion__log(PINION_LOG_WARNING, "%s has no effect on the endpoint of a test: use pinion_test_free",
                    call);
    return driven;
}
