#include "endpoint/handlers.h"
#include "engine/callback.h"
#include "http/page.h"
#include "proto/path.h"
#include "transport/entrance.h"
#include "transport/longpoll_http.h"
#include "transport/websocket_upgrade.h"

static struct pinion_endpoint_loop *loop_of(struct pinion_http_server *server)
{
    return PINION_CONTAINER_OF(server, struct pinion_endpoint_loop, http);
}

/* ---- what is mounted at a path ---- */

static bool matches(const struct pinion_mounted *mounted, struct pinion_slice path)
{
    switch (mounted->kind) {
    case PINION_MOUNTED_SOCKET:
        return pinion__entrance_at(&mounted->socket, path) != PINION_ENTRANCE_NONE;
    case PINION_MOUNTED_PAGE:
        return pinion__path_is(path, mounted->page.path);
    case PINION_MOUNTED_STATIC:
        return true; /* its prefix is compared below */
    }
    return false;
}

/* A socket or a page of exactly this path comes before files, whatever was mounted first. Of directories the
 * one with the longest prefix counts. */
static const struct pinion_mounted *find_mounted(const struct pinion_endpoint *endpoint,
                                                 struct pinion_slice path)
{
    const struct pinion_mounted *files = NULL;
    for (size_t i = 0; i < endpoint->mounted_count; i++) {
        const struct pinion_mounted *mounted = endpoint->mounted[i];
        if (!matches(mounted, path))
            continue;
        if (mounted->kind != PINION_MOUNTED_STATIC)
            return mounted;
        size_t prefix = strlen(mounted->files.prefix);
        bool below = path.len >= prefix && memcmp(path.ptr, mounted->files.prefix, prefix) == 0;
        if (below && (!files || prefix > strlen(files->files.prefix)))
            files = mounted;
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

/* ---- pages and files ---- */

/* The application's function counts as a callback: a slow one is logged. */
static void serve_page(struct pinion_http *http, const void *data, const struct pinion_http_request *request,
                       struct pinion_slice head)
{
    const struct pinion_page *page = data;
    struct pinion_shard *shard = loop_of(pinion__http_server(http))->shard;
    struct pinion_response response;
    struct pinion_callback callback = { .name = "page", .detail = page->path };
    pinion__response_init(&response);
    pinion__callback_enter(shard, &callback);
    pinion__page_call(page->fn, page->data, request, &response);
    pinion__callback_leave(shard);
    struct pinion_http_answer answer = pinion__response_answer(&response, request->keep_alive);
    pinion__http_send(http, &answer, response.body, response.length);
    pinion__response_release(&response);
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

/* A page or socket at one of the health paths comes before the health page; files do not. */
bool pinion__find_handler(struct pinion_http_server *server, const struct pinion_http_request *request,
                          struct pinion_http_handler *handler)
{
    const struct pinion_endpoint *endpoint = loop_of(server)->endpoint;
    const struct pinion_mounted *mounted = find_mounted(endpoint, request->path);
    if (mounted && mounted->kind == PINION_MOUNTED_SOCKET)
        *handler = socket_handler(&mounted->socket, request->path);
    else if (mounted && mounted->kind == PINION_MOUNTED_PAGE)
        *handler = (struct pinion_http_handler){ .serve = serve_page, .data = &mounted->page, .gets = true };
    else if (is_for_health(endpoint, request))
        *handler = (struct pinion_http_handler){ .serve = serve_health, .gets = true };
    else if (mounted)
        *handler = (struct pinion_http_handler){ .serve = serve_file, .data = &mounted->files, .gets = true };
    else
        return false;
    return true;
}
