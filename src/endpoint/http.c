/* HTTP on an accepted connection, until it is upgraded or closed: the request head, what is mounted at its
 * path, the body, and the answer.
 *
 * Requests are answered one after the other; what came of the next waits. While a file is being sent, reading
 * stops. What a request is at is the connection's state: see http.h. A body that nobody asked for is read and
 * dropped after its request was answered, as far as that goes (http_body.c).
 */
#include "endpoint/http.h"
#include "base/log_limit.h"
#include "endpoint/page.h"
#include "engine/channel.h"
#include "io/busy.h"
#include "io/peer.h"
#include "proto/path.h"
#include "transport/longpoll.h"
#include "transport/websocket.h"
#include <stdlib.h>
#include <unistd.h>

#define BACKLOG_MAX (256u * 1024) /* bytes of answers waiting; above it no request is read */
#define INPUT_SLACK (128u * 1024) /* what may come at once, and once more after a pause */

static void process(struct pinion_http *http, uint8_t *bytes, size_t len);

/* ---- life ---- */

static void leave_state(struct pinion_http *http)
{
    switch ((enum pinion_http_state)http->state) {
    case PINION_HTTP_COLLECT:
        pinion__longpoll_call_free(http->post);
        break;
    case PINION_HTTP_LOOKUP:
    case PINION_HTTP_POLL:
    case PINION_HTTP_PUBLISH:
        pinion__longpoll_abandon(http->waiting);
        break;
    case PINION_HTTP_FILE:
        close(http->file.fd);
        break;
    case PINION_HTTP_HEAD:
    case PINION_HTTP_REST:
    case PINION_HTTP_DISCARD:
    case PINION_HTTP_CLOSING:
        break;
    }
}

/* So long once the peer has all that it was sent. Until then it has time for as long as it reads. */
static void wait_for(struct pinion_http *http, uint32_t ms)
{
    uint32_t stall_ms = http->loop->endpoint->hub.stall_ms;
    pinion__http_set_deadline(http, pinion__patience_begin(&http->patience, ms, stall_ms));
}

/* Requests wait for the peer to read. */
static bool sends_much(const struct pinion_http *http)
{
    return http->state == PINION_HTTP_FILE || (http->backlogged && http->state != PINION_HTTP_CLOSING);
}

/* How long the state may last. What is the loop's to do has no limit here. */
static void start_clock(struct pinion_http *http)
{
    const struct pinion_endpoint *endpoint = http->loop->endpoint;
    http->head_begun = false;
    if (sends_much(http)) {
        wait_for(http, 0); /* when it has read all, the next thing is for us to do: more is on its way */
        return;
    }
    switch ((enum pinion_http_state)http->state) {
    case PINION_HTTP_HEAD:
        wait_for(http, http->asked ? endpoint->options.keep_alive_ms : endpoint->options.head_timeout_ms);
        break;
    case PINION_HTTP_REST:
    case PINION_HTTP_DISCARD:
    case PINION_HTTP_COLLECT:
        pinion__http_set_deadline(http, endpoint->hub.stall_ms);
        break;
    case PINION_HTTP_CLOSING:
        wait_for(http, endpoint->options.close_timeout_ms);
        break;
    case PINION_HTTP_FILE:
    case PINION_HTTP_LOOKUP:
    case PINION_HTTP_POLL:
    case PINION_HTTP_PUBLISH:
        pinion__timer_cancel(&http->deadline);
        break;
    }
}

void pinion__http_enter(struct pinion_http *http, enum pinion_http_state state)
{
    leave_state(http);
    http->state = (uint8_t)state;
    start_clock(http);
}

static void http_free(struct pinion_http *http)
{
    pinion__http_enter(http, PINION_HTTP_CLOSING);
    pinion__timer_cancel(&http->deadline);
    pinion__list_remove(&http->node);
    pinion__turn_remove(&http->turn);
    pinion__buf_release(&http->input);
    pinion__buf_release(&http->head);
    http->gone = true;
    if (!http->pumping)
        free(http);
}

void pinion__http_set_deadline(struct pinion_http *http, uint32_t ms)
{
    pinion__scheduler_deadline(http->loop->scheduler, &http->deadline, ms);
}

void pinion__http_finish(struct pinion_http *http)
{
    if (http->state == PINION_HTTP_CLOSING)
        return;
    pinion__http_enter(http, PINION_HTTP_CLOSING);
    pinion__buf_release(&http->input);
    if (http->eof && pinion__conn_flush(http->conn) == 0) {
        pinion__conn_close(http->conn);
        return;
    }
    if (http->discard_left > 0)
        pinion__conn_resume(http->conn);
    else
        pinion__conn_pause(http->conn);
    pinion__conn_shutdown(http->conn);
}

void pinion__http_answered(struct pinion_http *http)
{
    if (http->state == PINION_HTTP_CLOSING)
        return;
    if (http->has_rest)
        pinion__http_begin_body(http, PINION_HTTP_REST);
    else
        pinion__http_enter(http, PINION_HTTP_HEAD);
}

/* An answer takes its time. */
static bool is_answering(const struct pinion_http *http)
{
    return http->state == PINION_HTTP_LOOKUP || http->state == PINION_HTTP_POLL ||
           http->state == PINION_HTTP_PUBLISH || http->state == PINION_HTTP_FILE;
}

/* Requests wait. */
static bool is_busy(const struct pinion_http *http)
{
    return http->state == PINION_HTTP_CLOSING || http->backlogged || pinion__turn_waits(&http->turn) ||
           is_answering(http);
}

/* Requests that waited are as many as a peer likes: they are handled in turn with those of others. */
static void wait_turn(struct pinion_http *http)
{
    pinion__conn_pause(http->conn);
    pinion__turns_append(&http->loop->turns, &http->turn);
}

static void go_on(struct pinion_http *http)
{
    struct pinion_buf waiting = http->input;
    start_clock(http);
    pinion__buf_init(&http->input, waiting.max);
    if (!http->eof && !http->backlogged)
        pinion__conn_resume(http->conn);
    process(http, (uint8_t *)waiting.data, waiting.len);
    pinion__buf_release(&waiting);
}

static void run_turn(struct pinion_turn *turn)
{
    struct pinion_http *http = PINION_CONTAINER_OF(turn, struct pinion_http, turn);
    if (!is_busy(http))
        go_on(http);
}

void pinion__http_go_on(struct pinion_http *http)
{
    if (http->input.len > 0)
        wait_turn(http);
    else
        go_on(http);
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
static const struct pinion_mounted *find_mounted(const struct pinion_endpoint *endpoint,
                                                 struct pinion_slice path)
{
    const struct pinion_mounted *files = NULL;
    for (size_t i = 0; i < endpoint->mounted_count; i++) {
        const struct pinion_mounted *mounted = &endpoint->mounted[i];
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
static bool serve(struct pinion_http *http, struct pinion_http_request *request, struct pinion_slice head)
{
    const struct pinion_mounted *mounted = find_mounted(http->loop->endpoint, request->path);
    const struct pinion_mount *socket =
        mounted && mounted->kind == PINION_MOUNT_SOCKET ? &mounted->socket : NULL;
    enum pinion_http_transport transport =
        socket ? pinion__http_transport(socket, request->path) : PINION_HTTP_NONE;
    http->discard_left = PINION_HTTP_DISCARD_MAX;
    if (socket && transport == PINION_HTTP_LONGPOLL)
        http->discard_left += socket->options.longpoll_max_body; /* it could have been a good one */
    if (request->content_length > http->discard_left)
        request->keep_alive = false; /* its end will not be read */
    if (transport == PINION_HTTP_WEBSOCKET)
        return pinion__http_serve_websocket(http, socket, request);
    if (transport == PINION_HTTP_LONGPOLL)
        pinion__http_serve_longpoll(http, socket, request, head);
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

/* The time to finish a head begins with its first byte. That of a connection's first one began when it was
 * accepted. */
static void begin_head(struct pinion_http *http)
{
    if (http->state != PINION_HTTP_HEAD || !http->asked || http->head_begun || is_busy(http))
        return;
    http->head_begun = true;
    pinion__http_set_deadline(http, http->loop->endpoint->options.head_timeout_ms);
}

/* Of requests that wait for an answer only so much is kept; the rest stays with the peer. */
static void keep_rest(struct pinion_http *http, const uint8_t *bytes, size_t len)
{
    if (pinion__buf_append(&http->input, bytes, len) != 0) {
        if (http->state == PINION_HTTP_HEAD)
            refuse(http, 431);
        else
            pinion__conn_close(http->conn); /* an answer now would be taken for that of another request */
    } else if (is_answering(http) && http->input.len > http->loop->endpoint->options.max_head) {
        pinion__conn_pause(http->conn);
    } else {
        begin_head(http);
    }
}

/* A peer that sends requests and does not read the answers must not fill the memory. */
static void check_backlog(struct pinion_http *http)
{
    if (http->state == PINION_HTTP_CLOSING || pinion__conn_queued(http->conn) <= BACKLOG_MAX ||
        pinion__conn_flush(http->conn) <= BACKLOG_MAX)
        return;
    http->backlogged = true;
    pinion__conn_pause(http->conn);
    start_clock(http);
}

/* The length of a whole head at the start of these bytes, having parsed it; 0 when more must come; -1 when it
 * was refused. */
static long take_head(struct pinion_http *http, const uint8_t *bytes, size_t len,
                      struct pinion_http_request *request)
{
    size_t max = http->loop->endpoint->options.max_head;
    long head = pinion__http1_parse((const char *)bytes, len, http->scanned, request);
    http->scanned = 0;
    if (head == PINION_MORE && len <= max) {
        http->scanned = len;
        return 0;
    }
    if (head == PINION_MORE || head > (long)max)
        request->refusal = pinion__http1_too_long((const char *)bytes, max);
    else if (head > 0 && request->header_count > http->loop->endpoint->options.max_headers)
        request->refusal = 431;
    else if (head > 0) {
        http->asked = true;
        return head;
    }
    refuse(http, request->refusal);
    return -1;
}

static bool has_body(const struct pinion_http_request *request)
{
    return request->chunked || request->content_length > 0;
}

static bool expects_continue(const struct pinion_http_request *request)
{
    return request->minor >= 1 && pinion__http1_has_token(request, "expect", "100-continue");
}

static void expect_body(struct pinion_http *http, struct pinion_http_request *request)
{
    http->has_rest = has_body(request);
    http->expects = http->has_rest && expects_continue(request);
    if (http->has_rest)
        pinion__http_body_init(&http->body, request);
    if (http->expects)
        request->keep_alive = false; /* an answer that comes first leaves open whether the body will */
}

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
    expect_body(http, &request);
    *upgraded = serve(http, &request, pinion__slice((const char *)bytes, (size_t)head));
    if (*upgraded) {
        bool eof = http->eof;
        http_free(http);
        pinion__websocket_feed(conn, bytes + head, len - (size_t)head);
        if (eof)
            pinion__websocket_end_input(conn);
        return len;
    }
    if (http->state == PINION_HTTP_HEAD) /* it has its answer */
        pinion__http_answered(http);
    return (size_t)head;
}

/* ---- requests and bodies, one after the other ---- */

/* The peer has sent all that it will. A poll waits for what it is no longer there for; all else is answered.
 */
static void end_input(struct pinion_http *http)
{
    if (http->state == PINION_HTTP_CLOSING) {
        if (pinion__conn_flush(http->conn) == 0)
            pinion__conn_close(http->conn);
    } else if (pinion__http_longpoll_waits(http) || !is_busy(http)) {
        pinion__http_finish(http);
    }
}

/* Handle what these bytes hold, up to what one go may; what is left over waits in http->input, which is empty
 * when this is called. */
static void process(struct pinion_http *http, uint8_t *bytes, size_t len)
{
    bool upgraded = false;
    size_t left = PINION_RECV_PIECE;
    while (len > 0 && !is_busy(http)) {
        size_t used = http->state == PINION_HTTP_HEAD ? take_request(http, bytes, len, &upgraded)
                                                      : pinion__http_take_body(http, bytes, len);
        if (upgraded)
            return; /* http is gone */
        if (used == 0)
            break;
        check_backlog(http);
        bytes += used;
        len -= used;
        left -= used < left ? used : left;
        if (left == 0 && len > 0 && !is_busy(http))
            wait_turn(http);
    }
    if (len > 0 && http->state != PINION_HTTP_CLOSING)
        keep_rest(http, bytes, len);
    if (http->eof)
        end_input(http);
}

/* ---- the connection's events ---- */

static void on_data(struct pinion_conn *conn, uint8_t *bytes, size_t len)
{
    struct pinion_http *http = pinion__conn_user(conn);
    if (len == 0) {
        http->eof = true;
        end_input(http);
        return;
    }
    if (http->state == PINION_HTTP_CLOSING) {
        if (!pinion__http_spend(http, len))
            pinion__conn_pause(conn); /* it may still read its answer, until the time is over */
        return;
    }
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
    if (http->state == PINION_HTTP_CLOSING && http->eof) {
        pinion__conn_close(conn);
    } else if (http->state == PINION_HTTP_FILE) {
        pinion__http_pump_later(http);
    } else if (http->backlogged && http->state != PINION_HTTP_CLOSING) {
        http->backlogged = false;
        wait_turn(http);
    }
}

static void on_closed(struct pinion_conn *conn, int error)
{
    http_free(pinion__conn_user(conn));
}

/* The state's time is over. */
static void overdue(struct pinion_http *http)
{
    bool owes = http->state == PINION_HTTP_COLLECT || http->state == PINION_HTTP_DISCARD ||
                (http->state == PINION_HTTP_HEAD && http->input.len > 0);
    if (is_busy(http))
        pinion__conn_close(http->conn);
    else if (owes)
        pinion__http_send_error(http, 408, false);
    else
        pinion__http_finish(http);
}

/* The state's time begins when the peer has all that it was sent. */
static bool waits_for_reader(const struct pinion_http *http)
{
    return sends_much(http) || http->state == PINION_HTTP_CLOSING ||
           (http->state == PINION_HTTP_HEAD && !http->head_begun);
}

static void on_deadline(struct pinion_timer *timer)
{
    struct pinion_http *http = PINION_CONTAINER_OF(timer, struct pinion_http, deadline);
    bool reading = waits_for_reader(http);
    uint32_t next = reading ? pinion__patience_look(&http->patience, http->conn) : 0;
    if (next > 0)
        pinion__http_set_deadline(http, next);
    else if (reading && !pinion__patience_acked(&http->patience))
        pinion__conn_close(http->conn); /* it does not read */
    else if (sends_much(http))
        start_clock(http); /* for what is to come */
    else
        overdue(http);
}

static const struct pinion_conn_events http_events = { .data = on_data,
                                                       .drained = on_drained,
                                                       .closed = on_closed };

void pinion__http_accept(struct pinion_endpoint_loop *loop, struct pinion_conn *conn)
{
    struct pinion_http *http = calloc(1, sizeof *http);
    if (!http)
        return; /* not attached: closed */
    http->conn = conn;
    http->loop = loop;
    pinion__http_file_init(http);
    pinion__buf_init(&http->input, loop->endpoint->options.max_head + INPUT_SLACK);
    pinion__buf_init(&http->head, loop->endpoint->options.max_head);
    pinion__timer_init(&http->deadline, on_deadline);
    pinion__turn_init(&http->turn, run_turn);
    http->discard_left = PINION_HTTP_DISCARD_MAX;
    pinion__list_append(&loop->http, &http->node);
    pinion__http_enter(http, PINION_HTTP_HEAD);
    pinion__conn_attach(conn, &http_events, http);
}

/* Nothing is owed to it. */
static bool is_idle(const struct pinion_http *http)
{
    return (http->state == PINION_HTTP_HEAD || http->state == PINION_HTTP_CLOSING) && http->input.len == 0;
}

/* At once, when the peer has all of its answers; else when it has read them. */
static void end(struct pinion_http *http)
{
    if (pinion__conn_unacked(http->conn) == 0)
        pinion__conn_close(http->conn);
    else
        pinion__http_finish(http);
}

void pinion__http_drain(struct pinion_endpoint_loop *loop)
{
    PINION_LIST_FOREACH_SAFE (node, &loop->http) {
        struct pinion_http *http = PINION_CONTAINER_OF(node, struct pinion_http, node);
        if (is_idle(http) && http->asked && !http->polls)
            end(http);
    }
}

bool pinion__http_awaits_first(const struct pinion_endpoint_loop *loop)
{
    PINION_LIST_FOREACH (node, &loop->http) {
        const struct pinion_http *http = PINION_CONTAINER_OF(node, struct pinion_http, node);
        if (!http->asked && http->state != PINION_HTTP_CLOSING)
            return true;
    }
    return false;
}

void pinion__http_stop(struct pinion_endpoint_loop *loop)
{
    PINION_LIST_FOREACH_SAFE (node, &loop->http) {
        struct pinion_http *http = PINION_CONTAINER_OF(node, struct pinion_http, node);
        if (is_answering(http))
            http->keep_alive = false;
        else
            end(http);
    }
}
