#include "http/cors.h"
#include "base/log.h"
#include "base/strings.h"
#include "proto/origin_pattern.h"
#include <stdio.h>
#include <stdlib.h>

#define ASKED_MAX 1100 /* bytes of the names of headers */

/* ---- the origins of a route ---- */

static int read_origins(struct pinion_http_cors *cors)
{
    char why[PINION_ORIGIN_WHY];
    size_t count = 0;
    while (cors->texts[count])
        count++;
    cors->origins = calloc(count + 1, sizeof *cors->origins);
    if (!cors->origins)
        return PINION_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(cors->texts[i], "*") == 0)
            cors->any = true;
        else if (!pinion__origin_pattern_read(pinion__slice_str(cors->texts[i]),
                                              &cors->origins[cors->count++], why))
            return pinion__fail(PINION_EINVAL, "cors_origins: \"%s\" is not an origin: %s", cors->texts[i],
                                why);
    }
    return 0;
}

int pinion__http_cors_init(struct pinion_http_cors *cors, const char *const *origins, bool credentials)
{
    cors->credentials = credentials;
    int rc = pinion__strings_copy(origins, &cors->texts);
    if (!rc && cors->texts)
        rc = read_origins(cors);
    if (!rc && credentials && (cors->any || cors->count == 0))
        rc = pinion__fail(PINION_EINVAL, "cors_credentials: name the origins in cors_origins, without \"*\": "
                                         "their pages act for the user");
    return rc;
}

void pinion__http_cors_release(struct pinion_http_cors *cors)
{
    free(cors->origins);
    free((void *)cors->texts);
}

/* ---- requests ---- */

static bool is_allowed(const struct pinion_http_cors *cors, struct pinion_slice text)
{
    struct pinion_origin origin;
    return cors->any || (pinion__origin_read(text, &origin) &&
                         pinion__origin_matches_any(&origin, cors->origins, cors->count));
}

int pinion__http_cors_put(const struct pinion_http_cors *cors, const struct pinion_http_request *request,
                          struct pinion_http_headers *headers)
{
    struct pinion_slice origin = pinion__http1_header(request, "origin");
    int rc = 0;
    if (!cors->texts)
        return 0;
    if (!cors->any) /* caches must tell the answers for one origin from those for another */
        rc = pinion__http_headers_line(headers, "vary", pinion__slice_str("origin"));
    if (rc || !origin.ptr || !is_allowed(cors, origin))
        return rc;
    rc = pinion__http_headers_line(headers, "access-control-allow-origin",
                                   cors->any ? pinion__slice_str("*") : origin);
    if (!rc && cors->credentials)
        rc =
            pinion__http_headers_line(headers, "access-control-allow-credentials", pinion__slice_str("true"));
    return rc;
}

/* ---- what browsers ask in advance ---- */

struct pinion_slice pinion__http_cors_method(const struct pinion_http_request *request)
{
    struct pinion_slice method = pinion__http1_header(request, "access-control-request-method");
    bool asks = pinion__slice_is(request->method, "OPTIONS") && pinion__http1_header(request, "origin").ptr;
    return asks ? method : pinion__slice(NULL, 0);
}

bool pinion__http_cors_asked(const struct pinion_http_request *request, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < request->header_count; i++) {
        const struct pinion_http_header *header = &request->headers[i];
        if (!pinion__http1_header_is(header, "access-control-request-headers"))
            continue;
        len += (size_t)snprintf(out + len, size - len, "%s%.*s", len ? ", " : "", (int)header->value.len,
                                header->value.ptr);
        if (len >= size)
            return false;
    }
    return true;
}

int pinion__http_cors_put_preflight(const struct pinion_http_cors *cors,
                                    const struct pinion_http_request *request,
                                    struct pinion_http_headers *headers)
{
    char asked[ASKED_MAX];
    struct pinion_slice origin = pinion__http1_header(request, "origin");
    int rc = pinion__http_cors_put(cors, request, headers);
    if (rc || !cors->texts || !is_allowed(cors, origin))
        return rc;
    rc =
        pinion__http_headers_line(headers, "access-control-allow-methods", pinion__http_cors_method(request));
    if (!rc && pinion__http_cors_asked(request, asked, sizeof asked) && asked[0])
        rc = pinion__http_headers_line(headers, "access-control-allow-headers", pinion__slice_str(asked));
    if (!rc)
        rc = pinion__http_headers_line(headers, "access-control-max-age", pinion__slice_str("3600"));
    return rc;
}
