/* What is mounted on an endpoint: sockets, pages, files. */
#include "base/log.h"
#include "endpoint/server.h"
#include "transport/longpoll.h"
#include <stdlib.h>

static int check_path(struct pinion_server *server, const char *path)
{
    if (server->state >= PINION_SERVER_RUNNING)
        return pinion__fail(PINION_EINVAL, "cannot mount \"%s\": the endpoint has started", path);
    if (path[0] != '/')
        return pinion__fail(PINION_EINVAL, "cannot mount \"%s\": a path begins with '/'", path);
    for (size_t i = 0; i < server->mounted_count; i++) {
        const struct pinion_mounted *other = &server->mounted[i];
        const char *taken = other->kind == PINION_MOUNT_SOCKET ? other->socket.path
                            : other->kind == PINION_MOUNT_PAGE ? other->page.path
                                                               : NULL;
        if (taken && strcmp(taken, path) == 0)
            return pinion__fail(PINION_EINVAL, "cannot mount \"%s\" twice", path);
    }
    return 0;
}

/* Room for one more, zeroed, which counts once the caller says so. */
static struct pinion_mounted *mounted_slot(struct pinion_server *server)
{
    struct pinion_mounted *array =
        realloc(server->mounted, (server->mounted_count + 1) * sizeof *server->mounted);
    if (!array)
        return NULL;
    server->mounted = array;
    memset(&array[server->mounted_count], 0, sizeof *array);
    return &array[server->mounted_count];
}

/* A slot for a socket, to be filled in. */
static int socket_slot(struct pinion_server *server, const char *path, struct pinion_mounted **out)
{
    int rc = check_path(server, path);
    struct pinion_mounted *slot = rc ? NULL : mounted_slot(server);
    if (!slot)
        return rc ? rc : PINION_ENOMEM;
    slot->kind = PINION_MOUNT_SOCKET;
    *out = slot;
    return 0;
}

/* The slot is filled in: it counts. */
static int keep_socket(struct pinion_server *server, const struct pinion_mounted *slot)
{
    server->mounted_count++;
    if (!slot->socket.options.longpoll || server->longpoll)
        return 0;
    return pinion__longpoll_new(&server->longpoll, &server->base, server->options.max_longpoll_sessions);
}

int pinion_endpoint_socket(pinion_endpoint *endpoint, const char *path, const pinion_socket_def *socket,
                           const pinion_socket_options *options)
{
    struct pinion_server *server = pinion__server(endpoint);
    struct pinion_mounted *slot = NULL;
    int rc = socket_slot(server, path, &slot);
    if (!rc)
        rc = pinion__mount_init(&slot->socket, path, socket, options);
    return rc ? rc : keep_socket(server, slot);
}

int pinion_endpoint_raw_socket(pinion_endpoint *endpoint, const char *path,
                               const pinion_raw_socket_def *socket, const pinion_socket_options *options)
{
    struct pinion_server *server = pinion__server(endpoint);
    struct pinion_mounted *slot = NULL;
    int rc = socket_slot(server, path, &slot);
    if (!rc)
        rc = pinion__mount_init_raw(&slot->socket, path, socket, options);
    return rc ? rc : keep_socket(server, slot);
}

int pinion_endpoint_get(pinion_endpoint *endpoint, const char *path, pinion_get_fn *fn, void *data)
{
    struct pinion_server *server = pinion__server(endpoint);
    int rc = check_path(server, path);
    struct pinion_mounted *slot = rc ? NULL : mounted_slot(server);
    if (!slot)
        return rc ? rc : PINION_ENOMEM;
    slot->kind = PINION_MOUNT_PAGE;
    slot->page.fn = fn;
    slot->page.data = data;
    slot->page.path = strdup(path);
    if (!slot->page.path)
        return PINION_ENOMEM;
    server->mounted_count++;
    return 0;
}

int pinion_endpoint_static(pinion_endpoint *endpoint, const char *prefix, const char *directory)
{
    struct pinion_server *server = pinion__server(endpoint);
    int rc = check_path(server, prefix);
    struct pinion_mounted *slot = rc ? NULL : mounted_slot(server);
    if (!slot)
        return rc ? rc : PINION_ENOMEM;
    slot->kind = PINION_MOUNT_STATIC;
    rc = pinion__static_init(&slot->files, prefix, directory);
    if (!rc)
        server->mounted_count++;
    return rc;
}

static void unmount(struct pinion_mounted *mounted)
{
    switch (mounted->kind) {
    case PINION_MOUNT_SOCKET:
        pinion__mount_release(&mounted->socket);
        break;
    case PINION_MOUNT_PAGE:
        free(mounted->page.path);
        break;
    case PINION_MOUNT_STATIC:
        pinion__static_release(&mounted->files);
        break;
    }
}

void pinion__unmount_all(struct pinion_server *server)
{
    for (size_t i = 0; i < server->mounted_count; i++)
        unmount(&server->mounted[i]);
    free(server->mounted);
}
