/* An endpoint's options, and its memory. */
#include "base/log.h"
#include "base/loops.h"
#include "base/strings.h"
#include "endpoint/listeners.h"
#include "endpoint/server.h"
#include "endpoint/stream.h"
#include "engine/subscription.h"
#include "io/progress.h"
#include "pubsub/adapter.h"
#include "transport/longpoll.h"
#include <stdlib.h>

#define DEFAULT_WORK_THREADS     4
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

void pinion__server_wake(void *context)
{
    struct pinion_server_loop *loop = context;
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

static int add_loop(struct pinion_server *server)
{
    struct pinion_server_loop *loop = &server->loops[server->loop_count];
    loop->server = server;
    atomic_init(&loop->io, NULL);
    pinion__list_init(&loop->http);
    pinion__list_init(&loop->streams);
    int rc = pinion__scheduler_new(&loop->scheduler, server->options.max_mailbox, pinion__server_wake, loop,
                                   NULL, NULL);
    if (rc)
        return rc;
    pinion__scheduler_forgive(loop->scheduler);
    pinion__turns_init(&loop->turns, loop->scheduler);
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

/* Another node's broadcasts may come in as soon as there are loops to take them. */
static int attach_pubsub(struct pinion_server *server)
{
    pinion_pubsub_adapter *adapter = server->options.pubsub_adapter;
    const char *url = server->options.pubsub, *variable = getenv(PUBSUB_VARIABLE);
    server->options.pubsub = NULL;
    server->options.pubsub_adapter = NULL;
    if (!adapter && (url || (variable && *variable))) {
        int rc = pinion__adapter_open(url ? url : variable, &adapter);
        if (rc)
            return rc;
    }
    return adapter ? pinion__pubsub_attach(&server->base.pubsub, adapter) : 0;
}

static int server_init(struct pinion_server *server, const pinion_endpoint_options *options)
{
    if (options)
        server->options = *options;
    fill_defaults(&server->options);
    server->base.close_timeout_ms = server->options.close_timeout_ms;
    server->base.stall_ms = PINION_STALL_MS;
    int rc = attach_pubsub(server);
    if (!rc)
        rc = check_options(server);
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

static struct pinion_server *server_new(unsigned work_threads, int *rc)
{
    struct pinion_server *server = calloc(1, sizeof *server);
    *rc = PINION_ENOMEM;
    if (!server)
        return NULL;
    atomic_init(&server->stop_requested, false);
    pinion__starting_init(&server->starting);
    *rc = pinion__hub_init(&server->base, work_threads ? work_threads : DEFAULT_WORK_THREADS);
    if (*rc == 0)
        return server;
    pinion__starting_release(&server->starting);
    free(server);
    return NULL;
}

int pinion_endpoint_new(pinion_endpoint **out, const pinion_endpoint_options *options)
{
    int rc;
    struct pinion_server *server = server_new(options ? options->work_threads : 0, &rc);
    if (!server) {
        if (options && options->pubsub_adapter)
            options->pubsub_adapter->ops->free(options->pubsub_adapter);
        return rc;
    }
    rc = server_init(server, options);
    if (rc)
        pinion_endpoint_free(&server->base);
    else
        *out = &server->base;
    return rc;
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
    pinion__pubsub_stop(&server->base.pubsub); /* of one that could not run */
    free_loops(server);
    pinion__longpoll_free(server->longpoll);
    pinion__hub_release(&server->base);
    for (unsigned i = 0; i < server->loop_count; i++)
        pinion__scheduler_unref(server->loops[i].scheduler);
    pinion__unmount_all(server);
    pinion__stream_listeners_free(server);
    pinion__starting_release(&server->starting);
    free(server->loops);
    free(server->trusted);
    free(server->host);
    free(server);
}
