#include "engine/mount.h"
#include "base/log.h"
#include "base/sized.h"
#include "base/strings.h"
#include "engine/assigns.h"
#include "engine/raw.h"
#include "engine/receive.h"
#include "engine/unreached.h"
#include "proto/json_scan.h"
#include "proto/origin_pattern.h"
#include "proto/serializer.h"
#include <stdlib.h>

#define DEFAULT_TIMEOUT_MS   60000
#define DEFAULT_MAX_MESSAGE  (1u << 20)
#define DEFAULT_MAX_QUEUE    (1u << 20)
#define DEFAULT_MAX_CHANNELS 100
#define DEFAULT_MAX_TIMERS   1000
#define DEFAULT_PING_TIMEOUT 10000
#define DEFAULT_WINDOW_MS    10000
#define DEFAULT_MAX_BATCH    UINT32_MAX
#define DEFAULT_MAX_BODY     8000000
#define DEFAULT_OVERHEAD     1000
#define FLUSH_DELAY_MAX      1000
#define DRAINED_PART         4  /* of max_queue: more of it waits for a client that is behind */
#define OVERHEAD_BURST       10 /* the default burst is worth so many seconds */

/* Each clause needs a function. `star`: "*" is allowed. */
static int check_clauses(const char *path, const char *topic, const char *table, const pinion_clause *clauses,
                         bool star)
{
    for (const pinion_clause *clause = clauses; clause && clause->event; clause++) {
        if (!clause->fn)
            return pinion__fail(PINION_EINVAL,
                                "socket %s: the channel of \"%s\" has no function for \"%s\" in %s", path,
                                topic, clause->event, table);
        if (!star && strcmp(clause->event, "*") == 0)
            return pinion__fail(
                PINION_EINVAL,
                "socket %s: the channel of \"%s\" has \"*\" in %s; name the events to intercept", path, topic,
                table);
    }
    return 0;
}

static int check_route(const char *path, const pinion_route *route)
{
    const char *star = strchr(route->topic, '*');
    if (route->topic[0] == '\0')
        return pinion__fail(PINION_EINVAL, "socket %s: a route with an empty topic matches nothing", path);
    if (star && star[1] != '\0')
        return pinion__fail(PINION_EINVAL, "socket %s: route \"%s\": '*' may only be its last character",
                            path, route->topic);
    if (!route->channel)
        return pinion__fail(PINION_EINVAL, "socket %s: route \"%s\" has no channel", path, route->topic);
    int rc = check_clauses(path, route->topic, "handle_in", route->channel->handle_in, true);
    return rc ? rc : check_clauses(path, route->topic, "handle_out", route->channel->handle_out, false);
}

/* Assigns of a definition are a JSON object. */
static int check_assigns(const char *path, const pinion_route *route)
{
    struct pinion_assigns *assigns = NULL;
    int rc = route->channel->assigns ? pinion__assigns_add(&assigns, route->channel->assigns) : 0;
    pinion__assigns_unref(assigns);
    if (rc != PINION_EPAYLOAD)
        return rc;
    return pinion__fail(PINION_EINVAL, "socket %s: route \"%s\": the assigns are no JSON object: %s", path,
                        route->topic, route->channel->assigns);
}

/* Zero means the default. */
static uint32_t or_default(uint32_t value, uint32_t standard)
{
    return value ? value : standard;
}

static void fill_defaults(pinion_socket_options *options)
{
    options->timeout_ms = or_default(options->timeout_ms, DEFAULT_TIMEOUT_MS);
    options->max_channels = or_default(options->max_channels, DEFAULT_MAX_CHANNELS);
    options->max_timers = or_default(options->max_timers, DEFAULT_MAX_TIMERS);
    options->max_name = or_default(options->max_name, PINION_NAME_MAX);
    options->max_depth = or_default(options->max_depth, PINION_JSON_DEPTH);
    options->ping_timeout_ms = or_default(options->ping_timeout_ms, DEFAULT_PING_TIMEOUT);
    options->longpoll_window_ms = or_default(options->longpoll_window_ms, DEFAULT_WINDOW_MS);
    options->longpoll_max_batch = or_default(options->longpoll_max_batch, DEFAULT_MAX_BATCH);
    if (options->overhead.per_second == 0)
        options->overhead.per_second = DEFAULT_OVERHEAD;
    if (options->overhead.burst == 0)
        options->overhead.burst = options->overhead.per_second < UINT32_MAX / OVERHEAD_BURST
                                      ? options->overhead.per_second * OVERHEAD_BURST
                                      : UINT32_MAX;
    if (options->max_message == 0)
        options->max_message = DEFAULT_MAX_MESSAGE;
    if (options->max_queue == 0)
        options->max_queue = DEFAULT_MAX_QUEUE;
    if (options->longpoll_max_body == 0)
        options->longpoll_max_body = DEFAULT_MAX_BODY;
}

static int check_options(const pinion_socket_options *options, const char *path)
{
    if (options->max_name > PINION_NAME_MAX)
        return pinion__fail(PINION_EINVAL, "socket %s: max_name: %u is too many, at most %d", path,
                            options->max_name, PINION_NAME_MAX);
    if (options->max_depth > PINION_JSON_DEPTH)
        return pinion__fail(PINION_EINVAL, "socket %s: max_depth: %u is too many, at most %d", path,
                            options->max_depth, PINION_JSON_DEPTH);
    if (options->flush_delay_ms > FLUSH_DELAY_MAX)
        return pinion__fail(PINION_EINVAL, "socket %s: flush_delay_ms: %u is too long, at most %d", path,
                            options->flush_delay_ms, FLUSH_DELAY_MAX);
    if (options->no_websocket && !options->longpoll && !options->own_transport)
        return pinion__fail(PINION_EINVAL,
                            "socket %s: no client can reach it: no_websocket is set, and longpoll is not. If "
                            "clients use a transport of your own, set own_transport",
                            path);
    return 0;
}

static int copy_lists(struct pinion_mount *mount)
{
    const char *const *origins = mount->options.origins, *const *subprotocols = mount->options.subprotocols;
    mount->options.subprotocols = NULL;
    int rc = pinion__strings_copy(origins, &mount->options.origins);
    return rc ? rc : pinion__strings_copy(subprotocols, &mount->options.subprotocols);
}

static int copy_versions(struct pinion_mount *mount, const char *path)
{
    const pinion_serializer_route *own = mount->options.serializers;
    size_t count = 0;
    mount->options.serializers = NULL; /* the caller's */
    for (; own && own[count].vsn; count++) {
        if (!pinion__version_valid(own[count].vsn) || !own[count].serializer)
            return pinion__fail(
                PINION_EINVAL,
                "socket %s: \"%s\" is not a version, or it has no serializer: write \"3.0\" for "
                "all of 3.0.x",
                path, own[count].vsn);
    }
    if (!own)
        return 0;
    mount->versions = calloc(count + 1, sizeof *mount->versions);
    if (!mount->versions)
        return PINION_ENOMEM;
    memcpy(mount->versions, own, count * sizeof *own);
    return 0;
}

static int read_origins(struct pinion_mount *mount, const char *path)
{
    const char *const *texts = mount->options.origins;
    size_t count = 0;
    while (texts && texts[count])
        count++;
    mount->origins = calloc(count + 1, sizeof *mount->origins);
    if (!mount->origins)
        return PINION_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        char why[PINION_ORIGIN_WHY];
        if (!pinion__origin_pattern_read(pinion__slice_str(texts[i]), &mount->origins[i], why))
            return pinion__fail(PINION_EINVAL, "socket %s: \"%s\" is not an origin: %s", path, texts[i], why);
    }
    mount->origin_count = count;
    return 0;
}

static void fill_limits(struct pinion_mount *mount)
{
    const pinion_socket_options *options = &mount->options;
    mount->limits = (pinion_transport_limits){
        .max_message = options->max_message,
        .max_queue = options->max_queue,
        .ask_above = mount->drains ? options->max_queue / DRAINED_PART : options->max_queue,
        .drop_broadcasts = options->drop_broadcasts,
        .max_unsent = options->max_unsent,
        .flush_delay_ms = options->flush_delay_ms,
        .path = mount->path,
        .timeout_ms = options->timeout_ms,
        .ping_interval_ms = options->ping_interval_ms,
        .ping_timeout_ms = options->ping_timeout_ms,
        .longpoll_window_ms = options->longpoll_window_ms,
        .longpoll_max_batch = options->longpoll_max_batch,
        .longpoll_max_body = options->longpoll_max_body,
    };
}

static int init(struct pinion_mount *mount, const char *path, const pinion_socket_options *options,
                const pinion_route *routes)
{
    memset(mount, 0, sizeof *mount);
    if (options)
        mount->options = *options;
    fill_defaults(&mount->options);
    int rc = copy_lists(mount);
    if (!rc)
        rc = check_options(&mount->options, path);
    if (!rc)
        rc = copy_versions(mount, path);
    if (!rc)
        rc = read_origins(mount, path);
    if (!rc)
        rc = pinion__routes_init(&mount->routes, routes);
    if (!rc && !(mount->path = strdup(path)))
        rc = PINION_ENOMEM;
    if (rc) {
        pinion__mount_release(mount);
        return rc;
    }
    if (!mount->options.no_websocket || mount->options.longpoll)
        pinion__warn_path(path);
    return 0;
}

static bool drains(const pinion_socket_def *def)
{
    bool any = def->drained != NULL;
    for (const pinion_route *route = def->channels; route && route->topic; route++)
        any = any || route->channel->drained;
    return any;
}

int pinion__mount_init(struct pinion_mount *mount, const char *path, const pinion_socket_def *def,
                       const pinion_socket_options *options)
{
    if (!def)
        return pinion__fail(PINION_EINVAL, "socket %s: no definition given", path);
    for (const pinion_route *route = def->channels; route && route->topic; route++) {
        int rc = check_route(path, route);
        if (!rc)
            rc = check_assigns(path, route);
        if (rc)
            return rc;
    }
    int rc = init(mount, path, options, def->channels);
    mount->kind = &pinion__message_kind;
    mount->connect = def->connect;
    mount->id = def->id;
    mount->drained = def->drained;
    mount->drains = drains(def);
    if (rc)
        return rc;
    fill_limits(mount);
    pinion__warn_unreached(path, def);
    return 0;
}

int pinion__mount_init_raw(struct pinion_mount *mount, const char *path, const pinion_raw_socket_def *def,
                           const pinion_socket_options *options)
{
    if (!def)
        return pinion__fail(PINION_EINVAL, "socket %s: no definition given", path);
    int rc = init(mount, path, options, NULL);
    mount->kind = &pinion__raw_kind;
    mount->raw = def;
    mount->connect = def->connect;
    mount->id = def->id;
    mount->drains = def->drained != NULL;
    if (!rc)
        fill_limits(mount);
    return rc;
}

/* A later release may pass more sizes. They are of structs that we do not know. */
static void read_sizes(pinion_mount_sizes *known, const pinion_mount_sizes *sizes)
{
    pinion__sized_give(known, sizeof *known, sizes, sizes->sizes);
}

/* The copies belong to the mount; if mounting failed, they are freed. */
static int keep(struct pinion_mount *mount, struct pinion_definitions *definitions, int rc)
{
    if (rc)
        pinion__definitions_release(definitions);
    else
        mount->definitions = *definitions;
    return rc;
}

int pinion__mount_take(struct pinion_mount *mount, const char *path, const pinion_socket_def *def,
                       const pinion_socket_options *options, const pinion_mount_sizes *sizes)
{
    struct pinion_definitions definitions = { NULL };
    const pinion_socket_def *ours = NULL;
    pinion_socket_options taken;
    pinion_mount_sizes known;
    read_sizes(&known, sizes);
    int rc = pinion__definitions_socket(&definitions, def, &known, &ours);
    if (!rc)
        rc = pinion__definitions_options(&definitions, options, &known, &taken);
    if (!rc)
        rc = pinion__mount_init(mount, path, ours, &taken);
    return keep(mount, &definitions, rc);
}

int pinion__mount_take_raw(struct pinion_mount *mount, const char *path, const pinion_raw_socket_def *def,
                           const pinion_socket_options *options, const pinion_mount_sizes *sizes)
{
    struct pinion_definitions definitions = { NULL };
    const void *ours = NULL;
    pinion_socket_options taken;
    pinion_mount_sizes known;
    read_sizes(&known, sizes);
    int rc = PINION_DEFINITION(&definitions, pinion_raw_socket_def, def, known.definition, &ours);
    if (!rc)
        rc = pinion__definitions_options(&definitions, options, &known, &taken);
    if (!rc)
        rc = pinion__mount_init_raw(mount, path, ours, &taken);
    return keep(mount, &definitions, rc);
}

void pinion__mount_release(struct pinion_mount *mount)
{
    pinion__definitions_release(&mount->definitions);
    free(mount->path);
    pinion__routes_release(&mount->routes);
    free(mount->origins);
    free(mount->versions);
    free((void *)mount->options.origins);
    free((void *)mount->options.subprotocols);
    memset(mount, 0, sizeof *mount);
}
