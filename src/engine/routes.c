#include "engine/routes.h"
#include <pinion/error.h>
#include <stdlib.h>
#include <string.h>

struct pinion_route_entry {
    struct pinion_map_node node;
    struct pinion_slice text; /* without the '*' */
    size_t order;
    const pinion_channel_def *channel;
};

static const struct pinion_route_entry *entry_of(const struct pinion_map_node *node)
{
    return (const struct pinion_route_entry *)node;
}

static struct pinion_slice text_of(const struct pinion_map_node *node)
{
    return entry_of(node)->text;
}

static const struct pinion_route_entry *find(const struct pinion_map *map, struct pinion_slice text)
{
    const struct pinion_map_node *node = pinion__map_find(map, text, pinion__hash(text));
    return node ? entry_of(node) : NULL;
}

static void note_length(struct pinion_routes *routes, size_t length)
{
    for (size_t i = 0; i < routes->length_count; i++) {
        if (routes->lengths[i] == length)
            return;
    }
    routes->lengths[routes->length_count++] = (uint32_t)length;
}

/* Of routes with the same text the first counts. */
static int add(struct pinion_routes *routes, struct pinion_route_entry *entry, const pinion_route *route,
               size_t order)
{
    struct pinion_slice text = pinion__slice_str(route->topic);
    bool prefix = text.len > 0 && text.ptr[text.len - 1] == '*';
    struct pinion_map *map = prefix ? &routes->prefixes : &routes->exact;
    text.len -= prefix;
    if (find(map, text))
        return 0;
    entry->text = text;
    entry->order = order;
    entry->channel = route->channel;
    if (prefix)
        note_length(routes, text.len);
    return pinion__map_insert(map, &entry->node, pinion__hash(text));
}

int pinion__routes_init(struct pinion_routes *routes, const pinion_route *table)
{
    size_t count = 0;
    while (table && table[count].topic)
        count++;
    memset(routes, 0, sizeof *routes);
    pinion__map_init(&routes->exact, text_of);
    pinion__map_init(&routes->prefixes, text_of);
    routes->entries = calloc(count + 1, sizeof *routes->entries);
    routes->lengths = calloc(count + 1, sizeof *routes->lengths);
    int rc = routes->entries && routes->lengths ? 0 : PINION_ENOMEM;
    for (size_t i = 0; i < count && !rc; i++)
        rc = add(routes, &routes->entries[i], &table[i], i);
    if (rc)
        pinion__routes_release(routes);
    return rc;
}

void pinion__routes_release(struct pinion_routes *routes)
{
    pinion__map_release(&routes->exact);
    pinion__map_release(&routes->prefixes);
    free(routes->entries);
    free(routes->lengths);
    routes->entries = NULL;
    routes->lengths = NULL;
    routes->length_count = 0;
}

static const struct pinion_route_entry *earlier(const struct pinion_route_entry *a,
                                                const struct pinion_route_entry *b)
{
    return !a || (b && b->order < a->order) ? b : a;
}

const pinion_channel_def *pinion__routes_find(const struct pinion_routes *routes, struct pinion_slice topic)
{
    if (topic.len == 0 || pinion__slice_has_nul(topic))
        return NULL;
    const struct pinion_route_entry *best = routes->exact.count ? find(&routes->exact, topic) : NULL;
    for (size_t i = 0; i < routes->length_count; i++) {
        if (routes->lengths[i] <= topic.len)
            best = earlier(best, find(&routes->prefixes, pinion__slice(topic.ptr, routes->lengths[i])));
    }
    return best ? best->channel : NULL;
}
