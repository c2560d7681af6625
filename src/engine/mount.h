/* A mounted socket: a definition with its options, checked once. Immutable after start, shared by all loops.
 */
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
    struct pinion_definitions definitions; /* what the rest points to, where it is not the program's */
    struct pinion_routes routes;
    const struct pinion_socket_kind *kind;
    const pinion_raw_socket_def *raw; /* of a raw one; NULL: it has channels */
    pinion_result (*connect)(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info);
    int (*id)(pinion_socket *socket, char *text, size_t size);
    pinion_socket_options options;     /* defaults filled in; its lists are copies */
    pinion_serializer_route *versions; /* options.serializers, copied; NULL: none */
    struct pinion_origin *origins;     /* options.origins, read */
    size_t origin_count;
    char *path;
    pinion_transport_limits limits; /* what of all this is for transports */
};

/* PINION_EINVAL for a definition that cannot work, with a sentence for pinion_error_detail; PINION_ENOMEM. */
int pinion__mount_init(struct pinion_mount *mount, const char *path, const pinion_socket_def *def,
                       const pinion_socket_options *options);
int pinion__mount_init_raw(struct pinion_mount *mount, const char *path, const pinion_raw_socket_def *def,
                           const pinion_socket_options *options);

/* The same for a program that knows these structs as so long. */
int pinion__mount_take(struct pinion_mount *mount, const char *path, const pinion_socket_def *def,
                       const pinion_socket_options *options, const pinion_mount_sizes *sizes);
int pinion__mount_take_raw(struct pinion_mount *mount, const char *path, const pinion_raw_socket_def *def,
                           const pinion_socket_options *options, const pinion_mount_sizes *sizes);
void pinion__mount_release(struct pinion_mount *mount);

/* How long a transport waits for a client at its end, which is the endpoint's to say. Before there are
 * clients. */
static inline void pinion__mount_patience(struct pinion_mount *mount, uint32_t close_timeout_ms,
                                          uint32_t stall_ms)
{
    mount->limits.close_timeout_ms = close_timeout_ms;
    mount->limits.stall_ms = stall_ms;
}

/* What its callbacks find as their application's: the mount's own, else the endpoint's. */
static inline void *pinion__mount_context(const struct pinion_mount *mount, const struct pinion_hub *hub)
{
    return mount->options.context ? mount->options.context : hub->context;
}

#endif
