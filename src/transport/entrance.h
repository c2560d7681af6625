/* Where clients of a mounted socket come in over HTTP, on one loop. */
#ifndef PINION_TRANSPORT_ENTRANCE_H
#define PINION_TRANSPORT_ENTRANCE_H

#include "engine/mount.h"
#include "engine/socket.h"
#include "proto/forwarded.h"

struct pinion_longpoll;

struct pinion_entrance {
    struct pinion_shard *shard;
    const struct pinion_mount *mount;
    const struct pinion_network *trusted; /* proxies, which say whose the request is */
    size_t trusted_count;
    struct pinion_longpoll *longpoll; /* the endpoint's; NULL where no socket offers it */
};

enum pinion_entrance_kind { PINION_ENTRANCE_NONE, PINION_ENTRANCE_WEBSOCKET, PINION_ENTRANCE_LONGPOLL };

/* Which transport of this mount answers at a path. */
enum pinion_entrance_kind pinion__entrance_at(const struct pinion_mount *mount, struct pinion_slice path);

#endif
