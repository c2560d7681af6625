/* A route: a method, a path with parameters, and the application's function for it.
 *
 * The segments of a path are literals, `:name` (any one segment) or, as the last one, `*` (all that are left,
 * if there are any). Segments are compared as they were sent, not decoded. */
#ifndef PINION_HTTP_ROUTE_H
#define PINION_HTTP_ROUTE_H

#include "base/slice.h"
#include "http/cors.h"
#include <pinion/http.h>

enum pinion_http_method {
    PINION_METHOD_GET,
    PINION_METHOD_HEAD,
    PINION_METHOD_POST,
    PINION_METHOD_PUT,
    PINION_METHOD_PATCH,
    PINION_METHOD_DELETE,
    PINION_METHOD_OPTIONS,
    PINION_METHODS
};

struct pinion_http_route {
    enum pinion_http_method method;
    pinion_http_fn *fn;
    void *context;
    size_t max_body;
    char *accepts; /* the media type of bodies; NULL: any */
    struct pinion_http_cors cors;
    pinion_get_fn *page; /* a page's function (page.h); NULL: it is no page */
    void *page_data;
    bool literal;      /* it has no parameters */
    size_t parameters; /* how many it has, `*` too */
    const char *path;  /* within name */
    char name[];       /* "GET /rooms/:id" */
};

/* The method of this name. Returns false when routes cannot have it. */
bool pinion__http_method_read(struct pinion_slice name, enum pinion_http_method *method);
const char *pinion__http_method_name(enum pinion_http_method method);

/* Make a route. Its path is one that requests can have. PINION_EINVAL, with a sentence: parameters that are
 * wrong; PINION_ENOMEM. */
int pinion__http_route_new(struct pinion_http_route **out, enum pinion_http_method method, const char *path);
void pinion__http_route_free(struct pinion_http_route *route);

/* True when the route takes a request with this path. */
bool pinion__http_route_matches(const struct pinion_http_route *route, struct pinion_slice path);

/* The order of routes: where both match a path, the one that comes first is more specific. 0: they match the
 * same paths. */
int pinion__http_route_compare(const struct pinion_http_route *a, const struct pinion_http_route *b);

/* Decode what the parameters have taken from a path that matches: one terminated text after the other, in the
 * order of the route. `out` has room for the path's length and a byte for each parameter. PINION_EPROTO: a
 * broken escape, a NUL, or text that is not UTF-8. */
int pinion__http_route_decode(const struct pinion_http_route *route, struct pinion_slice path, char *out);

/* The text of this parameter among these; NULL when the route does not have it. */
const char *pinion__http_route_parameter(const struct pinion_http_route *route, const char *texts,
                                         const char *name);

#endif
