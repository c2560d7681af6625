/* HTTP on an accepted connection, until it is upgraded or closed: the request head, what is mounted at its
 * path, the body, and the answer.
 *
 * Requests are answered one after the other; what came of the next waits. While a file is being sent, reading
 * stops. A body that nobody asked for is read and dropped, after its request was answered.
 */
#include "endpoint/http.h"
#include "base/log_limit.h"
#include "endpoint/page.h"
#include "engine/channel.h"
#include "proto/path.h"
#include "transport/longpoll.h"
#include "transport/peer.h"
#include "transport/websocket.h"
#include <stdlib.h>
#include <unistd.h>

#define BACKLOG_MAX (256u * 1024) /* bytes of answers waiting; above it no request is read */
#define INPUT_SLACK (128u * 1024) /* what may come at once, and once more after a pause */

static void process(struct pinion_http *http, uint8_t *bytes, size_t len);

/* ---- life ---- */

static void http_free(struct pinion_http *http)
{
    pinion__timer_cancel(&http->deadline);
    pinion__list_remove(&http->node);
    pinion__buf_release(&http->input);
    pinion__buf_release(&http->head);
    pinion__http_longpoll_release(http);
    if (http->file >= 0)
        close(http->file);
    http->file = -1;
    http->gone = true;
    if (!http->pumping)
        free(http);
}

void pinion__http_set_deadline(struct pinion_http *http, uint32_t ms)
{
    pinion__scheduler_timer(http->loop->scheduler, &http->deadline, ms);
}

void pinion__http_finish(struct pinion_http *http)
{
    if (http->closing)
        return;
    http->closing = true;
    pinion__buf_release(&http->input);
    if (http->eof && pinion__conn_flush(http->conn) == 0) {
        pinion__conn_close(http->conn);
        return;
    }
    pinion__conn_resume(http->conn);
    pinion__conn_shutdown(http->conn);
    pinion__http_set_deadline(http, http->loop->server->options.close_timeout_ms);
}

/* An answer takes its time. */
static bool is_answering(const struct pinion_http *http)
{
    return http->file >= 0 || (http->call && !http->in_body);
}

/* Requests wait. */
static bool is_busy(const struct pinion_http *http)
{
    return http->closing || http->backlogged || is_answering(http);
}

void pinion__http_go_on(struct pinion_http *http)
{
    struct pinion_buf waiting = http->input;
    pinion__http_set_deadline(http, http->loop->server->options.head_timeout_ms);
    pinion__buf_init(&http->input, waiting.max);
    if (!http->eof)
        pinion__conn_resume(http->conn);
    process(http, (uint8_t *)waiting.data, waiting.len);
    pinion__buf_release(&waiting);
}

/* ---- what is mounted at a path ---- */

static bool matches(const struct pinion_mounted *mounted, struct pinion_slice path)
{
    switch (mounted->kind) {
    case PINION_MOUNT_SOCKET:
        return pinion__http_transport(&mounted->socket, path) != PINION_HTTP_NONE;
    case PINION_MOUNT_PAGE:
        return pinion__path_is(path, mounted->page.path);
    case PINION_MOUNT_STATIC:
        return true; /* it looks for itself */
    }
    return false;
}

/* What is mounted exactly here comes before files, whatever the order; of file directories the one with the
 * longest prefix. */
static const struct pinion_mounted *find_mounted(const struct pinion_server *server, struct pinion_slice path)
{
    const struct pinion_mounted *files = NULL;
    for (size_t i = 0; i < server->mounted_count; i++) {
        const struct pinion_mounted *mounted = &server->mounted[i];
        if (!matches(mounted, path))
            continue;
        if (mounted->kind != PINION_MOUNT_STATIC)
            return mounted;
        size_t prefix = strlen(mounted->files.prefix);
        bool below = path.len >= prefix && memcmp(path.ptr, mounted->files.prefix, prefix) == 0;
        if (below && (!files || prefix > strlen(files->files.prefix)))
            files = mounted;
    }
    return files;
}

static void serve_page(struct pinion_http *http, const struct pinion_page *page,
                       const struct pinion_http_request *request)
{
    struct pinion_response response;
    struct pinion_call call = { .callback = "page", .detail = page->path };
    pinion__response_init(&response);
    pinion__call_enter(http->loop->shard, &call);
    pinion__page_call(page->fn, page->data, request, &response);
    pinion__call_leave(http->loop->shard);
    struct pinion_http_answer answer = pinion__http_answer_of(&response, request->keep_alive);
    pinion__http_send(http, &answer, response.body, response.length);
    pinion__response_release(&response);
}

/* Pages and files. */
static void serve_content(struct pinion_http *http, const struct pinion_mounted *mounted,
                          const struct pinion_http_request *request)
{
    bool get = pinion__slice_is(request->method, "GET") || pinion__slice_is(request->method, "HEAD");
    bool ours = get && (!mounted || mounted->kind == PINION_MOUNT_STATIC);
    if (ours && pinion__http_serve_health(http, request))
        return;
    if (!pinion__http1_method_known(request->method))
        pinion__http_send_error(http, 501, request->keep_alive);
    else if (!mounted)
        pinion__http_send_error(http, 404, request->keep_alive);
    else if (!get)
        pinion__http_send_error(http, 405, request->keep_alive);
    else if (mounted->kind == PINION_MOUNT_PAGE)
        serve_page(http, &mounted->page, request);
    else
        pinion__http_serve_file(http, &mounted->files, request);
}

/* True when the connection is no longer HTTP. */
static bool serve(struct pinion_http *http, const struct pinion_http_request *request,
                  struct pinion_slice head)
{
    const struct pinion_mounted *mounted = find_mounted(http->loop->server, request->path);
    enum pinion_http_transport transport = PINION_HTTP_NONE;
    if (mounted && mounted->kind == PINION_MOUNT_SOCKET)
        transport = pinion__http_transport(&mounted->socket, request->path);
    if (transport == PINION_HTTP_WEBSOCKET)
        return pinion__http_serve_websocket(http, &mounted->socket, request);
    if (transport == PINION_HTTP_LONGPOLL)
        pinion__http_serve_longpoll(http, &mounted->socket, request, head);
    else
        serve_content(http, mounted, request);
    return false;
}

/* ---- requests ---- */

static void refuse(struct pinion_http *http, int status)
{
    PINION_LOG_LIMITED(PINION_LOG_INFO, "http: a request that is not valid, answered %d (peer %s)", status,
                       pinion__peer_name(http->conn, (char[INET6_ADDRSTRLEN]){ 0 }));
    pinion__http_send_error(http, status, false);
}

/* Of requests that wait for an answer only so much is kept; the rest stays with the peer. */
static void keep_rest(struct pinion_http *http, const uint8_t *bytes, size_t len)
{
    if (pinion__buf_append(&http->input, bytes, len) != 0)
        refuse(http, 431);
    else if (is_answering(http) && http->input.len > http->loop->server->options.max_head)
        pinion__conn_pause(http->conn);
}

/* A peer that sends requests and does not read the answers must not fill the memory. */
static void check_backlog(struct pinion_http *http)
{
    if (http->closing || pinion__conn_queued(http->conn) <= BACKLOG_MAX ||
        pinion__conn_flush(http->conn) <= BACKLOG_MAX)
        return;
    http->backlogged = true;
    pinion__conn_pause(http->conn);
    pinion__http_set_deadline(http, PINION_HTTP_STALL_MS);
}

/* The length of a whole head at the start of these bytes, having parsed it; 0 when more must come; -1 when it
 * was refused. */
static long take_head(struct pinion_http *http, const uint8_t *bytes, size_t len,
                      struct pinion_http_request *request)
{
    size_t max = http->loop->server->options.max_head;
    long head = pinion__http1_parse((const char *)bytes, len, http->scanned, request);
    http->scanned = 0;
    if (head == PINION_EAGAIN && len <= max) {
        http->scanned = len;
        return 0;
    }
    if (head == PINION_EAGAIN || head > (long)max)
        request->refusal = pinion__http1_too_long((const char *)bytes, max);
    else if (head > 0 && request->header_count > http->loop->server->options.max_headers)
        request->refusal = 431;
    else if (head > 0)
        return head;
    refuse(http, request->refusal);
    return -1;
}

/* ---- bodies ---- */

static bool has_body(const struct pinion_http_request *request)
{
    return request->chunked || request->content_length > 0;
}

static bool expects_continue(const struct pinion_http_request *request)
{
    return request->minor >= 1 && pinion__http1_has_token(request, "expect", "100-continue");
}

/* Take a body in after its head, when there is one. */
static void begin_body(struct pinion_http *http, const struct pinion_http_request *request)
{
    if (http->closing)
        return;
    http->in_body = true;
    pinion__http_body_init(&http->body, request);
    if (http->call && expects_continue(request))
        pinion__http_send_continue(http);
}

/* The body is at its end, or broken. */
static void end_body(struct pinion_http *http, int rc)
{
    http->in_body = false;
    if (rc != 0 && !http->call)
        pinion__http_finish(http); /* its request has its answer */
    else if (rc != 0)
        refuse(http, 400);
    else if (http->call)
        pinion__http_longpoll_body(http);
}

/* Returns what was used of these bytes. */
static size_t take_body(struct pinion_http *http, const uint8_t *bytes, size_t len)
{
    struct pinion_slice piece;
    size_t pos = 0;
    int rc;
    while ((rc = pinion__http_body_read(&http->body, bytes, len, &pos, &piece)) == 1) {
        if (http->call && pinion__buf_append(&http->call->body, piece.ptr, piece.len) != 0) {
            pinion__http_send_error(http, 400, false); /* as Phoenix says it of a body that is too long */
            return len;
        }
    }
    if (rc != PINION_EAGAIN)
        end_body(http, rc);
    return pos;
}

/* ---- requests and bodies, one after the other ---- */

/* No answer to a HEAD has content, a refusal of its head either, of which nothing else may be known. */
static bool begins_with_head(const uint8_t *bytes, size_t len)
{
    static const char method[] = "HEAD ";
    size_t skip = len >= 2 && memcmp(bytes, "\r\n", 2) == 0 ? 2 : 0;
    return len - skip >= sizeof method - 1 && memcmp(bytes + skip, method, sizeof method - 1) == 0;
}

/* Returns what was used of these bytes: 0 when more must come; all of them, and *upgraded, when the
 * connection is no longer HTTP. */
static size_t take_request(struct pinion_http *http, uint8_t *bytes, size_t len, bool *upgraded)
{
    struct pinion_http_request request;
    struct pinion_conn *conn = http->conn;
    http->head_only = begins_with_head(bytes, len);
    long head = take_head(http, bytes, len, &request);
    if (head <= 0)
        return 0;
    if (http->loop->drain.drained || (http->loop->drain.closing && !http->polls))
        request.keep_alive = false;
    if (has_body(&request) && expects_continue(&request))
        request.keep_alive = false; /* an answer that comes first leaves open whether the body will */
    *upgraded = serve(http, &request, pinion__slice((const char *)bytes, (size_t)head));
    if (*upgraded) {
        http_free(http);
        pinion__websocket_feed(conn, bytes + head, len - (size_t)head);
        return len;
    }
    if (has_body(&request))
        begin_body(http, &request);
    return (size_t)head;
}

/* What comes now has to come in time. */
static void expect_more(struct pinion_http *http)
{
    if (http->in_body)
        pinion__http_set_deadline(http, PINION_HTTP_STALL_MS);
    else
        pinion__http_set_deadline(http, http->loop->server->options.head_timeout_ms);
}

/* Handle what these bytes hold; what is left over waits in http->input, which is empty when this is called.
 */
static void process(struct pinion_http *http, uint8_t *bytes, size_t len)
{
    bool upgraded = false;
    while (len > 0 && !is_busy(http)) {
        size_t used = http->in_body ? take_body(http, bytes, len) : take_request(http, bytes, len, &upgraded);
        if (upgraded)
            return; /* http is gone */
        if (used == 0)
            break;
        if (!is_busy(http))
            expect_more(http);
        check_backlog(http);
        bytes += used;
        len -= used;
    }
    if (len > 0 && !http->closing)
        keep_rest(http, bytes, len);
    if (http->eof && !is_busy(http))
        pinion__http_finish(http);
}

/* ---- the connection's events ---- */

static void on_eof(struct pinion_http *http)
{
    http->eof = true;
    if (http->closing || pinion__http_longpoll_eof(http))
        pinion__conn_close(http->conn);
    else if (!is_busy(http))
        pinion__http_finish(http);
}

static void on_data(struct pinion_conn *conn, uint8_t *bytes, size_t len)
{
    struct pinion_http *http = pinion__conn_user(conn);
    if (len == 0) {
        on_eof(http);
        return;
    }
    if (http->closing)
        return;
    if (http->input.len == 0 && !is_busy(http)) {
        process(http, bytes, len);
        return;
    }
    keep_rest(http, bytes, len);
    if (is_busy(http))
        return;
    struct pinion_buf input = http->input;
    pinion__buf_init(&http->input, input.max);
    process(http, (uint8_t *)input.data, input.len);
    pinion__buf_release(&input);
}

static void on_drained(struct pinion_conn *conn)
{
    struct pinion_http *http = pinion__conn_user(conn);
    if (http->closing && http->eof) {
        pinion__conn_close(conn);
    } else if (http->file >= 0) {
        pinion__http_pump_later(http);
    } else if (http->backlogged) {
        http->backlogged = false;
        pinion__http_go_on(http);
    }
}

static void on_closed(struct pinion_conn *conn, int error)
{
    http_free(pinion__conn_user(conn));
}

static void on_deadline(struct pinion_timer *timer)
{
    struct pinion_http *http = PINION_CONTAINER_OF(timer, struct pinion_http, deadline);
    if (is_busy(http))
        pinion__conn_close(http->conn);
    else if (http->input.len > 0 || http->in_body)
        pinion__http_send_error(http, 408, false);
    else
        pinion__http_finish(http);
}

static const struct pinion_conn_events http_events = { .data = on_data,
                                                       .drained = on_drained,
                                                       .closed = on_closed };

void pinion__http_accept(struct pinion_server_loop *loop, struct pinion_conn *conn)
{
    struct pinion_http *http = calloc(1, sizeof *http);
    if (!http)
        return; /* not attached: closed */
    http->conn = conn;
    http->loop = loop;
    pinion__http_file_init(http);
    pinion__buf_init(&http->input, loop->server->options.max_head + INPUT_SLACK);
    pinion__buf_init(&http->head, loop->server->options.max_head);
    pinion__timer_init(&http->deadline, on_deadline);
    pinion__list_append(&loop->http, &http->node);
    pinion__http_set_deadline(http, loop->server->options.head_timeout_ms);
    pinion__conn_attach(conn, &http_events, http);
}

/* Nothing is owed to it. */
static bool is_idle(const struct pinion_http *http)
{
    return !is_answering(http) && !http->in_body && http->input.len == 0 &&
           pinion__conn_queued(http->conn) == 0;
}

void pinion__http_drain(struct pinion_server_loop *loop)
{
    PINION_LIST_FOREACH_SAFE (node, &loop->http) {
        struct pinion_http *http = PINION_CONTAINER_OF(node, struct pinion_http, node);
        if (is_idle(http) && !http->polls)
            pinion__conn_close(http->conn);
    }
}

void pinion__http_stop(struct pinion_server_loop *loop)
{
    PINION_LIST_FOREACH_SAFE (node, &loop->http) {
        struct pinion_http *http = PINION_CONTAINER_OF(node, struct pinion_http, node);
        if (is_answering(http))
            http->keep_alive = false;
        else if (pinion__conn_queued(http->conn) == 0)
            pinion__conn_close(http->conn);
        else
            pinion__http_finish(http);
    }
}
