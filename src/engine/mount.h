/* A mounted socket: a definition and its options, which have been checked. It does not change once the
 * endpoint has started, and all loops share it. */
#ifndef PINION_ENGINE_MOUNT_H
#define PINION_ENGINE_MOUNT_H

#include "engine/definitions.h"
#include "engine/hub.h"
#include "engine/kind.h"
#include "engine/routes.h"
#include "proto/origin.h"
#include <pinion/raw_socket.h>
#include <pinion/transport.h>

struct pinion_mount {
    struct pinion_definitions definitions; /* our copies of what the program passed, if any */
    struct pinion_routes routes;
    const struct pinion_socket_kind *kind;
    const pinion_raw_socket_def *raw; /* NULL: the socket has channels */
    pinion_result (*connect)(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info);
    int (*id)(pinion_socket *socket, char *text, size_t size);
    void (*drained)(pinion_socket *socket);
    bool drains;                       /* it, or a channel, is called when a client has caught up: behind.h */
    pinion_socket_options options;     /* with the defaults; its lists are copies */
    pinion_serializer_route *versions; /* a copy of options.serializers; NULL: none were given */
    struct pinion_origin *origins;     /* options.origins, parsed */
    size_t origin_count;
    char *path;
    pinion_transport_limits limits; /* what of all this is for transports */
};

/* PINION_EINVAL: the definition cannot work, and pinion_error_detail says why; PINION_ENOMEM. */
int pinion__mount_init(struct pinion_mount *mount, const char *path, const pinion_socket_def *def,
                       const pinion_socket_options *options);
int pinion__mount_init_raw(struct pinion_mount *mount, const char *path, const pinion_raw_socket_def *def,
                           const pinion_socket_options *options);

/* The same for a program whose structs have these sizes. */
int pinion__mount_take(struct pinion_mount *mount, const char *path, const pinion_socket_def *def,
                       const pinion_socket_options *options, const pinion_mount_sizes *sizes);
int pinion__mount_take_raw(struct pinion_mount *mount, const char *path, const pinion_raw_socket_def *def,
                           const pinion_socket_options *options, const pinion_mount_sizes *sizes);
void pinion__mount_release(struct pinion_mount *mount);

/* How long a transport waits for a client at the end of its connection. The endpoint decides that, before
 * there are clients. */
static inline void pinion__mount_patience(struct pinion_mount *mount, uint32_t close_timeout_ms,
                                          uint32_t stall_ms)
{
    mount->limits.close_timeout_ms = close_timeout_ms;
    mount->limits.stall_ms = stall_ms;
}

/* The application's own data, for callbacks: the mount's context, else the endpoint's. */
static inline void *pinion__mount_context(const struct pinion_mount *mount, const struct pinion_hub *hub)
{
    return mount->options.context ? mount->options.context : hub->context;
}

#endif
