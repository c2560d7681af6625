#include "engine/unreached.h"
#include "base/log.h"
#include <string.h>

/* True when a route with this pattern takes every topic that `other` takes. */
static bool covers(const char *pattern, const char *other)
{
    size_t len = strlen(pattern);
    if (len > 0 && pattern[len - 1] == '*')
        return strncmp(pattern, other, len - 1) == 0;
    return strcmp(pattern, other) == 0;
}

static void warn_of_clauses(const char *path, const char *topic, const char *table,
                            const pinion_clause *clauses)
{
    for (const pinion_clause *late = clauses; late && late->event; late++) {
        for (const pinion_clause *early = clauses; early < late; early++) {
            if (strcmp(early->event, "*") != 0 && strcmp(early->event, late->event) != 0)
                continue;
            pinion__log(PINION_LOG_WARNING,
                        "socket %s: the channel of \"%s\": the clause \"%s\" of %s is never called: the "
                        "clause \"%s\" "
                        "before it takes its events",
                        path, topic, late->event, table, early->event);
            break;
        }
    }
}

/* A channel with several routes is looked at once. */
static bool is_first_of_channel(const pinion_route *routes, const pinion_route *route)
{
    for (; routes < route; routes++) {
        if (routes->channel == route->channel)
            return false;
    }
    return true;
}

void pinion__warn_unreached(const char *path, const pinion_socket_def *def)
{
    const pinion_route *routes = def->channels;
    if (!routes || !routes->topic)
        pinion__log(PINION_LOG_WARNING, "socket %s: it has no routes (.channels): nobody can join a channel",
                    path);
    for (const pinion_route *late = routes; late && late->topic; late++) {
        for (const pinion_route *early = routes; early < late; early++) {
            if (!covers(early->topic, late->topic))
                continue;
            pinion__log(
                PINION_LOG_WARNING,
                "socket %s: the route \"%s\" is never taken: the route \"%s\" before it takes its topics",
                path, late->topic, early->topic);
            break;
        }
        if (!is_first_of_channel(routes, late))
            continue;
        warn_of_clauses(path, late->topic, "handle_in", late->channel->handle_in);
        warn_of_clauses(path, late->topic, "handle_out", late->channel->handle_out);
    }
}

void pinion__warn_path(const char *path)
{
    static const char *const added[] = { "/websocket", "/longpoll" };
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] == '/')
        len--;
    for (size_t i = 0; i < sizeof added / sizeof *added; i++) {
        size_t rest = len - strlen(added[i]);
        if (len < strlen(added[i]) || strncmp(path + rest, added[i], strlen(added[i])) != 0)
            continue;
        pinion__log(PINION_LOG_WARNING,
                    "socket %s: clients add the name of their transport to the path of a socket, so they "
                    "connect to %.*s%s: mount it at \"%.*s\"",
                    path, (int)len, path, added[i], rest > 0 ? (int)rest : 1, path);
    }
}
