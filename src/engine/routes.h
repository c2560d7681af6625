/* Finding a topic's channel among many routes without walking all of them: a table of the routes' texts,
 * looked up once for the whole topic and once for each length a prefix has. The first declared match wins, as
 * when they are walked. */
#ifndef PINION_ENGINE_ROUTES_H
#define PINION_ENGINE_ROUTES_H

#include "base/map.h"
#include <pinion/socket.h>

struct pinion_route_entry;

struct pinion_routes {
    struct pinion_route_entry *entries;
    struct pinion_map exact;
    struct pinion_map prefixes;
    uint32_t *lengths; /* of prefixes, each once */
    size_t length_count;
};

/* Index a table of routes that are known to be well-formed (NULL: none). They must outlive it. PINION_ENOMEM.
 */
int pinion__routes_init(struct pinion_routes *routes, const pinion_route *table);
void pinion__routes_release(struct pinion_routes *routes);

/* The channel for a topic: the first declared match. NULL when none matches; a topic with a NUL matches none.
 */
const pinion_channel_def *pinion__routes_find(const struct pinion_routes *routes, struct pinion_slice topic);

#endif
