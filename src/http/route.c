#include "http/route.h"
#include "base/log.h"
#include "proto/path.h"
#include "proto/percent.h"
#include "proto/utf8.h"
#include <stdio.h>
#include <stdlib.h>

static const char *const names[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" };
_Static_assert(sizeof names / sizeof *names == PINION_METHODS, "a name for each method");

bool pinion__http_method_read(struct pinion_slice name, enum pinion_http_method *method)
{
    for (int i = 0; i < PINION_METHODS; i++) {
        if (pinion__slice_is(name, names[i])) {
            *method = (enum pinion_http_method)i;
            return true;
        }
    }
    return false;
}

const char *pinion__http_method_name(enum pinion_http_method method)
{
    return names[method];
}

/* ---- the segments of a route ---- */

/* In the order in which they are tried. */
enum kind { END, LITERAL, PARAMETER, REST };

static enum kind kind_of(struct pinion_slice segment)
{
    if (segment.len == 0)
        return END;
    if (segment.ptr[0] == ':')
        return PARAMETER;
    return pinion__slice_is(segment, "*") ? REST : LITERAL;
}

/* The name of a parameter, without the colon. */
static struct pinion_slice name_of(struct pinion_slice segment)
{
    return kind_of(segment) == PARAMETER ? pinion__slice(segment.ptr + 1, segment.len - 1) : segment;
}

/* How many segments before the one at `end` are a parameter of this name. */
static size_t count_before(const char *path, const char *end, struct pinion_slice name)
{
    struct pinion_slice rest = pinion__slice(path, (size_t)(end - path)), segment;
    size_t count = 0;
    while ((segment = pinion__path_segment(&rest)).len > 0)
        count += kind_of(segment) == PARAMETER && pinion__slice_eq(name_of(segment), name);
    return count;
}

static int refuse(const char *path, const char *why)
{
    return pinion__fail(PINION_EINVAL, "cannot mount \"%s\": %s", path, why);
}

static int check_parameters(struct pinion_http_route *route)
{
    struct pinion_slice rest = pinion__slice_str(route->path), segment;
    bool ended = false;
    while ((segment = pinion__path_segment(&rest)).len > 0) {
        enum kind kind = kind_of(segment);
        if (ended)
            return refuse(route->path, "\"*\" is the last segment of a path");
        if (kind == LITERAL && segment.ptr[0] == '*')
            return refuse(route->path, "\"*\" has no name behind it");
        if (kind == PARAMETER && segment.len == 1)
            return refuse(route->path, "a parameter has a name behind its ':'");
        if (kind == PARAMETER && count_before(route->path, segment.ptr, name_of(segment)) > 0)
            return refuse(route->path, "two of its parameters have the same name");
        ended = kind == REST;
        route->parameters += kind != LITERAL;
    }
    route->literal = route->parameters == 0;
    return 0;
}

int pinion__http_route_new(struct pinion_http_route **out, enum pinion_http_method method, const char *path)
{
    const char *name = names[method];
    size_t size = strlen(name) + 1 + strlen(path) + 1;
    struct pinion_http_route *route = calloc(1, sizeof *route + size);
    if (!route)
        return PINION_ENOMEM;
    snprintf(route->name, size, "%s %s", name, path);
    route->method = method;
    route->path = route->name + strlen(name) + 1;
    int rc = check_parameters(route);
    if (rc)
        pinion__http_route_free(route);
    else
        *out = route;
    return rc;
}

void pinion__http_route_free(struct pinion_http_route *route)
{
    pinion__http_cors_release(&route->cors);
    free(route->accepts);
    free(route);
}

int pinion__http_route_compare(const struct pinion_http_route *a, const struct pinion_http_route *b)
{
    struct pinion_slice rest_a = pinion__slice_str(a->path), rest_b = pinion__slice_str(b->path);
    for (;;) {
        struct pinion_slice one = pinion__path_segment(&rest_a), other = pinion__path_segment(&rest_b);
        enum kind kind = kind_of(one);
        if (kind != kind_of(other))
            return kind < kind_of(other) ? -1 : 1;
        if (kind == END)
            return 0;
        if (kind == LITERAL && !pinion__slice_eq(one, other)) {
            size_t len = one.len < other.len ? one.len : other.len;
            int order = memcmp(one.ptr, other.ptr, len);
            return order ? order : one.len < other.len ? -1 : 1;
        }
    }
}

/* ---- the path of a request ---- */

bool pinion__http_route_matches(const struct pinion_http_route *route, struct pinion_slice path)
{
    struct pinion_slice pattern = pinion__slice_str(route->path);
    for (;;) {
        struct pinion_slice wanted = pinion__path_segment(&pattern);
        enum kind kind = kind_of(wanted);
        if (kind == REST)
            return true;
        struct pinion_slice got = pinion__path_segment(&path);
        if (kind == END || got.len == 0)
            return wanted.len == got.len;
        if (kind == LITERAL && !pinion__percent_same(wanted, got))
            return false;
    }
}

/* Decode a segment to *end, and move that. */
static int decode(struct pinion_slice segment, char **end)
{
    long len = pinion__percent_decode(segment, false, *end);
    if (len < 0 || !pinion__utf8_valid(*end, (size_t)len))
        return PINION_EPROTO;
    *end += len;
    return 0;
}

/* The segments that are left, with one slash between two. */
static int decode_rest(struct pinion_slice rest, char **end)
{
    struct pinion_slice segment = pinion__path_segment(&rest);
    int rc = 0;
    while (!rc && segment.len > 0) {
        rc = decode(segment, end);
        segment = pinion__path_segment(&rest);
        if (!rc && segment.len > 0)
            *(*end)++ = '/';
    }
    return rc;
}

int pinion__http_route_decode(const struct pinion_http_route *route, struct pinion_slice path, char *out)
{
    struct pinion_slice pattern = pinion__slice_str(route->path), segment;
    int rc = 0;
    while (!rc && (segment = pinion__path_segment(&pattern)).len > 0) {
        enum kind kind = kind_of(segment);
        if (kind == REST)
            rc = decode_rest(path, &out);
        else if (kind == PARAMETER)
            rc = decode(pinion__path_segment(&path), &out);
        else
            (void)pinion__path_segment(&path);
        if (kind != LITERAL)
            *out++ = '\0';
    }
    return rc;
}

const char *pinion__http_route_parameter(const struct pinion_http_route *route, const char *texts,
                                         const char *name)
{
    struct pinion_slice pattern = pinion__slice_str(route->path), segment;
    while ((segment = pinion__path_segment(&pattern)).len > 0) {
        if (kind_of(segment) == LITERAL)
            continue;
        if (pinion__slice_is(name_of(segment), name))
            return texts;
        texts += strlen(texts) + 1;
    }
    return NULL;
}
