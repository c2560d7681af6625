#include "http/routes.h"
#include "base/log.h"
#include <stdio.h>
#include <stdlib.h>

/* Of one path, HEAD comes before GET, which takes a HEAD too. */
static int compare(const struct pinion_http_route *a, const struct pinion_http_route *b)
{
    int order = pinion__http_route_compare(a, b);
    return order ? order : (int)b->method - (int)a->method;
}

/* Make room for one more route. */
static bool has_room(struct pinion_http_routes *routes)
{
    struct pinion_http_route **larger =
        realloc(routes->routes, (routes->count + 1) * sizeof(struct pinion_http_route *));
    if (larger)
        routes->routes = larger;
    return larger != NULL;
}

static int place_for(struct pinion_http_routes *routes, const struct pinion_http_route *route, size_t *place)
{
    for (*place = 0; *place < routes->count; ++*place) {
        const struct pinion_http_route *other = routes->routes[*place];
        int order = compare(route, other);
        if (order == 0)
            return pinion__fail(PINION_EINVAL,
                                "cannot mount \"%s\": \"%s\" is mounted already for %s, and is the same path",
                                route->path, other->path, pinion__http_method_name(other->method));
        if (order < 0)
            break;
    }
    return has_room(routes) ? 0 : PINION_ENOMEM;
}

int pinion__http_routes_add(struct pinion_http_routes *routes, struct pinion_http_route *route)
{
    size_t place;
    int rc = place_for(routes, route, &place);
    if (rc) {
        pinion__http_route_free(route);
        return rc;
    }
    struct pinion_http_route **at = routes->routes + place;
    memmove(at + 1, at, (routes->count - place) * sizeof(struct pinion_http_route *));
    *at = route;
    routes->count++;
    return 0;
}

void pinion__http_routes_release(struct pinion_http_routes *routes)
{
    for (size_t i = 0; i < routes->count; i++)
        pinion__http_route_free(routes->routes[i]);
    free(routes->routes);
    *routes = (struct pinion_http_routes){ 0 };
}

/* ---- requests ---- */

static bool takes(const struct pinion_http_route *route, enum pinion_http_method method)
{
    return route->method == method || (method == PINION_METHOD_HEAD && route->method == PINION_METHOD_GET);
}

struct pinion_http_found pinion__http_routes_find(const struct pinion_http_routes *routes,
                                                  struct pinion_slice name, struct pinion_slice path)
{
    struct pinion_http_found found = { .route = NULL };
    enum pinion_http_method method;
    bool known = pinion__http_method_read(name, &method);
    if (path.ptr[0] != '/') /* OPTIONS * is for the server as a whole */
        return found;
    for (size_t i = 0; i < routes->count && !found.route; i++) {
        const struct pinion_http_route *route = routes->routes[i];
        if (!pinion__http_route_matches(route, path))
            continue;
        found.methods |= 1u << route->method;
        if (known && takes(route, method))
            found.route = route;
        else if (route->cors.texts)
            found.shared = route;
    }
    return found;
}

/* ---- requests that no route takes ---- */

#define ALLOW_MAX 80

static void write_allow(unsigned methods, char out[ALLOW_MAX])
{
    size_t len = 0;
    methods |= 1u << PINION_METHOD_OPTIONS;
    if (methods & 1u << PINION_METHOD_GET)
        methods |= 1u << PINION_METHOD_HEAD;
    for (int i = 0; i < PINION_METHODS; i++) {
        if (methods & 1u << i)
            len += (size_t)snprintf(out + len, ALLOW_MAX - len, "%s%s", len > 0 ? ", " : "",
                                    pinion__http_method_name((enum pinion_http_method)i));
    }
}

/* What a page of another origin may do with the route that it asks about in advance. */
static int put_preflight(struct pinion_http_headers *headers, const struct pinion_http_routes *routes,
                         const struct pinion_http_request *request)
{
    struct pinion_slice wanted = pinion__http_cors_method(request);
    struct pinion_http_found found = pinion__http_routes_find(routes, wanted, request->path);
    return found.route ? pinion__http_cors_put_preflight(&found.route->cors, request, headers) : 0;
}

/* The headers of the answer. */
static int put_headers(struct pinion_http_headers *headers, const struct pinion_http_routes *routes,
                       const struct pinion_http_request *request)
{
    char allow[ALLOW_MAX];
    struct pinion_http_found found = pinion__http_routes_find(routes, request->method, request->path);
    write_allow(found.methods, allow);
    int rc = pinion__http_headers_line(headers, "allow", pinion__slice_str(allow));
    if (!rc && pinion__slice_is(request->method, "OPTIONS"))
        rc = put_preflight(headers, routes, request);
    else if (!rc && found.shared) /* its page may read that there is no such method */
        rc = pinion__http_cors_put(&found.shared->cors, request, headers);
    return rc ? rc : pinion__http_headers_end(headers);
}

void pinion__http_routes_refuse(struct pinion_http *http, const void *routes,
                                const struct pinion_http_request *request, struct pinion_slice head)
{
    struct pinion_http_headers headers;
    pinion__http_headers_init(&headers);
    if (!pinion__http1_method_known(request->method))
        pinion__http_send_error(http, 501, request->keep_alive);
    else if (put_headers(&headers, routes, request) != 0)
        pinion__http_send_error(http, 500, request->keep_alive);
    else if (pinion__slice_is(request->method, "OPTIONS"))
        pinion__http_send_text(http, 204, headers.lines.data, "", request->keep_alive);
    else
        pinion__http_send_status(http, 405, headers.lines.data, request->keep_alive);
    pinion__http_headers_release(&headers);
}
