/* The route of the metrics. A request is one work on the metrics' own thread, so that it is answered even if
 * all other threads for work are busy. */
#include "endpoint/metrics.h"
#include "base/held.h"
#include "base/misuse.h"
#include "base/sized.h"
#include "base/workers.h"
#include "endpoint/endpoint.h"
#include "http/call.h"
#include <openssl/crypto.h>
#include <pinion/metrics.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MAX    1024
#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Makes a loop take a turn, at whose end it says what it has counted. What it counts after that, as the end
 * of a turn may, is said by the next turn: one that is idle then would keep it to itself. */
struct nudge {
    struct pinion_task task;
    atomic_bool posted;
};

struct pinion_metrics {
    struct nudge nudges[PINION_LOOPS_MAX];
    struct pinion_endpoint *endpoint;
    struct pinion_workers *workers; /* one thread, started by the first request */
    char *token;                    /* NULL: everybody may ask */
};

/* A request that is being answered. */
struct scrape {
    struct pinion_endpoint *endpoint;
    struct pinion_exposition page;
};

/* ---- who may ask ---- */

/* The time it takes says nothing about where two tokens differ. */
static bool same_token(const char *token, struct pinion_slice given)
{
    return given.len == strlen(token) && CRYPTO_memcmp(token, given.ptr, given.len) == 0;
}

static bool may_ask(const struct pinion_metrics *metrics, const pinion_request *request)
{
    static const char scheme[] = "bearer ";
    const size_t len = sizeof scheme - 1;
    pinion_slice given = pinion_request_header(request, "authorization");
    if (!metrics->token)
        return true;
    return given.len > len && strncasecmp(given.ptr, scheme, len) == 0 &&
           same_token(metrics->token, pinion__slice(given.ptr + len, given.len - len));
}

/* ---- nudging ---- */

static void run_nudge(struct pinion_task *task)
{
    atomic_store(&PINION_CONTAINER_OF(task, struct nudge, task)->posted, false);
}

/* For the next page: this one does not wait for them. */
static void nudge_loops(struct pinion_metrics *metrics)
{
    const struct pinion_hub *hub = &metrics->endpoint->hub;
    for (unsigned i = 0; i < hub->shard_count; i++) {
        struct nudge *nudge = &metrics->nudges[i];
        if (!atomic_exchange(&nudge->posted, true) &&
            pinion__scheduler_post(hub->shards[i]->scheduler, &nudge->task, 0) != 0)
            atomic_store(&nudge->posted, false); /* the loop has ended */
    }
}

/* ---- answering ---- */

/* On the metrics' thread. */
static void make_page(void *data)
{
    struct scrape *scrape = data;
    struct pinion_endpoint *endpoint = scrape->endpoint;
    pinion__expose_build(&scrape->page,
                         endpoint->engine ? pinion__loop_engine_name(endpoint->engine) : "none");
    pinion__expose_endpoint(&scrape->page, endpoint);
    pinion__expose_sockets(&scrape->page, endpoint);
    pinion__expose_loops(&scrape->page, endpoint);
    pinion__expose_process(&scrape->page);
    pinion__instruments_show(&endpoint->instruments, &scrape->page);
}

static void answer(pinion_request *request, int status, void *data)
{
    struct scrape *scrape = data;
    const struct pinion_exposition *page = &scrape->page;
    if (status == 0 && page->error)
        pinion_request_answer_text(request, 503, "there is no memory for the metrics");
    else if (status == 0)
        pinion_request_answer(
            request, 200, PINION_HEADERS({ "content-type", CONTENT_TYPE }, { "cache-control", "no-store" }),
            page->text.data, page->text.len);
    pinion__exposition_release(&scrape->page);
    free(scrape);
}

static void refuse(pinion_request *request)
{
    static const char text[] = "the metrics need a token";
    pinion_request_answer(
        request, 401,
        PINION_HEADERS({ "content-type", "text/plain; charset=utf-8" }, { "www-authenticate", "Bearer" }),
        text, sizeof text - 1);
}

static void serve(pinion_request *request, void *context)
{
    struct pinion_metrics *metrics = context;
    if (!may_ask(metrics, request)) {
        refuse(request);
        return;
    }
    nudge_loops(metrics);
    struct scrape *scrape = calloc(1, sizeof *scrape);
    int rc = scrape ? 0 : PINION_ENOMEM;
    if (scrape) {
        scrape->endpoint = metrics->endpoint;
        pinion__exposition_init(&scrape->page);
        rc = pinion__request_work_on(request, metrics->workers, make_page, answer, scrape);
    }
    if (!rc)
        return;
    free(scrape);
    pinion_request_answer_text(request, 503, "there is no memory for the metrics");
}

/* ---- mounting ---- */

static int check_token(const char *token)
{
    size_t len = token ? strlen(token) : 1;
    if (len < 1 || len > TOKEN_MAX)
        return pinion__fail(PINION_EINVAL, "token: it must have 1 to %d characters", TOKEN_MAX);
    for (; token && *token; token++) {
        if (*token <= ' ' || *token > '~')
            return pinion__fail(PINION_EINVAL, "token: it may have visible ASCII characters only");
    }
    return 0;
}

static int metrics_new(struct pinion_metrics **out, struct pinion_endpoint *endpoint, const char *token)
{
    struct pinion_metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics)
        return PINION_ENOMEM;
    metrics->endpoint = endpoint;
    for (unsigned i = 0; i < PINION_LOOPS_MAX; i++)
        metrics->nudges[i].task.run = run_nudge;
    int rc = token && !(metrics->token = strdup(token)) ? PINION_ENOMEM : 0;
    if (!rc)
        rc = pinion__workers_new(&metrics->workers, 1);
    if (!rc)
        rc = pinion__meters_add(&endpoint->hub);
    if (rc)
        pinion__metrics_free(metrics);
    else
        *out = metrics;
    return rc;
}

static int mount_metrics(struct pinion_endpoint *endpoint, const char *path,
                         const pinion_metrics_options *given, size_t size)
{
    pinion_metrics_options options;
    struct pinion_metrics *metrics = NULL;
    int rc = PINION_TAKE(pinion_metrics_options, &options, given, size);
    if (!rc && endpoint->metrics)
        rc = pinion__fail(PINION_EINVAL, "cannot mount \"%s\": the endpoint has a page of metrics already",
                          path);
    if (!rc && (strstr(path, "/:") || strstr(path, "/*")))
        rc = pinion__fail(PINION_EINVAL, "cannot mount \"%s\": the page of metrics has no parameters", path);
    if (!rc)
        rc = check_token(options.token);
    if (!rc)
        rc = metrics_new(&metrics, endpoint, options.token);
    if (!rc)
        rc = pinion_endpoint_http(endpoint, "GET", path, serve, &(pinion_http_options){ .context = metrics });
    if (rc)
        pinion__metrics_free(metrics);
    else
        endpoint->metrics = metrics;
    return rc;
}

int pinion_endpoint_metrics_sized(pinion_endpoint *endpoint, const char *path,
                                  const pinion_metrics_options *options, size_t size)
{
    PINION_NEEDED(endpoint);
    PINION_NEED_HELD(endpoint, return PINION_EINVAL);
    PINION_NEEDED(path);
    PINION_RETURN(mount_metrics(endpoint, path, options, size));
}

void pinion__metrics_free(struct pinion_metrics *metrics)
{
    if (!metrics)
        return;
    pinion__workers_free(metrics->workers);
    free(metrics->token);
    free(metrics);
}
