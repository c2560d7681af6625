#include "engine/definitions.h"
#include "base/log.h"
#include "base/sized.h"
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct pinion_definition {
    struct pinion_definition *next;
    const void *theirs; /* the program's struct */
    const char *name;   /* its type */
    alignas(max_align_t) unsigned char ours[];
};

void pinion__definitions_release(struct pinion_definitions *definitions)
{
    while (definitions->first) {
        struct pinion_definition *definition = definitions->first;
        definitions->first = definition->next;
        free(definition);
    }
}

static void *find(const struct pinion_definitions *definitions, const void *theirs, const char *name)
{
    for (struct pinion_definition *at = definitions->first; at; at = at->next) {
        if (at->theirs == theirs && strcmp(at->name, name) == 0)
            return at->ours;
    }
    return NULL;
}

/* Zeroed room for our copy of theirs. */
static void *add(struct pinion_definitions *definitions, const void *theirs, size_t length, const char *name)
{
    struct pinion_definition *definition = calloc(1, sizeof *definition + length);
    if (!definition)
        return NULL;
    definition->next = definitions->first;
    definition->theirs = theirs;
    definition->name = name;
    definitions->first = definition;
    return definition->ours;
}

int pinion__definition(struct pinion_definitions *definitions, const void *theirs, size_t size, size_t full,
                       const char *name, const void **out)
{
    *out = theirs;
    if (!theirs || size >= full)
        return pinion__sized_check(full, theirs, size, name);
    *out = find(definitions, theirs, name);
    if (*out)
        return 0;
    void *ours = add(definitions, theirs, full, name);
    *out = ours;
    return ours ? pinion__sized_take(ours, full, theirs, size, name) : PINION_ENOMEM;
}

/* ---- tables ---- */

/* A table in the program. Each entry begins with a pointer, which is NULL in the last entry. */
struct table {
    const void *theirs;
    size_t stride; /* the size of an entry as the program knows it */
    size_t full;   /* the size of an entry as we know it */
    const char *name;
};

static const void *entry_of(const struct table *table, size_t i)
{
    return (const char *)table->theirs + i * table->stride;
}

static size_t count_entries(const struct table *table)
{
    size_t count = 0;
    const void *first;
    while (memcpy(&first, entry_of(table, count), sizeof first), first)
        count++;
    return count;
}

/* *out is a copy of the table, with entries of our length. */
static int copy_table(struct pinion_definitions *definitions, const struct table *table, void **out)
{
    *out = NULL;
    if (!table->theirs)
        return 0;
    if (table->stride < sizeof(void *))
        return pinion__fail(PINION_EINVAL, "%s: its size cannot be %zu bytes", table->name, table->stride);
    *out = find(definitions, table->theirs, table->name);
    if (*out)
        return 0;
    size_t count = count_entries(table);
    char *ours = add(definitions, table->theirs, (count + 1) * table->full, table->name);
    int rc = ours ? 0 : PINION_ENOMEM;
    for (size_t i = 0; i < count && !rc; i++)
        rc = pinion__sized_take(ours + i * table->full, table->full, entry_of(table, i), table->stride,
                                table->name);
    *out = ours;
    return rc;
}

/* ---- sockets ---- */

static int take_clauses(struct pinion_definitions *definitions, const pinion_clause **clauses, size_t stride)
{
    const struct table table = { *clauses, stride, sizeof **clauses, "pinion_clause" };
    void *ours;
    int rc = copy_table(definitions, &table, &ours);
    *clauses = ours;
    return rc;
}

static int take_channel(struct pinion_definitions *definitions, const pinion_channel_def **channel,
                        const pinion_mount_sizes *sizes)
{
    const pinion_channel_def *theirs = *channel;
    if (!theirs)
        return 0;
    *channel = find(definitions, theirs, "pinion_channel_def");
    if (*channel)
        return 0;
    pinion_channel_def *ours = add(definitions, theirs, sizeof *ours, "pinion_channel_def");
    *channel = ours;
    int rc = ours ? PINION_TAKE(pinion_channel_def, ours, theirs, sizes->channel_def) : PINION_ENOMEM;
    if (!rc)
        rc = take_clauses(definitions, &ours->handle_in, sizes->clause);
    return rc ? rc : take_clauses(definitions, &ours->handle_out, sizes->clause);
}

static int take_routes(struct pinion_definitions *definitions, const pinion_route **routes,
                       const pinion_mount_sizes *sizes)
{
    const struct table table = { *routes, sizes->route, sizeof **routes, "pinion_route" };
    void *copy;
    int rc = copy_table(definitions, &table, &copy);
    pinion_route *ours = copy;
    for (pinion_route *route = ours; route && route->topic && !rc; route++)
        rc = take_channel(definitions, &route->channel, sizes);
    *routes = ours;
    return rc;
}

int pinion__definitions_socket(struct pinion_definitions *definitions, const pinion_socket_def *theirs,
                               const pinion_mount_sizes *sizes, const pinion_socket_def **out)
{
    *out = theirs;
    if (!theirs ||
        (sizes->definition == sizeof *theirs && sizes->route == sizeof(pinion_route) &&
         sizes->channel_def == sizeof(pinion_channel_def) && sizes->clause == sizeof(pinion_clause)))
        return 0;
    pinion_socket_def *ours = add(definitions, theirs, sizeof *ours, "pinion_socket_def");
    *out = ours;
    int rc = ours ? PINION_TAKE(pinion_socket_def, ours, theirs, sizes->definition) : PINION_ENOMEM;
    return rc ? rc : take_routes(definitions, &ours->channels, sizes);
}

/* ---- options ---- */

/* A serializer says its own size. */
static int take_serializer(struct pinion_definitions *definitions, pinion_serializer_route *route)
{
    const pinion_serializer *theirs = route->serializer;
    const void *ours;
    if (!theirs)
        return 0;
    if (theirs->size < offsetof(pinion_serializer, encode) + sizeof theirs->encode)
        return pinion__fail(
            PINION_EINVAL,
            "the serializer of version %s: its size is not set: .size = sizeof(pinion_serializer)",
            route->vsn);
    if (!theirs->decode || !theirs->encode)
        return pinion__fail(PINION_EINVAL, "the serializer of version %s lacks decode or encode", route->vsn);
    int rc = PINION_DEFINITION(definitions, pinion_serializer, theirs, theirs->size, &ours);
    route->serializer = ours;
    return rc;
}

int pinion__definitions_options(struct pinion_definitions *definitions, const pinion_socket_options *theirs,
                                const pinion_mount_sizes *sizes, pinion_socket_options *out)
{
    int rc = PINION_TAKE(pinion_socket_options, out, theirs, sizes->options);
    if (rc)
        return rc;
    const struct table table = { out->serializers, sizes->serializer_route, sizeof *out->serializers,
                                 "pinion_serializer_route" };
    void *copy;
    rc = copy_table(definitions, &table, &copy);
    pinion_serializer_route *ours = copy;
    for (pinion_serializer_route *route = ours; route && route->vsn && !rc; route++)
        rc = take_serializer(definitions, route);
    out->serializers = ours;
    return rc;
}
