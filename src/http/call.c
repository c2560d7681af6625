#include "http/call.h"
#include "base/log_limit.h"
#include "http/connection.h"
#include "io/peer.h"
#include "proto/forwarded.h"
#include <stdlib.h>
#include <strings.h>

_Static_assert(PINION_REQUEST_PEER >= INET6_ADDRSTRLEN, "an address fits");

/* ---- the request: its memory ---- */

/* A head that outlives the connection's buffer. */
struct pinion_http_kept {
    struct pinion_http_request head;
    char bytes[];
};

static char *put_text(char *out, struct pinion_slice text)
{
    if (text.len)
        memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return out + text.len + 1;
}

static void end(struct pinion_request *request)
{
    pinion_payload_unref(request->params);
    pinion__buf_release(&request->body);
    pinion__http_headers_release(&request->headers);
    free(request->kept);
    free(request);
}

/* PINION_EPROTO: its path cannot be decoded; PINION_ENOMEM. */
static int begin(struct pinion_request **out, struct pinion_http *http, const struct pinion_http_route *route,
                 const struct pinion_http_request *head, struct pinion_slice bytes)
{
    size_t room = 2 * (head->path.len + 1) + head->query.len + 1 + route->parameters;
    struct pinion_request *request = calloc(1, sizeof *request + room);
    if (!request)
        return PINION_ENOMEM;
    request->http = http;
    request->server = pinion__http_server(http);
    request->scheduler = request->server->scheduler;
    request->route = route;
    request->head = head;
    request->bytes = bytes;
    request->path = request->text;
    request->query = put_text(request->text, head->path);
    char *parameters = put_text((char *)request->query, head->query);
    request->parameters = parameters;
    pinion__buf_init(&request->body, route->max_body);
    pinion__http_headers_init(&request->headers);
    int rc = pinion__http_route_decode(route, head->path, parameters);
    if (!rc)
        rc = pinion__http_cors_put(&route->cors, head, &request->headers);
    if (rc)
        end(request);
    else
        *out = request;
    return rc;
}

int pinion__request_keep(struct pinion_request *request)
{
    struct pinion_slice bytes = request->bytes;
    struct pinion_http_kept *kept = request->kept;
    if (kept)
        return 0;
    kept = malloc(sizeof *kept + bytes.len);
    if (!kept)
        return PINION_ENOMEM;
    memcpy(kept->bytes, bytes.ptr, bytes.len);
    (void)pinion__http1_parse(kept->bytes, bytes.len, 0, &kept->head); /* as it did the first time */
    request->kept = kept;
    request->head = &kept->head;
    return 0;
}

/* ---- where it comes from ---- */

void pinion__request_look(struct pinion_request *request)
{
    const struct pinion_http_server *server = request->server;
    struct pinion_forwarded from;
    uint8_t address[16];
    uint16_t port = 0;
    bool known = !request->looked && request->http &&
                 pinion__peer_of(pinion__http_conn(request->http), address, &port);
    request->looked = true;
    if (!known)
        return;
    pinion__forwarded(request->head, address, port, server->trusted, server->trusted_count, &from);
    pinion__peer_text(from.address, request->peer);
    request->port = from.port;
    request->secure = pinion__slice_is(from.scheme, "https");
}

/* ---- the end ---- */

static void end_if_over(struct pinion_request *request)
{
    if (request->works == 0)
        end(request);
}

static void end_ref(struct pinion_request *request)
{
    if (request->ref)
        request->end_ref(request);
}

/* The connection has gone. */
static void lose(void *data)
{
    struct pinion_request *request = data;
    request->http = NULL;
    end_ref(request);
    end_if_over(request);
}

static const struct pinion_http_answerer waiting = { .abandoned = lose };

/* It has its answer. */
static void finish(struct pinion_request *request)
{
    struct pinion_http *http = request->waits ? request->http : NULL;
    request->http = NULL;
    end_ref(request);
    end_if_over(request);
    if (http)
        pinion__http_answer_end(http);
}

/* ---- the answer ---- */

void pinion__request_let_answer(struct pinion_request *request)
{
    request->answered = true;
    if (request->waits)
        pinion__http_answer_begin(request->http);
}

void pinion__request_send(struct pinion_request *request, const struct pinion_http_answer *answer,
                          const void *body, size_t len)
{
    pinion__request_let_answer(request);
    pinion__http_send(request->http, answer, body, len);
}

/* Answer with an error. A page of another origin, to which the route is open, may read this too. */
static void answer_error(struct pinion_http *http, const struct pinion_http_route *route,
                         const struct pinion_http_request *head, int status, bool keep_alive)
{
    struct pinion_http_headers headers;
    pinion__http_headers_init(&headers);
    int rc = pinion__http_cors_put(&route->cors, head, &headers);
    if (rc || pinion__http_headers_end(&headers) != 0)
        pinion__http_send_error(http, status, keep_alive);
    else
        pinion__http_send_status(http, status, headers.lines.data, keep_alive);
    pinion__http_headers_release(&headers);
}

/* Nobody is left who could answer. Often a call has failed just before. */
static void break_promise(struct pinion_request *request)
{
    const char *why = pinion__error_mark() != request->mark ? pinion_error_detail() : "";
    pinion__request_look(request);
    PINION_LOG_LIMITED(
        PINION_LOG_WARNING,
        request->waits ? "http: %s is answered 500: its ref was freed, or its work was done, without an "
                         "answer (pinion_request_ref_answer, pinion_request_answer; peer %s)%s%s"
                       : "http: %s is answered 500: its function has returned without an answer, a ref or "
                         "work (pinion_request_answer; peer %s)%s%s",
        request->route->name, request->peer, why[0] ? "; a call has failed: " : "", why);
    pinion__request_let_answer(request);
    answer_error(request->http, request->route, request->head, 500, pinion__http_keep_alive(request->http));
}

/* Somebody will answer. */
static void wait(struct pinion_request *request)
{
    if (!request->waits)
        pinion__http_wait(request->http, &waiting, request);
    request->waits = true;
}

void pinion__request_settle(struct pinion_request *request)
{
    bool owed = !request->answered && request->http;
    if (owed && (request->ref || request->works > 0)) {
        wait(request);
        return;
    }
    if (owed)
        break_promise(request);
    finish(request);
}

/* ---- the function ---- */

void pinion__request_guard(struct pinion_request *request, const char *kind, void (*run)(void *data),
                           void *data)
{
    struct pinion_http_server *server = request->server;
    const struct pinion_http_route *route = request->route;
    request->mark = pinion__error_mark();
    if (server->guard)
        server->guard(server, kind, route->page ? route->path : route->name, run, data);
    else
        run(data);
}

static void run(void *data)
{
    struct pinion_request *request = data;
    request->route->fn(request, request->route->context);
}

static void call(struct pinion_request *request)
{
    pinion__request_guard(request, request->route->page ? "page" : "http", run, request);
    pinion__request_settle(request);
}

/* ---- its body ---- */

static int take_piece(void *data, struct pinion_slice piece)
{
    struct pinion_request *request = data;
    return pinion__buf_append(&request->body, piece.ptr, piece.len);
}

static void body_ended(struct pinion_http *http, void *data)
{
    call(data);
}

static void refuse_body(struct pinion_http *http, void *data, int status)
{
    const struct pinion_request *request = data;
    answer_error(http, request->route, request->head, status, false);
}

static const struct pinion_http_answerer collecting = {
    .body = take_piece, .too_long = 413, .body_end = body_ended, .refuse = refuse_body, .abandoned = lose
};

/* ---- serving ---- */

/* True for a body of the media type that the route takes. Types are compared without their parameters. */
static bool is_acceptable(const struct pinion_http_route *route, const struct pinion_http_request *head)
{
    struct pinion_slice type = pinion__http1_header(head, "content-type");
    const char *end = type.ptr ? memchr(type.ptr, ';', type.len) : NULL;
    if (!route->accepts || !pinion__http1_has_body(head))
        return true;
    if (end)
        type = pinion__slice_trim(pinion__slice(type.ptr, (size_t)(end - type.ptr)));
    return type.ptr && type.len == strlen(route->accepts) &&
           strncasecmp(type.ptr, route->accepts, type.len) == 0;
}

/* The status for a request that the route does not take; else 0. */
static int refusal_of(const struct pinion_http_route *route, const struct pinion_http_request *head)
{
    if (route->page) /* it is answered before its body has come */
        return 0;
    if (head->content_length > route->max_body)
        return 413;
    return is_acceptable(route, head) ? 0 : 415;
}

static int start(struct pinion_http *http, const struct pinion_http_route *route,
                 const struct pinion_http_request *head, struct pinion_slice bytes)
{
    struct pinion_request *request = NULL;
    bool reads = pinion__http1_has_body(head) && !route->page;
    int rc = begin(&request, http, route, head, bytes);
    if (rc)
        return rc;
    if (reads && pinion__request_keep(request) != 0) {
        end(request);
        return PINION_ENOMEM;
    }
    if (reads)
        pinion__http_read_body(http, &collecting, request);
    else
        call(request);
    return 0;
}

void pinion__http_serve_route(struct pinion_http *http, const void *data,
                              const struct pinion_http_request *request, struct pinion_slice head)
{
    int refusal = refusal_of(data, request);
    if (refusal) {
        answer_error(http, data, request, refusal, request->keep_alive);
        return;
    }
    int rc = start(http, data, request, head);
    if (rc)
        answer_error(http, data, request, rc == PINION_EPROTO ? 400 : 500, request->keep_alive);
}
