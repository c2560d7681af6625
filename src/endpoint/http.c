/* HTTP on an accepted connection, until it is upgraded or closed: the request head, what is mounted at its
 * path, and the answer.
 *
 * Requests are answered one after the other. While a file is being sent, reading stops, and what came already
 * waits.
 */
#include "base/buf.h"
#include "base/log.h"
#include "endpoint/page.h"
#include "endpoint/server.h"
#include "engine/channel.h"
#include "proto/query.h"
#include "proto/ws_handshake.h"
#include "transport/websocket.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define FILE_CHUNK  (256u * 1024)
#define STALL_MS    30000         /* a reader that takes nothing of its answers for so long is closed */
#define BACKLOG_MAX (256u * 1024) /* bytes of answers waiting; above it no request is read */

struct http {
    struct pinion_conn *conn;
    struct pinion_server_loop *loop;
    struct pinion_list node;      /* in loop->http */
    struct pinion_timer deadline; /* to finish a head, or the close */
    struct pinion_task pump;      /* goes on sending a file */
    struct pinion_buf input;      /* the part of a head that has come, or what waits for a file's end */
    size_t scanned;
    int file; /* being sent, or -1 */
    uint64_t file_left;
    bool backlogged; /* too much is queued: requests wait until it has gone */
    bool eof;        /* the peer sends no more, and is owed the answers to what it sent */
    bool close_after_file;
    bool closing; /* after what is queued; input is ignored */
    bool pumping; /* the pump task is queued */
    bool gone;    /* closed; the pump task frees */
};

static void process(struct http *http, uint8_t *bytes, size_t len);

/* ---- life ---- */

static void http_free(struct http *http)
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

static void set_deadline(struct http *http, uint32_t ms)
{
    pinion__scheduler_timer(http->loop->scheduler, &http->deadline, ms);
}

/* Send what is queued, then close; the peer has a little time to do so too. */
static void finish(struct http *http)
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
    set_deadline(http, http->loop->server->options.close_timeout_ms);
}

/* Requests wait. */
static bool is_busy(const struct http *http)
{
    return http->closing || http->backlogged || http->file >= 0;
}

/* ---- answers ---- */

struct answer {
    int status;
    const char *content_type; /* NULL: none */
    const char *extra;        /* whole header lines, or "" */
    uint64_t length;
    bool keep_alive;
};

/* RFC 9110 section 6.6.1. */
static void format_date(char *out, size_t size)
{
    struct tm utc;
    time_t now = time(NULL);
    gmtime_r(&now, &utc);
    strftime(out, size, "%a, %d %b %Y %H:%M:%S GMT", &utc);
}

static int format_head(const struct answer *answer, char *out, size_t size)
{
    char date[40], type[160] = "", length[48] = "";
    format_date(date, sizeof date);
    if (answer->content_type)
        snprintf(type, sizeof type, "content-type: %s\r\n", answer->content_type);
    if (answer->status != 204) /* RFC 9110 section 8.6 */
        snprintf(length, sizeof length, "content-length: %llu\r\n", (unsigned long long)answer->length);
    return snprintf(out, size,
                    "HTTP/1.1 %d %s\r\ndate: %s\r\n%s%s%sx-content-type-options: nosniff\r\n"
                    "connection: %s\r\n\r\n",
                    answer->status, pinion__http1_reason(answer->status), date, type, length, answer->extra,
                    answer->keep_alive ? "keep-alive" : "close");
}

/* Head and body in one frame. */
static void send_answer(struct http *http, const struct answer *answer, const void *body, size_t len)
{
    char head[1024 + 2048];
    int head_len = format_head(answer, head, sizeof head);
    struct pinion_frame *frame = NULL;
    if (head_len > 0 && (size_t)head_len < sizeof head)
        frame = pinion__frame_new((size_t)head_len + len);
    if (!frame) {
        pinion__conn_close(http->conn);
        return;
    }
    memcpy(pinion__frame_body(frame), head, (size_t)head_len);
    if (len)
        memcpy(pinion__frame_body(frame) + head_len, body, len);
    frame->body_len = (size_t)head_len + len;
    (void)pinion__conn_queue(http->conn, frame);
    if (!answer->keep_alive)
        finish(http);
}

static void send_text(struct http *http, int status, const char *extra, const char *text, bool keep_alive)
{
    struct answer answer = { .status = status,
                             .content_type = text[0] ? "text/plain; charset=utf-8" : NULL,
                             .extra = extra,
                             .length = strlen(text),
                             .keep_alive = keep_alive };
    send_answer(http, &answer, text, strlen(text));
}

static void send_error(struct http *http, int status, bool keep_alive)
{
    const char *text = pinion__http1_reason(status);
    struct answer answer = { .status = status,
                             .content_type = "text/html; charset=utf-8",
                             .extra = status == 405 ? "allow: GET\r\n" : "",
                             .length = strlen(text),
                             .keep_alive = keep_alive };
    send_answer(http, &answer, text, strlen(text));
}

/* ---- files ---- */

static void end_file(struct http *http)
{
    close(http->file);
    http->file = -1;
}

/* Queue one more piece. False when the file is at its end, or broken: then the connection is closed, as its
 * length was promised. */
static bool send_chunk(struct http *http)
{
    size_t want = http->file_left < FILE_CHUNK ? (size_t)http->file_left : FILE_CHUNK;
    struct pinion_frame *frame = want ? pinion__frame_new(want) : NULL;
    ssize_t got = frame ? read(http->file, pinion__frame_body(frame), want) : 0;
    if (got <= 0) {
        pinion__frame_unref(frame);
        if (http->file_left > 0)
            pinion__conn_close(http->conn);
        return false;
    }
    frame->body_len = (size_t)got;
    set_deadline(http, STALL_MS);
    http->file_left -= (uint64_t)got;
    return pinion__conn_queue(http->conn, frame) == 0;
}

/* Go on with the requests that waited. */
static void go_on(struct http *http)
{
    struct pinion_buf waiting = http->input;
    set_deadline(http, http->loop->server->options.head_timeout_ms);
    pinion__buf_init(&http->input, waiting.max);
    if (!http->eof)
        pinion__conn_resume(http->conn);
    process(http, (uint8_t *)waiting.data, waiting.len);
    pinion__buf_release(&waiting);
}

static void after_file(struct http *http)
{
    end_file(http);
    if (http->close_after_file)
        finish(http);
    else
        go_on(http);
}

/* One piece a turn, so that other connections get theirs; more when the kernel has taken it. */
static void run_pump(struct pinion_task *task)
{
    struct http *http = PINION_CONTAINER_OF(task, struct http, pump);
    http->pumping = false;
    if (http->gone) {
        free(http);
        return;
    }
    if (http->file < 0)
        return;
    if (!send_chunk(http)) {
        after_file(http);
    } else if (pinion__conn_flush(http->conn) == 0) {
        http->pumping = true;
        pinion__scheduler_defer(http->loop->scheduler, &http->pump);
    }
}

static void pump_later(struct http *http)
{
    if (http->pumping)
        return;
    http->pumping = true;
    pinion__scheduler_defer(http->loop->scheduler, &http->pump);
}

static void send_file(struct http *http, const struct pinion_static_file *file, bool keep_alive)
{
    struct answer answer = { .status = 200,
                             .content_type = file->content_type,
                             .extra = "",
                             .length = file->size,
                             .keep_alive = true };
    http->close_after_file = !keep_alive;
    send_answer(http, &answer, NULL, 0);
    http->file = file->fd;
    http->file_left = file->size;
    pinion__conn_pause(http->conn);
    pump_later(http);
}

static void redirect_to_directory(struct http *http, const struct pinion_http_request *request)
{
    char extra[1200];
    int len = snprintf(extra, sizeof extra, "location: %.*s/\r\n", (int)request->path.len, request->path.ptr);
    if (len >= (int)sizeof extra)
        send_error(http, 404, request->keep_alive);
    else
        send_text(http, 301, extra, "", request->keep_alive);
}

static void serve_static(struct http *http, const struct pinion_static *files,
                         const struct pinion_http_request *request)
{
    struct pinion_static_file file;
    switch (pinion__static_open(files, request->path, &file)) {
    case 0:
        send_file(http, &file, request->keep_alive);
        break;
    case PINION_EAGAIN:
        redirect_to_directory(http, request);
        break;
    case PINION_EPROTO:
        send_error(http, 400, request->keep_alive);
        break;
    case PINION_ENOENT:
        send_error(http, 404, request->keep_alive);
        break;
    default:
        send_error(http, 500, request->keep_alive);
        break;
    }
}

/* ---- sockets ---- */

static void peer_text(const struct pinion_conn *conn, char *out, size_t size)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
    out[0] = '\0';
    pinion__conn_peer(conn, &address, &len);
    if (address.ss_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)&address)->sin_addr, out, (socklen_t)size);
    else if (address.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        inet_ntop(AF_INET, in6->sin6_addr.s6_addr + 12, out, (socklen_t)size);
    else if (address.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &in6->sin6_addr, out, (socklen_t)size);
}

static struct pinion_slice find_header(void *request, const char *name)
{
    return pinion__http1_header(request, name);
}

static int open_websocket(struct http *http, const struct pinion_mount *mount,
                          const struct pinion_http_request *head, const pinion_payload *params)
{
    char peer[INET6_ADDRSTRLEN];
    peer_text(http->conn, peer, sizeof peer);
    struct pinion_connect_info info = {
        .transport = pinion__websocket.name, .peer = peer, .request = (void *)head, .header = find_header
    };
    struct pinion_websocket_request request = { .shard = http->loop->shard,
                                                .mount = mount,
                                                .head = head,
                                                .params = params,
                                                .info = &info,
                                                .close_timeout_ms =
                                                    http->loop->server->options.close_timeout_ms };
    return pinion__websocket_open(http->conn, &request);
}

/* True when the connection is the transport's now, and http is gone. */
static bool upgrade(struct http *http, const struct pinion_mount *mount,
                    const struct pinion_http_request *request)
{
    char text[256];
    json_t *tree = NULL;
    const char *wrong = pinion__ws_handshake_check(request, text, sizeof text);
    if (!wrong && (request->chunked || request->content_length > 0))
        wrong = "a WebSocket handshake has no body"; /* which would be read as frames */
    if (wrong || pinion__query_parse(request->query, &tree) != 0) {
        send_text(http, 400, "", wrong ? wrong : "", request->keep_alive);
        return false;
    }
    pinion_payload *params = pinion_payload_json(tree);
    int rc = open_websocket(http, mount, request, params);
    pinion_payload_unref(params);
    if (rc == 0) {
        http_free(http);
        return true;
    }
    send_text(http, rc == PINION_EACCES ? 403 : 500, "", "", request->keep_alive);
    return false;
}

/* ---- what is mounted at a path ---- */

static bool is_socket_path(const struct pinion_mount *mount, struct pinion_slice path)
{
    size_t len = strlen(mount->path);
    if (len > 0 && mount->path[len - 1] == '/')
        len--;
    return path.len == len + strlen("/websocket") && memcmp(path.ptr, mount->path, len) == 0 &&
           memcmp(path.ptr + len, "/websocket", strlen("/websocket")) == 0;
}

static bool matches(const struct pinion_mounted *mounted, struct pinion_slice path)
{
    switch (mounted->kind) {
    case PINION_MOUNT_SOCKET:
        return is_socket_path(&mounted->socket, path);
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

static void serve_page(struct http *http, const struct pinion_page *page,
                       const struct pinion_http_request *request)
{
    struct pinion_response response;
    struct pinion_call call = { 0 };
    pinion__response_init(&response);
    pinion__call_enter(http->loop->shard, &call);
    pinion__page_call(page->fn, page->data, request, &response);
    pinion__call_leave(http->loop->shard);
    struct answer answer = { .status = response.status,
                             .content_type = response.content_type,
                             .extra = "",
                             .length = response.length,
                             .keep_alive = request->keep_alive };
    send_answer(http, &answer, response.body, response.length);
    pinion__response_release(&response);
}

/* True when the connection is no longer HTTP. */
static bool serve(struct http *http, struct pinion_http_request *request)
{
    const struct pinion_mounted *mounted = find_mounted(http->loop->server, request->path);
    bool get = pinion__slice_is(request->method, "GET");
    if (request->chunked || request->content_length > 0)
        request->keep_alive = false; /* nobody reads the body */
    if (!mounted)
        send_error(http, get ? 404 : 405, request->keep_alive);
    else if (mounted->kind == PINION_MOUNT_SOCKET)
        return upgrade(http, &mounted->socket, request);
    else if (!get)
        send_error(http, 405, request->keep_alive);
    else if (mounted->kind == PINION_MOUNT_PAGE)
        serve_page(http, &mounted->page, request);
    else
        serve_static(http, &mounted->files, request);
    return false;
}

/* ---- requests ---- */

static void refuse(struct http *http, long error)
{
    int status = error == PINION_ETOOBIG ? 431 : error == PINION_ENOTSUP ? 505 : 400;
    pinion__log(PINION_LOG_INFO, "http: a request that is not valid, answered %d", status);
    send_error(http, status, false);
}

static void keep_rest(struct http *http, const uint8_t *bytes, size_t len)
{
    if (pinion__buf_append(&http->input, bytes, len) != 0)
        refuse(http, PINION_ETOOBIG);
}

/* A peer that sends requests and does not read the answers must not fill the memory. */
static void check_backlog(struct http *http)
{
    if (http->closing || pinion__conn_queued(http->conn) <= BACKLOG_MAX ||
        pinion__conn_flush(http->conn) <= BACKLOG_MAX)
        return;
    http->backlogged = true;
    pinion__conn_pause(http->conn);
    set_deadline(http, STALL_MS);
}

/* The length of a whole head at the start of these bytes, having parsed it; 0 when more must come; -1 when it
 * was refused. */
static long take_head(struct http *http, const uint8_t *bytes, size_t len,
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
static void process(struct http *http, uint8_t *bytes, size_t len)
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
            set_deadline(http, http->loop->server->options.head_timeout_ms);
        check_backlog(http);
        bytes += head;
        len -= (size_t)head;
    }
    if (len > 0 && !http->closing)
        keep_rest(http, bytes, len);
    if (http->eof && !is_busy(http))
        finish(http);
}

/* ---- the connection's events ---- */

static void on_eof(struct http *http)
{
    http->eof = true;
    if (http->closing)
        pinion__conn_close(http->conn);
    else if (!is_busy(http))
        finish(http);
}

static void on_data(struct pinion_conn *conn, uint8_t *bytes, size_t len)
{
    struct http *http = pinion__conn_user(conn);
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
    struct http *http = pinion__conn_user(conn);
    if (http->closing && http->eof) {
        pinion__conn_close(conn);
    } else if (http->file >= 0) {
        pump_later(http);
    } else if (http->backlogged) {
        http->backlogged = false;
        go_on(http);
    }
}

static void on_closed(struct pinion_conn *conn, int error)
{
    http_free(pinion__conn_user(conn));
}

static void on_deadline(struct pinion_timer *timer)
{
    struct http *http = PINION_CONTAINER_OF(timer, struct http, deadline);
    if (is_busy(http))
        pinion__conn_close(http->conn);
    else if (http->input.len > 0)
        send_error(http, 408, false);
    else
        finish(http);
}

static const struct pinion_conn_events http_events = { .data = on_data,
                                                       .drained = on_drained,
                                                       .closed = on_closed };

void pinion__http_accept(struct pinion_server_loop *loop, struct pinion_conn *conn)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http)
        return; /* not attached: closed */
    http->conn = conn;
    http->loop = loop;
    http->file = -1;
    http->pump.run = run_pump;
    pinion__buf_init(&http->input, loop->server->options.max_head + 64 * 1024);
    pinion__timer_init(&http->deadline, on_deadline);
    pinion__list_append(&loop->http, &http->node);
    set_deadline(http, loop->server->options.head_timeout_ms);
    pinion__conn_attach(conn, &http_events, http);
}

void pinion__http_stop(struct pinion_server_loop *loop)
{
    PINION_LIST_FOREACH_SAFE (node, &loop->http) {
        struct http *http = PINION_CONTAINER_OF(node, struct http, node);
        if (http->file < 0 && pinion__conn_queued(http->conn) == 0)
            pinion__conn_close(http->conn);
        else if (http->file < 0)
            finish(http);
    }
}
