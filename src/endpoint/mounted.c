/* What is mounted on an endpoint: sockets, routes, pages, files. */
#include "base/held.h"
#include "base/misuse.h"
#include "base/sized.h"
#include "endpoint/endpoint.h"
#include "http/page.h"
#include "proto/path.h"
#include "transport/entrance.h"
#include "transport/longpoll.h"
#include <stdlib.h>

#define DEFAULT_MAX_BODY ((size_t)1 << 20)

static const char *path_of(const struct pinion_mounted *mounted)
{
    return mounted->kind == PINION_MOUNTED_SOCKET ? mounted->socket.path : mounted->files.prefix;
}

/* ---- paths that can be mounted ---- */

static int refuse_path(const char *path, const char *reason)
{
    return pinion__fail(PINION_EINVAL, "cannot mount \"%s\": %s", path, reason);
}

/* Clients remove "." and ".." from a path before they send it. */
static bool has_dots(const char *path)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t len = strcspn(slash + 1, "/");
        if ((len == 1 || len == 2) && strncmp(slash + 1, "..", len) == 0)
            return true;
    }
    return false;
}

/* True if the path has characters that no client sends. The path of a file is decoded before it is compared,
 * so a prefix of files cannot have a '%' either. */
static bool has_unsent(const char *path, bool files)
{
    for (; *path; path++) {
        if (*path <= ' ' || *path > '~' || *path == '?' || *path == '#' || (files && *path == '%'))
            return true;
    }
    return false;
}

/* Can a request have this path? */
static int check_text(const char *path, bool files)
{
    if (path[0] != '/')
        return refuse_path(path, "a path begins with '/'");
    if (has_dots(path))
        return refuse_path(path, "no request has \".\" or \"..\" between two slashes of its path");
    if (has_unsent(path, files))
        return refuse_path(path, files ? "it may have visible ASCII characters, except '?', '#' and '%'"
                                       : "it may have visible ASCII characters, except '?' and '#': "
                                         "percent-encode the others");
    return 0;
}

static int refuse_taken(const char *path, const char *other)
{
    return pinion__fail(PINION_EINVAL, "cannot mount \"%s\": \"%s\" is mounted already, and is the same path",
                        path, other);
}

/* Prefixes of files are apart from the paths of sockets. */
static int check_free(const struct pinion_endpoint *endpoint, enum pinion_mounted_kind kind, const char *path)
{
    for (size_t i = 0; i < endpoint->mounted_count; i++) {
        const struct pinion_mounted *other = endpoint->mounted[i];
        if (other->kind == kind && pinion__path_is(pinion__slice_str(path), path_of(other)))
            return refuse_taken(path, path_of(other));
    }
    return 0;
}

static int check_path(const struct pinion_endpoint *endpoint, enum pinion_mounted_kind kind, const char *path)
{
    if (endpoint->state >= PINION_ENDPOINT_RUNNING)
        return refuse_path(path, "the endpoint has started");
    int rc = check_text(path, kind == PINION_MOUNTED_STATIC);
    return rc ? rc : check_free(endpoint, kind, path);
}

/* A path is taken by a socket or by routes. Routes with parameters are apart from this: they are looked at
 * after sockets. */
static int check_socket_path(const struct pinion_endpoint *endpoint, const char *path)
{
    int rc = check_path(endpoint, PINION_MOUNTED_SOCKET, path);
    for (size_t i = 0; !rc && i < endpoint->routes.count; i++) {
        const struct pinion_http_route *route = endpoint->routes.routes[i];
        if (route->literal && pinion__path_is(pinion__slice_str(path), route->path))
            rc = refuse_taken(path, route->path);
    }
    return rc;
}

/* The paths of a socket's transports must not be pages or routes that are mounted. */
static int check_transports(const struct pinion_endpoint *endpoint, const struct pinion_mount *mount)
{
    for (size_t i = 0; i < endpoint->routes.count; i++) {
        const struct pinion_http_route *route = endpoint->routes.routes[i];
        if (route->literal &&
            pinion__entrance_at(mount, pinion__slice_str(route->path)) != PINION_ENTRANCE_NONE)
            return pinion__fail(PINION_EINVAL, "cannot mount \"%s\": its clients would get the %s \"%s\"",
                                mount->path, route->page ? "page" : "route", route->path);
    }
    return 0;
}

static int check_route_path(const struct pinion_endpoint *endpoint, const char *path)
{
    struct pinion_slice text = pinion__slice_str(path);
    int rc = check_path(endpoint, PINION_MOUNTED_SOCKET, path);
    for (size_t i = 0; !rc && i < endpoint->mounted_count; i++) {
        const struct pinion_mounted *other = endpoint->mounted[i];
        if (other->kind == PINION_MOUNTED_SOCKET &&
            pinion__entrance_at(&other->socket, text) != PINION_ENTRANCE_NONE)
            rc = pinion__fail(PINION_EINVAL, "cannot mount \"%s\": clients of the socket \"%s\" use it", path,
                              path_of(other));
    }
    return rc;
}

/* ---- mounting ---- */

/* Zeroed room for one more. The caller fills it in and calls keep_slot. */
static struct pinion_mounted *mounted_slot(struct pinion_endpoint *endpoint)
{
    struct pinion_mounted **array =
        realloc(endpoint->mounted, (endpoint->mounted_count + 1) * sizeof(struct pinion_mounted *));
    if (!array)
        return NULL;
    endpoint->mounted = array;
    return calloc(1, sizeof(struct pinion_mounted));
}

/* Keep the slot, or free it where filling it in ended with the error `rc`. */
static int keep_slot(struct pinion_endpoint *endpoint, struct pinion_mounted *slot, int rc)
{
    if (rc)
        free(slot);
    else
        endpoint->mounted[endpoint->mounted_count++] = slot;
    return rc;
}

/* A slot for a socket. The caller fills it in, and calls keep_socket. */
static int socket_slot(struct pinion_endpoint *endpoint, const char *path, struct pinion_mounted **out)
{
    int rc = check_socket_path(endpoint, path);
    struct pinion_mounted *slot = rc ? NULL : mounted_slot(endpoint);
    if (!slot)
        return rc ? rc : PINION_ENOMEM;
    slot->kind = PINION_MOUNTED_SOCKET;
    *out = slot;
    return 0;
}

/* Keep a slot for a socket; `rc` is the error that filling it in ended with, or 0. */
static int keep_socket(struct pinion_endpoint *endpoint, struct pinion_mounted *slot, int rc)
{
    if (!rc && (rc = check_transports(endpoint, &slot->socket)) != 0)
        pinion__mount_release(&slot->socket);
    rc = keep_slot(endpoint, slot, rc);
    if (rc)
        return rc;
    pinion__mount_patience(&slot->socket, endpoint->http_limits.close_timeout_ms,
                           endpoint->http_limits.stall_ms);
    if (!slot->socket.options.longpoll || endpoint->longpoll)
        return 0;
    return pinion__longpoll_new(&endpoint->longpoll, &endpoint->hub, endpoint->options.max_longpoll_sessions);
}

static int mount_socket(pinion_endpoint *endpoint, const char *path, const pinion_socket_def *socket,
                        const pinion_socket_options *options, const pinion_mount_sizes *sizes)
{
    struct pinion_mounted *slot = NULL;
    int rc = socket_slot(endpoint, path, &slot);
    if (rc)
        return rc;
    rc = pinion__mount_take(&slot->socket, path, socket, options, sizes);
    return keep_socket(endpoint, slot, rc);
}

int pinion_endpoint_socket_sized(pinion_endpoint *endpoint, const char *path, const pinion_socket_def *socket,
                                 const pinion_socket_options *options, const pinion_mount_sizes *sizes)
{
    PINION_NEEDED(endpoint);
    PINION_NEED_HELD(endpoint, return PINION_EINVAL);
    PINION_NEEDED(path);
    PINION_NEEDED(sizes);
    PINION_RETURN(mount_socket(endpoint, path, socket, options, sizes));
}

static int mount_raw_socket(pinion_endpoint *endpoint, const char *path, const pinion_raw_socket_def *socket,
                            const pinion_socket_options *options, const pinion_mount_sizes *sizes)
{
    struct pinion_mounted *slot = NULL;
    int rc = socket_slot(endpoint, path, &slot);
    if (rc)
        return rc;
    rc = pinion__mount_take_raw(&slot->socket, path, socket, options, sizes);
    return keep_socket(endpoint, slot, rc);
}

int pinion_endpoint_raw_socket_sized(pinion_endpoint *endpoint, const char *path,
                                     const pinion_raw_socket_def *socket,
                                     const pinion_socket_options *options, const pinion_mount_sizes *sizes)
{
    PINION_NEEDED(endpoint);
    PINION_NEED_HELD(endpoint, return PINION_EINVAL);
    PINION_NEEDED(path);
    PINION_NEEDED(sizes);
    PINION_RETURN(mount_raw_socket(endpoint, path, socket, options, sizes));
}

/* A page has no parameters: a segment that looks like one would take other paths. */
static int check_literal(const char *path)
{
    if (strstr(path, "/:") || strstr(path, "/*"))
        return refuse_path(path, "a page has no parameters: mount a route (pinion_endpoint_http)");
    return 0;
}

/* A route whose path is checked. */
static int new_route(const struct pinion_endpoint *endpoint, enum pinion_http_method method, const char *path,
                     struct pinion_http_route **out)
{
    int rc = check_route_path(endpoint, path);
    return rc ? rc : pinion__http_route_new(out, method, path);
}

static int mount_page(struct pinion_endpoint *endpoint, const char *path, pinion_get_fn *fn, void *data)
{
    struct pinion_http_route *route = NULL;
    int rc = check_literal(path);
    if (!rc)
        rc = new_route(endpoint, PINION_METHOD_GET, path, &route);
    if (rc)
        return rc;
    route->fn = pinion__page_answer;
    route->context = route;
    route->page = fn;
    route->page_data = data;
    return pinion__http_routes_add(&endpoint->routes, route);
}

int pinion_endpoint_get(pinion_endpoint *endpoint, const char *path, pinion_get_fn *fn, void *data)
{
    PINION_NEEDED(endpoint);
    PINION_NEED_HELD(endpoint, return PINION_EINVAL);
    PINION_NEEDED(path);
    PINION_NEEDED(fn);
    PINION_RETURN(mount_page(endpoint, path, fn, data));
}

static int read_method(const char *name, enum pinion_http_method *method)
{
    if (pinion__http_method_read(pinion__slice_str(name), method))
        return 0;
    return pinion__fail(PINION_EINVAL,
                        "method: \"%s\" is none of GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS", name);
}

static int fill_route(struct pinion_http_route *route, const struct pinion_endpoint *endpoint,
                      pinion_http_fn *fn, const pinion_http_options *options)
{
    route->fn = fn;
    route->context = options->context ? options->context : endpoint->hub.context;
    route->max_body = options->max_body ? options->max_body : DEFAULT_MAX_BODY;
    if (options->accepts && !(route->accepts = strdup(options->accepts)))
        return PINION_ENOMEM;
    return pinion__http_cors_init(&route->cors, options->cors_origins, options->cors_credentials);
}

static int mount_route(struct pinion_endpoint *endpoint, const char *name, const char *path,
                       pinion_http_fn *fn, const pinion_http_options *given, size_t size)
{
    pinion_http_options options;
    enum pinion_http_method method;
    struct pinion_http_route *route = NULL;
    int rc = PINION_TAKE(pinion_http_options, &options, given, size);
    if (!rc)
        rc = read_method(name, &method);
    if (!rc)
        rc = new_route(endpoint, method, path, &route);
    if (rc)
        return rc;
    rc = fill_route(route, endpoint, fn, &options);
    if (rc) {
        pinion__http_route_free(route);
        return rc;
    }
    return pinion__http_routes_add(&endpoint->routes, route);
}

int pinion_endpoint_http_sized(pinion_endpoint *endpoint, const char *method, const char *path,
                               pinion_http_fn *fn, const pinion_http_options *options, size_t size)
{
    PINION_NEEDED(endpoint);
    PINION_NEED_HELD(endpoint, return PINION_EINVAL);
    PINION_NEEDED(method);
    PINION_NEEDED(path);
    PINION_NEEDED(fn);
    PINION_RETURN(mount_route(endpoint, method, path, fn, options, size));
}

static int mount_files(struct pinion_endpoint *endpoint, const char *prefix, const char *directory)
{
    int rc = check_path(endpoint, PINION_MOUNTED_STATIC, prefix);
    struct pinion_mounted *slot = rc ? NULL : mounted_slot(endpoint);
    if (!slot)
        return rc ? rc : PINION_ENOMEM;
    slot->kind = PINION_MOUNTED_STATIC;
    return keep_slot(endpoint, slot, pinion__static_init(&slot->files, prefix, directory));
}

int pinion_endpoint_static(pinion_endpoint *endpoint, const char *prefix, const char *directory)
{
    PINION_NEEDED(endpoint);
    PINION_NEED_HELD(endpoint, return PINION_EINVAL);
    PINION_NEEDED(prefix);
    PINION_NEEDED(directory);
    PINION_RETURN(mount_files(endpoint, prefix, directory));
}

static void unmount(struct pinion_mounted *mounted)
{
    if (mounted->kind == PINION_MOUNTED_SOCKET)
        pinion__mount_release(&mounted->socket);
    else
        pinion__static_release(&mounted->files);
    free(mounted);
}

void pinion__unmount_all(struct pinion_endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->mounted_count; i++)
        unmount(endpoint->mounted[i]);
    free(endpoint->mounted);
    pinion__http_routes_release(&endpoint->routes);
}
