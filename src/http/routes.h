/* All routes of an endpoint, the most specific first. */
#ifndef PINION_HTTP_ROUTES_H
#define PINION_HTTP_ROUTES_H

#include "http/http.h"
#include "http/route.h"

struct pinion_http_routes {
    struct pinion_http_route *
        *routes; /* in the order of pinion__http_route_compare; of one path, HEAD before GET */
    size_t count;
};

/* Add a route, which is the table's from now on; on failure it is freed. PINION_EINVAL, with a sentence:
 * there is one that takes the same requests; PINION_ENOMEM. */
int pinion__http_routes_add(struct pinion_http_routes *routes, struct pinion_http_route *route);
void pinion__http_routes_release(struct pinion_http_routes *routes);

/* What the table has for a request. */
struct pinion_http_found {
    const struct pinion_http_route *route;  /* that takes the request; NULL: there is none */
    const struct pinion_http_route *shared; /* one of the path that pages of other origins may use, or NULL */
    unsigned methods;                       /* of all routes of the path, a bit for each */
};

struct pinion_http_found pinion__http_routes_find(const struct pinion_http_routes *routes,
                                                  struct pinion_slice name, struct pinion_slice path);

/* Answer a request whose path has routes, but none for its method: OPTIONS with the methods (204), and with
 * what pages of other origins may do; others with 405. A function for pinion_http_handler.serve; `data` is
 * the table. */
void pinion__http_routes_refuse(struct pinion_http *http, const void *routes,
                                const struct pinion_http_request *request, struct pinion_slice head);

#endif
