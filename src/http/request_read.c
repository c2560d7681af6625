/* What the application reads of a request. */
#include "base/log.h"
#include "base/misuse.h"
#include "http/call.h"
#include "http/http.h"
#include "proto/payload.h"
#include "proto/query.h"
#include <strings.h>

/* Only builds with checks look at the thread. */
#ifdef PINION_CHECKS
#define CHECK_REQUEST(request, otherwise)                                                                    \
    PINION_NEED(request, otherwise);                                                                         \
    PINION_ON_LOOP_OF_REQUEST(request, otherwise)
#else
#define CHECK_REQUEST(request, otherwise) PINION_NEED(request, otherwise)
#endif

/* What is looked up for the first time is kept. No request is const in memory. */
static pinion_request *to_fill(const pinion_request *request)
{
    return (pinion_request *)request;
}

pinion_endpoint *pinion_request_endpoint(const pinion_request *request)
{
    CHECK_REQUEST(request, return NULL);
    return request->server->endpoint;
}

/* ---- the request line ---- */

const char *pinion_request_method(const pinion_request *request)
{
    enum pinion_http_method method;
    CHECK_REQUEST(request, return NULL);
    bool known = pinion__http_method_read(request->head->method, &method);
    return pinion__http_method_name(known ? method : request->route->method);
}

const char *pinion_request_path(const pinion_request *request)
{
    CHECK_REQUEST(request, return NULL);
    return request->path;
}

const char *pinion_request_query(const pinion_request *request)
{
    CHECK_REQUEST(request, return NULL);
    return request->query;
}

const pinion_payload *pinion_request_params(const pinion_request *request)
{
    json_t *tree = NULL;
    CHECK_REQUEST(request, return NULL);
    if (!request->parsed && pinion__query_parse(request->head->query, &tree) == 0)
        to_fill(request)->params = pinion_payload_json(tree);
    to_fill(request)->parsed = true;
    return request->params;
}

const char *pinion_request_path_param(const pinion_request *request, const char *name)
{
    CHECK_REQUEST(request, return NULL);
    PINION_NEED(name, return NULL);
    return pinion__http_route_parameter(request->route, request->parameters, name);
}

/* ---- headers ---- */

pinion_slice pinion_request_header(const pinion_request *request, const char *name)
{
    const pinion_slice none = { NULL, 0 };
    CHECK_REQUEST(request, return none);
    PINION_NEED(name, return none);
    size_t len = strlen(name);
    for (size_t i = 0; i < request->head->header_count; i++) {
        const struct pinion_http_header *header = &request->head->headers[i];
        if (header->name.len == len && strncasecmp(header->name.ptr, name, len) == 0)
            return header->value;
    }
    return none;
}

void pinion_request_headers(const pinion_request *request, const char *prefix, pinion_header_fn *fn,
                            void *data)
{
    CHECK_REQUEST(request, return );
    PINION_NEED(prefix, return );
    PINION_NEED(fn, return );
    pinion__http1_each_header(request->head, prefix, fn, data);
}

/* ---- the client ---- */

const char *pinion_request_peer(const pinion_request *request)
{
    CHECK_REQUEST(request, return "");
    pinion__request_look(to_fill(request));
    return request->peer;
}

uint16_t pinion_request_peer_port(const pinion_request *request)
{
    CHECK_REQUEST(request, return 0);
    pinion__request_look(to_fill(request));
    return request->port;
}

const char *pinion_request_scheme(const pinion_request *request)
{
    CHECK_REQUEST(request, return "http");
    pinion__request_look(to_fill(request));
    return request->secure ? "https" : "http";
}

/* ---- the body ---- */

pinion_slice pinion_request_body(const pinion_request *request)
{
    const pinion_slice none = { NULL, 0 };
    CHECK_REQUEST(request, return none);
    return pinion__slice(request->body.data, request->body.len);
}

static int read_json(const pinion_request *request, pinion_payload **out)
{
    const struct pinion_buf *body = &request->body;
    pinion_payload *payload = pinion_payload_text(body->len ? body->data : "", body->len);
    if (pinion_payload_kind(payload) != PINION_PAYLOAD_POISON) {
        *out = payload;
        return 0;
    }
    bool no_memory = payload->room == 0; /* there was none for the reason either */
    pinion_payload_unref(payload);
    return no_memory ? PINION_ENOMEM
                     : pinion__fail(PINION_EPROTO, "the body of %s is not JSON (RFC 8259, UTF-8)",
                                    request->route->name);
}

int pinion_request_json(const pinion_request *request, pinion_payload **out)
{
    PINION_NEEDED(request);
    PINION_NEEDED(out);
    CHECK_REQUEST(request, return PINION_EINVAL);
    PINION_RETURN(read_json(request, out));
}
