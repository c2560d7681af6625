/* HTTP on an accepted connection, until it is upgraded or closed: the request head, what is mounted at its
 * path, and the answer.
 *
 * Requests are answered one after the other. While a file is being sent, reading stops, and what came already
 * waits.
 */
#include "endpoint/http.h"
#include "base/log.h"
#include "endpoint/page.h"
#include "engine/channel.h"
#include "transport/websocket.h"
#include <stdlib.h>
#include <unistd.h>

#define BACKLOG_MAX (256u * 1024) /* bytes of answers waiting; above it no request is read */

static void process(struct pinion_http *http, uint8_t *bytes, size_t len);

/* ---- life ---- */

void pinion__http_free(struct pinion_http *http)
{
    pinion__timer_cancel(&http->deadline);
    pinion__list_remove(&http->node);
    pinion__buf_release(&http->input);
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

/* Send what is queued, then close; the peer has a little time to do so too. */
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

/* Requests wait. */
static bool is_busy(const struct pinion_http *http)
{
    return http->closing || http->backlogged || http->file >= 0;
}

/* Go on with the requests that waited. */
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
        return pinion__http_is_socket_path(&mounted->socket, path);
    case PINION_MOUNT_PAGE:
        return pinion__slice_is(path, mounted->page.path);
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
    struct pinion_call call = { 0 };
    pinion__response_init(&response);
    pinion__call_enter(http->loop->shard, &call);
    pinion__page_call(page->fn, page->data, request, &response);
    pinion__call_leave(http->loop->shard);
    struct pinion_http_answer answer = { .status = response.status,
                                         .content_type = response.content_type,
                                         .extra = "",
                                         .length = response.length,
                                         .keep_alive = request->keep_alive };
    pinion__http_send(http, &answer, response.body, response.length);
    pinion__response_release(&response);
}

/* True when the connection is no longer HTTP. */
static bool serve(struct pinion_http *http, struct pinion_http_request *request)
{
    const struct pinion_mounted *mounted = find_mounted(http->loop->server, request->path);
    bool get = pinion__slice_is(request->method, "GET");
    if (request->chunked || request->content_length > 0)
        request->keep_alive = false; /* nobody reads the body */
    if (!mounted)
        pinion__http_send_error(http, get ? 404 : 405, request->keep_alive);
    else if (mounted->kind == PINION_MOUNT_SOCKET)
        return pinion__http_serve_socket(http, &mounted->socket, request);
    else if (!get)
        pinion__http_send_error(http, 405, request->keep_alive);
    else if (mounted->kind == PINION_MOUNT_PAGE)
        serve_page(http, &mounted->page, request);
    else
        pinion__http_serve_file(http, &mounted->files, request);
    return false;
}

/* ---- requests ---- */

static void refuse(struct pinion_http *http, long error)
{
    int status = error == PINION_ETOOBIG ? 431 : error == PINION_ENOTSUP ? 505 : 400;
    pinion__log(PINION_LOG_INFO, "http: a request that is not valid, answered %d", status);
    pinion__http_send_error(http, status, false);
}

static void keep_rest(struct pinion_http *http, const uint8_t *bytes, size_t len)
{
    if (pinion__buf_append(&http->input, bytes, len) != 0)
        refuse(http, PINION_ETOOBIG);
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
        head = PINION_ETOOBIG;
    if (head > 0)
        return head;
    refuse(http, head);
    return -1;
}

/* Handle the requests in these bytes; what is left over waits in http->input, which is empty when this is
 * called. */
static void process(struct pinion_http *http, uint8_t *bytes, size_t len)
{
    while (len > 0 && !is_busy(http)) {
        struct pinion_http_request request;
        struct pinion_conn *conn = http->conn;
        long head = take_head(http, bytes, len, &request);
        if (head <= 0)
            break;
        if (serve(http, &request)) { /* http is gone */
            pinion__websocket_feed(conn, bytes + head, len - (size_t)head);
            return;
        }
        if (!is_busy(http))
            pinion__http_set_deadline(http, http->loop->server->options.head_timeout_ms);
        check_backlog(http);
        bytes += head;
        len -= (size_t)head;
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
    if (http->closing)
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
    pinion__http_free(pinion__conn_user(conn));
}

static void on_deadline(struct pinion_timer *timer)
{
    struct pinion_http *http = PINION_CONTAINER_OF(timer, struct pinion_http, deadline);
    if (is_busy(http))
        pinion__conn_close(http->conn);
    else if (http->input.len > 0)
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
    pinion__buf_init(&http->input, loop->server->options.max_head + 64 * 1024);
    pinion__timer_init(&http->deadline, on_deadline);
    pinion__list_append(&loop->http, &http->node);
    pinion__http_set_deadline(http, loop->server->options.head_timeout_ms);
    pinion__conn_attach(conn, &http_events, http);
}

void pinion__http_stop(struct pinion_server_loop *loop)
{
    PINION_LIST_FOREACH_SAFE (node, &loop->http) {
        struct pinion_http *http = PINION_CONTAINER_OF(node, struct pinion_http, node);
        if (http->file < 0 && pinion__conn_queued(http->conn) == 0)
            pinion__conn_close(http->conn);
        else if (http->file < 0)
            pinion__http_finish(http);
    }
}
