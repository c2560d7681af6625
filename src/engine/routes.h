/* Finds a topic's channel without walking all routes. A table holds the texts of the routes. It is looked up
 * once for the whole topic, and once for each length that a prefix has. The first declared match wins, as if
 * all routes were walked. */
#ifndef PINION_ENGINE_ROUTES_H
#define PINION_ENGINE_ROUTES_H

#include "base/map.h"
#include <pinion/socket.h>

struct pinion_route_entry;

struct pinion_routes {
    struct pinion_route_entry *entries;
    struct pinion_map exact;
    struct pinion_map prefixes;
    uint32_t *lengths; /* the lengths of the prefixes, each once */
    size_t length_count;
};

/* Index a table of routes, which are known to be valid. NULL: there are no routes. The table must outlive the
 * index. PINION_ENOMEM. */
int pinion__routes_init(struct pinion_routes *routes, const pinion_route *table);
void pinion__routes_release(struct pinion_routes *routes);

/* The channel for a topic: the first declared match. NULL when no route matches; none matches a topic with a
 * NUL. */
const pinion_channel_def *pinion__routes_find(const struct pinion_routes *routes, struct pinion_slice topic);

#endif
