/* What many sockets of a loop have in common: they keep one pointer to it. There are as few as there are
 * mounts, times the transports and versions that clients use. */
#ifndef PINION_ENGINE_SOCKET_CLASS_H
#define PINION_ENGINE_SOCKET_CLASS_H

struct pinion_gather;
struct pinion_mount;
struct pinion_serializer;
struct pinion_shard;
struct pinion_tally;
struct pinion_transport;

struct pinion_socket_class {
    const struct pinion_mount *mount;
    const struct pinion_transport *transport;
    const struct pinion_serializer *serializer; /* NULL for raw sockets */
    struct pinion_gather *gather;               /* NULL: no frame of theirs waits for others */
    struct pinion_tally *tally;                 /* its counts */
    struct pinion_socket_class *next;           /* of the shard */
};

/* The shard's class with these members. It is made when it is first needed, and lives as long as the shard.
 * NULL when out of memory. */
const struct pinion_socket_class *pinion__socket_class(struct pinion_shard *shard,
                                                       const struct pinion_mount *mount,
                                                       const struct pinion_transport *transport,
                                                       const struct pinion_serializer *serializer);

/* No socket of the shard is left. */
void pinion__socket_class_release_all(struct pinion_shard *shard);

#endif
