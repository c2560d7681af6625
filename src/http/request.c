/* Reads the head of a request, and hands it to its handler. */
#include "base/log_limit.h"
#include "http/connection.h"
#include "io/peer.h"

void pinion__http_refuse(struct pinion_http *http, int status)
{
    PINION_LOG_LIMITED(PINION_LOG_INFO, "http: a request is not valid: answered %d (peer %s)", status,
                       pinion__peer_name(http->conn, (char[INET6_ADDRSTRLEN]){ 0 }));
    pinion__http_send_error(http, status, false);
}

/* Parse the head at the start of these bytes. Returns its length; 0: more must come; -1: it was refused. */
static long take_head(struct pinion_http *http, const uint8_t *bytes, size_t len,
                      struct pinion_http_request *request)
{
    size_t max = http->server->limits->max_head;
    long head = pinion__http1_parse((const char *)bytes, len, http->scanned, request);
    http->scanned = 0;
    if (head == PINION_MORE && len <= max) {
        http->scanned = len;
        return 0;
    }
    if (head == PINION_MORE || head > (long)max)
        request->refusal = pinion__http1_too_long((const char *)bytes, max);
    else if (head > 0 && request->header_count > http->server->limits->max_headers)
        request->refusal = 431;
    else if (head > 0) {
        http->asked = true;
        return head;
    }
    pinion__http_refuse(http, request->refusal);
    return -1;
}

static bool expects_continue(const struct pinion_http_request *request)
{
    return request->minor >= 1 && pinion__http1_has_token(request, "expect", "100-continue");
}

static void expect_body(struct pinion_http *http, struct pinion_http_request *request)
{
    http->has_rest = pinion__http1_has_body(request);
    http->keep_alive = request->keep_alive;
    http->expects = http->has_rest && expects_continue(request);
    if (http->has_rest)
        pinion__http_body_init(&http->body, request);
    if (http->expects)
        request->keep_alive = false; /* after an early answer the peer may or may not send the body */
}

/* The answer to a HEAD has no content, even if the head is refused. So this looks at the first bytes alone.
 */
static bool begins_with_head(const uint8_t *bytes, size_t len)
{
    static const char method[] = "HEAD ";
    size_t skip = len >= 2 && memcmp(bytes, "\r\n", 2) == 0 ? 2 : 0;
    return len - skip >= sizeof method - 1 && memcmp(bytes + skip, method, sizeof method - 1) == 0;
}

/* ---- who answers it ---- */

bool pinion__http_can_drop(const struct pinion_http *http, const struct pinion_http_request *request)
{
    return request->content_length <= http->discard_left;
}

/* The status for a request that its handler does not serve, or that has no handler; else 0. */
static int refusal_of(const struct pinion_http_request *request, const struct pinion_http_handler *handler)
{
    bool found = handler->serve != NULL;
    if ((!found || handler->gets) && !pinion__http1_method_known(request->method))
        return 501;
    if (!found)
        return 404;
    return handler->gets && !pinion__http1_is_get(request) ? 405 : 0;
}

/* OPTIONS of the server as a whole, and of a handler that answers GET and HEAD only (RFC 9110 section 9.3.7).
 * Returns the methods that it has; NULL: the request is another one. */
static const char *methods_asked_for(const struct pinion_http_request *request,
                                     const struct pinion_http_handler *handler)
{
    if (!pinion__slice_is(request->method, "OPTIONS"))
        return NULL;
    if (pinion__slice_is(request->path, "*"))
        return "allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n" PINION_HTTP_PRIVATE;
    return handler->serve && handler->gets ? PINION_HTTP_GETS : NULL;
}

static void serve(struct pinion_http *http, struct pinion_http_request *request, struct pinion_slice head)
{
    struct pinion_http_handler handler = { .serve = NULL };
    if (!http->server->find(http->server, request, &handler))
        handler = (struct pinion_http_handler){ .serve = NULL };
    http->discard_left =
        PINION_HTTP_DISCARD_MAX + (uint64_t)handler.max_body; /* the handler could have taken so much */
    if (!pinion__http_can_drop(http, request))
        request->keep_alive = http->keep_alive = false; /* the body will not be read to its end */
    const char *methods = methods_asked_for(request, &handler);
    if (methods) {
        pinion__http_send_text(http, 204, methods, "", request->keep_alive);
        return;
    }
    int refusal = refusal_of(request, &handler);
    if (refusal) {
        pinion__http_send_error(http, refusal, request->keep_alive);
        return;
    }
    http->returning |= handler.returning;
    handler.serve(http, handler.data, request, head);
}

/* Somebody else is attached to the connection now: give them the bytes behind the request. */
static void give_away(struct pinion_http *http, uint8_t *rest, size_t len)
{
    struct pinion_conn *conn = http->conn;
    bool eof = http->eof;
    pinion__http_free(http);
    if (len > 0)
        pinion__conn_deliver(conn, rest, len);
    if (eof)
        pinion__conn_deliver(conn, NULL, 0);
}

size_t pinion__http_take_request(struct pinion_http *http, uint8_t *bytes, size_t len, bool *given)
{
    struct pinion_http_request request;
    const struct pinion_http_server *server = http->server;
    http->head_only = begins_with_head(bytes, len);
    long head = take_head(http, bytes, len, &request);
    if (head <= 0)
        return 0;
    if (server->stops || (server->drains && !http->returning))
        request.keep_alive = false;
    expect_body(http, &request);
    serve(http, &request, pinion__slice((const char *)bytes, (size_t)head));
    *given = http->state == PINION_HTTP_GIVEN;
    if (*given) {
        give_away(http, bytes + head, len - (size_t)head);
        return len;
    }
    if (http->state == PINION_HTTP_HEAD) /* it has its answer */
        pinion__http_answered(http);
    return (size_t)head;
}

void pinion__http_hand_over(struct pinion_http *http)
{
    pinion__http_enter(http, PINION_HTTP_GIVEN);
}
