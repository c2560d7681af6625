/* A mounted socket: a definition with its options, checked once. Immutable after start, shared by all loops.
 */
#ifndef PINION_ENGINE_MOUNT_H
#define PINION_ENGINE_MOUNT_H

#include "engine/definitions.h"
#include "engine/routes.h"
#include "proto/origin.h"
#include <pinion/raw_socket.h>

struct pinion_hub;

struct pinion_mount {
    struct pinion_definitions definitions; /* what the rest points to, where it is not the program's */
    struct pinion_routes routes;
    const pinion_raw_socket_def *raw; /* NULL: it has channels */
    pinion_result (*connect)(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info);
    int (*id)(pinion_socket *socket, char *text, size_t size);
    pinion_socket_options options;     /* defaults filled in; its lists are copies */
    pinion_serializer_route *versions; /* options.serializers, copied; NULL: none */
    struct pinion_origin *origins;     /* options.origins, read */
    size_t origin_count;
    char *path;
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

/* What its callbacks find as their application's: the mount's own, else the endpoint's. */
void *pinion__mount_context(const struct pinion_mount *mount, const struct pinion_hub *hub);

/* The channel for a topic: the first declared match. NULL when none matches; a topic with a NUL matches none.
 */
const pinion_channel_def *pinion__mount_route(const struct pinion_mount *mount, struct pinion_slice topic);

/* The clause for an event, or NULL: the first that names it or is "*". An event with a NUL has none. */
const pinion_clause *pinion__clause_find(const pinion_clause *clauses, struct pinion_slice event);

#endif
