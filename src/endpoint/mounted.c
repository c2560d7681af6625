/* What is mounted on an endpoint: sockets, pages, files. */
#include "base/held.h"
#include "base/misuse.h"
#include "endpoint/endpoint.h"
#include "proto/path.h"
#include "transport/entrance.h"
#include "transport/longpoll.h"
#include <stdlib.h>

static const char *path_of(const struct pinion_mounted *mounted)
{
    switch (mounted->kind) {
    case PINION_MOUNTED_SOCKET:
        return mounted->socket.path;
    case PINION_MOUNTED_PAGE:
        return mounted->page.path;
    case PINION_MOUNTED_STATIC:
        return mounted->files.prefix;
    }
    return NULL;
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

/* A path is taken by one socket or page. Prefixes of files are apart from these. */
static int check_free(const struct pinion_endpoint *endpoint, enum pinion_mounted_kind kind, const char *path)
{
    struct pinion_slice text = pinion__slice_str(path);
    for (size_t i = 0; i < endpoint->mounted_count; i++) {
        const struct pinion_mounted *other = endpoint->mounted[i];
        bool alike = (other->kind == PINION_MOUNTED_STATIC) == (kind == PINION_MOUNTED_STATIC);
        if (alike && pinion__path_is(text, path_of(other)))
            return pinion__fail(PINION_EINVAL,
                                "cannot mount \"%s\": \"%s\" is mounted already, and is the same path", path,
                                path_of(other));
        if (kind == PINION_MOUNTED_PAGE && other->kind == PINION_MOUNTED_SOCKET &&
            pinion__entrance_at(&other->socket, text) != PINION_ENTRANCE_NONE)
            return pinion__fail(PINION_EINVAL, "cannot mount \"%s\": clients of the socket \"%s\" use it",
                                path, path_of(other));
    }
    return 0;
}

/* The paths of a socket's transports must not be pages that are mounted. */
static int check_transports(const struct pinion_endpoint *endpoint, const struct pinion_mount *mount)
{
    for (size_t i = 0; i < endpoint->mounted_count; i++) {
        const struct pinion_mounted *other = endpoint->mounted[i];
        if (other->kind == PINION_MOUNTED_PAGE &&
            pinion__entrance_at(mount, pinion__slice_str(other->page.path)) != PINION_ENTRANCE_NONE)
            return pinion__fail(PINION_EINVAL, "cannot mount \"%s\": its clients would get the page \"%s\"",
                                mount->path, other->page.path);
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
    int rc = check_path(endpoint, PINION_MOUNTED_SOCKET, path);
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

static int mount_page(struct pinion_endpoint *endpoint, const char *path, pinion_get_fn *fn, void *data)
{
    int rc = check_path(endpoint, PINION_MOUNTED_PAGE, path);
    struct pinion_mounted *slot = rc ? NULL : mounted_slot(endpoint);
    if (!slot)
        return rc ? rc : PINION_ENOMEM;
    slot->kind = PINION_MOUNTED_PAGE;
    slot->page.fn = fn;
    slot->page.data = data;
    slot->page.path = strdup(path);
    return keep_slot(endpoint, slot, slot->page.path ? 0 : PINION_ENOMEM);
}

int pinion_endpoint_get(pinion_endpoint *endpoint, const char *path, pinion_get_fn *fn, void *data)
{
    PINION_NEEDED(endpoint);
    PINION_NEED_HELD(endpoint, return PINION_EINVAL);
    PINION_NEEDED(path);
    PINION_NEEDED(fn);
    PINION_RETURN(mount_page(endpoint, path, fn, data));
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
    switch (mounted->kind) {
    case PINION_MOUNTED_SOCKET:
        pinion__mount_release(&mounted->socket);
        break;
    case PINION_MOUNTED_PAGE:
        free(mounted->page.path);
        break;
    case PINION_MOUNTED_STATIC:
        pinion__static_release(&mounted->files);
        break;
    }
    free(mounted);
}

void pinion__unmount_all(struct pinion_endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->mounted_count; i++)
        unmount(endpoint->mounted[i]);
    free(endpoint->mounted);
}
