#include "endpoint/handlers.h"
#include "engine/callback.h"
#include "http/call.h"
#include "proto/path.h"
#include "transport/entrance.h"
#include "transport/longpoll_http.h"
#include "transport/websocket_upgrade.h"

static struct pinion_endpoint_loop *loop_of(struct pinion_http_server *server)
{
    return PINION_CONTAINER_OF(server, struct pinion_endpoint_loop, http);
}

/* ---- what is mounted at a path ---- */

static const struct pinion_mount *find_socket(const struct pinion_endpoint *endpoint,
                                              struct pinion_slice path)
{
    for (size_t i = 0; i < endpoint->mounted_count; i++) {
        const struct pinion_mounted *mounted = endpoint->mounted[i];
        if (mounted->kind == PINION_MOUNTED_SOCKET &&
            pinion__entrance_at(&mounted->socket, path) != PINION_ENTRANCE_NONE)
            return &mounted->socket;
    }
    return NULL;
}

/* Of directories the one with the longest prefix counts. */
static const struct pinion_static *find_files(const struct pinion_endpoint *endpoint,
                                              struct pinion_slice path)
{
    const struct pinion_static *files = NULL;
    for (size_t i = 0; i < endpoint->mounted_count; i++) {
        const struct pinion_mounted *mounted = endpoint->mounted[i];
        if (mounted->kind != PINION_MOUNTED_STATIC)
            continue;
        size_t prefix = strlen(mounted->files.prefix);
        bool below = path.len >= prefix && memcmp(path.ptr, mounted->files.prefix, prefix) == 0;
        if (below && (!files || prefix > strlen(files->prefix)))
            files = &mounted->files;
    }
    return files;
}

/* ---- sockets ---- */

static struct pinion_entrance entrance_of(struct pinion_http *http, const struct pinion_mount *mount)
{
    const struct pinion_endpoint_loop *loop = loop_of(pinion__http_server(http));
    return (struct pinion_entrance){ .shard = loop->shard,
                                     .mount = mount,
                                     .trusted = loop->endpoint->trusted,
                                     .trusted_count = loop->endpoint->trusted_count,
                                     .longpoll = loop->endpoint->longpoll };
}

static void serve_websocket(struct pinion_http *http, const void *mount,
                            const struct pinion_http_request *request, struct pinion_slice head)
{
    struct pinion_entrance entrance = entrance_of(http, mount);
    pinion__websocket_upgrade(http, &entrance, request);
}

static void serve_longpoll(struct pinion_http *http, const void *mount,
                           const struct pinion_http_request *request, struct pinion_slice head)
{
    struct pinion_entrance entrance = entrance_of(http, mount);
    pinion__longpoll_serve(http, &entrance, request, head);
}

static struct pinion_http_handler socket_handler(const struct pinion_mount *mount, struct pinion_slice path)
{
    if (pinion__entrance_at(mount, path) == PINION_ENTRANCE_WEBSOCKET)
        return (struct pinion_http_handler){ .serve = serve_websocket, .data = mount };
    return (struct pinion_http_handler){ .serve = serve_longpoll,
                                         .data = mount,
                                         .max_body = mount->options.longpoll_max_body,
                                         .returning = true };
}

/* ---- routes and files ---- */

/* The application's function counts as a callback: a slow one is logged. */
void pinion__guard_request(struct pinion_http_server *server, const char *kind, const char *name,
                           void (*run)(void *data), void *data)
{
    struct pinion_shard *shard = loop_of(server)->shard;
    struct pinion_callback callback = {
        .name = kind, .kind = PINION_CALLBACK_HTTP, .detail = name, .off_loop = "pinion_request_work"
    };
    pinion__callback_enter(shard, &callback);
    run(data);
    pinion__callback_leave(shard);
}

static struct pinion_http_handler route_handler(const struct pinion_http_route *route)
{
    return (struct pinion_http_handler){ .serve = pinion__http_serve_route,
                                         .data = route,
                                         .max_body = route->page ? 0 : route->max_body };
}

static void serve_file(struct pinion_http *http, const void *files, const struct pinion_http_request *request,
                       struct pinion_slice head)
{
    pinion__http_serve_file(http, files, request);
}

/* ---- health: /healthz and /readyz ---- */

static const char health_path[] = "/healthz", ready_path[] = "/readyz";

/* /healthz: does the endpoint run? /readyz: may a balancer send it clients? */
static void serve_health(struct pinion_http *http, const void *data,
                         const struct pinion_http_request *request, struct pinion_slice head)
{
    const struct pinion_endpoint *endpoint = loop_of(pinion__http_server(http))->endpoint;
    bool health = pinion__slice_is(request->path, health_path);
    bool good = health || !atomic_load(&endpoint->stop_requested);
    pinion__http_send_text(http, good ? 200 : 503, "cache-control: no-store\r\n",
                           health ? "ok"
                           : good ? "ready"
                                  : "draining",
                           request->keep_alive);
}

static bool is_for_health(const struct pinion_endpoint *endpoint, const struct pinion_http_request *request)
{
    return !endpoint->options.no_health && pinion__http1_is_get(request) &&
           (pinion__slice_is(request->path, health_path) || pinion__slice_is(request->path, ready_path));
}

/* ---- all of them ---- */

/* Whether a path that has routes, but none for this method, is to be looked for among the files. */
static bool is_for_files(const struct pinion_static *files, const struct pinion_http_request *request)
{
    return files && pinion__http1_is_get(request) && pinion__static_has(files, request->path);
}

static struct pinion_http_handler refuser(const struct pinion_endpoint *endpoint)
{
    return (struct pinion_http_handler){ .serve = pinion__http_routes_refuse, .data = &endpoint->routes };
}

bool pinion__find_handler(struct pinion_http_server *server, const struct pinion_http_request *request,
                          struct pinion_http_handler *handler)
{
    const struct pinion_endpoint *endpoint = loop_of(server)->endpoint;
    const struct pinion_mount *socket = find_socket(endpoint, request->path);
    if (socket) {
        *handler = socket_handler(socket, request->path);
        return true;
    }
    struct pinion_http_found found =
        pinion__http_routes_find(&endpoint->routes, request->method, request->path);
    const struct pinion_static *files = find_files(endpoint, request->path);
    if (is_for_health(endpoint, request) && !(found.route && found.route->literal))
        *handler = (struct pinion_http_handler){ .serve = serve_health, .gets = true };
    else if (found.route)
        *handler = route_handler(found.route);
    else if (found.methods && !is_for_files(files, request))
        *handler = refuser(endpoint);
    else if (files)
        *handler = (struct pinion_http_handler){ .serve = serve_file, .data = files, .gets = true };
    else
        return false;
    return true;
}
