/* A WebSocket connection.
 *
 *   CONNECTING --answer--> OPEN --close frame sent--> CLOSING --FIN both ways, or time over--> closed
 *
 * In CONNECTING and while the engine holds frames back, bytes are stashed; when the stash is large, reading
 * stops too. So is what ends a large message, until its turn: what the application does with it takes time,
 * and many may end theirs at once. In CLOSING the socket is gone: what comes is read only to find the peer's
 * close frame, and so that unread input does not turn our close into a reset that destroys what we sent.
 */
#include "transport/websocket.h"
#include "base/log_limit.h"
#include "engine/connect.h"
#include "engine/receive.h"
#include "engine/socket_end.h"
#include "engine/who.h"
#include "io/busy.h"
#include "io/peer.h"
#include "io/progress.h"
#include "proto/ws_frame.h"
#include "proto/ws_handshake.h"
#include "transport/refusal.h"
#include "transport/websocket_ping.h"
#include "transport/websocket_pongs.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define STASH_PAUSE     (64u * 1024)        /* reading stops above this */
#define STASH_MAX       (16u * 1024 * 1024) /* never reached: what comes after a pause is one receive buffer */
#define LARGE           PINION_RECV_PIECE   /* of a message: it waits for its turn */
#define DROPPED_AT_ONCE 8                   /* of that part of a full queue */

enum ws_state { WS_CONNECTING, WS_OPEN, WS_CLOSING };

/* What only some connections have, and not for long. */
struct ws_more {
    struct pinion_buf stash;
    struct pinion_timer deadline; /* of the closing handshake */
    struct pinion_patience patience;
    struct pinion_turn turn; /* what ends a large message waits for it */
    struct ws *ws;
    struct pinion_pongs *pongs;     /* NULL: every ping is answered */
    struct pinion_frame *handshake; /* the 101, while connect is not answered */
};

struct ws {
    struct pinion_conn *conn;
    struct pinion_socket *socket; /* NULL in CLOSING */
    struct pinion_shard *shard;
    const struct pinion_mount *mount;
    struct pinion_ws_decoder *decoder; /* NULL: between messages */
    struct ws_more *more;              /* NULL: nothing of it */
    struct pinion_ping *ping;          /* NULL: none are sent */
    struct pinion_task resume;
    uint8_t state; /* enum ws_state */
    bool paused;   /* the engine holds frames back */
    bool eof;      /* the peer sends no more, and is owed the answers to what it sent */
    bool resuming; /* the resume task is queued */
    bool gone;     /* closed; the resume task frees */
    bool deaf;     /* it is closed for not reading: it has had its time */
};

static const struct pinion_conn_events ws_events;

/* ---- memory ---- */

static void ws_free(struct ws *ws)
{
    pinion__task_gone(&ws->resume);
    pinion__pool_give(&ws->shard->pool, ws, sizeof *ws);
}

static void set_deadline(struct ws_more *more, uint32_t ms)
{
    pinion__scheduler_deadline(more->ws->shard->scheduler, &more->deadline, ms);
}

static void on_deadline(struct pinion_timer *timer)
{
    struct ws_more *more = PINION_CONTAINER_OF(timer, struct ws_more, deadline);
    uint32_t next = pinion__patience_look(&more->patience, more->ws->conn);
    if (next > 0)
        set_deadline(more, next);
    else
        pinion__conn_close(more->ws->conn);
}

static void run_turn(struct pinion_turn *turn);

/* NULL when out of memory. */
static struct ws_more *more_of(struct ws *ws)
{
    if (ws->more)
        return ws->more;
    ws->more = pinion__pool_take(&ws->shard->pool, sizeof *ws->more);
    if (!ws->more)
        return NULL;
    ws->more->ws = ws;
    pinion__buf_init(&ws->more->stash, STASH_MAX);
    pinion__timer_init(&ws->more->deadline, on_deadline);
    pinion__turn_init(&ws->more->turn, run_turn);
    return ws->more;
}

static void free_pongs(struct ws *ws)
{
    if (!ws->more || !ws->more->pongs)
        return;
    pinion__pongs_release(ws->more->pongs);
    pinion__pool_give(&ws->shard->pool, ws->more->pongs, sizeof *ws->more->pongs);
    ws->more->pongs = NULL;
}

static void free_more(struct ws *ws)
{
    if (!ws->more)
        return;
    free_pongs(ws);
    pinion__timer_cancel(&ws->more->deadline);
    pinion__turn_remove(&ws->more->turn);
    pinion__buf_release(&ws->more->stash);
    pinion__frame_unref(ws->more->handshake);
    pinion__pool_give(&ws->shard->pool, ws->more, sizeof *ws->more);
    ws->more = NULL;
}

static size_t stashed(const struct ws *ws)
{
    return ws->more ? ws->more->stash.len : 0;
}

static void free_unused_more(struct ws *ws)
{
    if (stashed(ws) == 0 && ws->state == WS_OPEN && !(ws->more && ws->more->pongs))
        free_more(ws);
}

static void drop_stash(struct ws *ws)
{
    if (!ws->more)
        return;
    pinion__turn_remove(&ws->more->turn);
    pinion__buf_release(&ws->more->stash);
}

/* ---- closing ---- */

static void stop_pings(struct ws *ws)
{
    if (ws->ping)
        pinion__ping_stop(ws->ping);
}

/* Without memory for a timer there is no waiting. */
static void await_end(struct ws *ws)
{
    const struct pinion_hub *hub = ws->shard->hub;
    uint32_t close_ms = hub->close_timeout_ms, stall_ms = hub->stall_ms;
    struct ws_more *more = more_of(ws);
    if (ws->deaf && close_ms < stall_ms)
        stall_ms = close_ms;
    if (!more)
        pinion__conn_close(ws->conn);
    else if (!pinion__timer_active(&more->deadline))
        set_deadline(more, pinion__patience_begin(&more->patience, close_ms, stall_ms));
}

/* What is queued is the last of it. When the peer has ended its side, so that nothing of it is left unread,
 * the kernel may be trusted with what it took. */
static void finish(struct ws *ws)
{
    if (ws->eof && pinion__conn_flush(ws->conn) == 0) {
        pinion__conn_close(ws->conn);
        return;
    }
    pinion__conn_shutdown(ws->conn);
    await_end(ws);
}

/* Send a close frame after what is queued. The socket is gone already. */
static void begin_close(struct ws *ws, uint16_t code)
{
    struct pinion_frame *frame = pinion__ws_close_frame(code);
    ws->state = WS_CLOSING;
    ws->socket = NULL;
    stop_pings(ws);
    free_pongs(ws);
    drop_stash(ws);
    pinion__conn_resume(ws->conn);
    if (!pinion__conn_answer(ws->conn, frame))
        return;
    if (ws->eof)
        finish(ws); /* it will not answer */
    else
        await_end(ws);
}

/* The transport ends the socket. */
static void end_socket(struct ws *ws)
{
    struct pinion_socket *socket = ws->socket;
    ws->socket = NULL;
    stop_pings(ws);
    if (socket)
        pinion__socket_ended(socket, PINION_REASON_CLOSED);
}

static void refuse(struct ws *ws, int error, const pinion_payload *reason);

/* Close for a fault of the client's, or for want of memory: nothing it may still send matters, so our FIN
 * follows at once. A client whose connect has not been answered waits for HTTP, not for a frame. */
static void fail(struct ws *ws, uint16_t code)
{
    bool connecting = ws->state == WS_CONNECTING;
    end_socket(ws);
    if (connecting) {
        refuse(ws, PINION_ENOMEM, NULL);
        return;
    }
    begin_close(ws, code);
    pinion__conn_shutdown(ws->conn);
}

static void on_close_frame(struct ws *ws, uint16_t code)
{
    if (ws->state == WS_OPEN)
        fail(ws, code); /* which echoes the code */
    else
        pinion__conn_shutdown(ws->conn);
}

/* ---- pongs ---- */

/* The client does not read, and everything has an end: drop what waits, say why, and go. */
static void close_slow(struct ws *ws)
{
    PINION_LOG_LIMITED(PINION_LOG_INFO, "websocket %s: a client does not read what it is sent, closed (%s)",
                       ws->mount->path, PINION_WHO_OF(ws->socket));
    PINION_COUNT(ws->shard, slow_closed, 1);
    ws->deaf = true;
    pinion__conn_drop_queue(ws->conn);
    fail(ws, PINION_CLOSE_POLICY);
}

static void on_stalled(struct pinion_pongs *pongs)
{
    close_slow(pinion__conn_user(pongs->conn));
}

/* NULL when out of memory. */
static struct pinion_pongs *pongs_of(struct ws *ws)
{
    struct ws_more *more = more_of(ws);
    if (!more || more->pongs)
        return more ? more->pongs : NULL;
    more->pongs = pinion__pool_take(&ws->shard->pool, sizeof *more->pongs);
    if (!more->pongs)
        return NULL;
    pinion__pongs_init(more->pongs, ws->conn, ws->shard->scheduler, ws->mount->options.timeout_ms);
    more->pongs->stalled = on_stalled;
    return more->pongs;
}

static bool reads(const struct ws *ws)
{
    return !(ws->more && ws->more->pongs) && pinion__conn_memory(ws->conn) <= PINION_PONGS_AT_ONCE;
}

static void free_idle_pongs(struct ws *ws)
{
    if (!ws->more || !ws->more->pongs || !pinion__pongs_idle(ws->more->pongs))
        return;
    free_pongs(ws);
    free_unused_more(ws);
}

/* Without memory there is no pong: the client asks again. */
static void send_pong(struct ws *ws, struct pinion_frame *pong)
{
    if (!reads(ws)) {
        pinion__conn_flush(ws->conn); /* a burst within one turn is not yet a slow client */
        if (pinion__conn_memory(ws->conn) <= PINION_PONGS_AT_ONCE)
            free_idle_pongs(ws);
    }
    if (reads(ws)) {
        (void)pinion__conn_queue(ws->conn, pong);
        return;
    }
    struct pinion_pongs *pongs = pongs_of(ws);
    if (pongs)
        pinion__pongs_answer(pongs, pong);
    else
        pinion__frame_unref(pong);
}

static void on_drained(struct pinion_conn *conn)
{
    struct ws *ws = pinion__conn_user(conn);
    if (ws->eof && ws->state == WS_CLOSING) {
        pinion__conn_close(conn);
        return;
    }
    if (!ws->more || !ws->more->pongs)
        return;
    pinion__pongs_go_on(ws->more->pongs);
    free_idle_pongs(ws);
}

/* ---- frames in ---- */

/* A sign of life: messages are the engine's to count, but part of one, or what waits, is one too. A large
 * message may take a slow client longer than it may be silent. */
static void seen(struct ws *ws)
{
    if (ws->state == WS_OPEN)
        pinion__socket_seen(ws->socket);
}

static void on_ping(struct ws *ws, const struct pinion_ws_event *event)
{
    if (ws->state != WS_OPEN)
        return;
    pinion__socket_control(ws->socket);
    if (ws->state != WS_OPEN)
        return;
    struct pinion_frame *pong = pinion__ws_control_frame(10, event->data, event->len);
    if (pong)
        send_pong(ws, pong);
}

static void on_message(struct ws *ws, const struct pinion_ws_event *event)
{
    if (ws->state == WS_OPEN)
        pinion__socket_receive(ws->socket, event->opcode == PINION_OPCODE_BINARY,
                               pinion__slice(event->data, event->len));
}

static void on_violation(struct ws *ws, uint16_t code)
{
    if (ws->state != WS_OPEN)
        return;
    PINION_LOG_LIMITED(PINION_LOG_INFO, "websocket %s: a client broke the protocol, closed with %u (%s)",
                       ws->mount->path, code, PINION_WHO_OF(ws->socket));
    fail(ws, code);
}

static void on_event(struct ws *ws, const struct pinion_ws_event *event)
{
    switch (event->type) {
    case PINION_WS_MESSAGE:
        on_message(ws, event);
        break;
    case PINION_WS_PING:
        on_ping(ws, event);
        break;
    case PINION_WS_PONG:
        if (ws->state == WS_OPEN)
            pinion__socket_control(ws->socket);
        break;
    case PINION_WS_CLOSE:
        on_close_frame(ws, event->close_code);
        break;
    case PINION_WS_ERROR:
        on_violation(ws, event->close_code);
        break;
    case PINION_WS_NEED_MORE:
        break;
    }
}

static bool holds_back(const struct ws *ws)
{
    return ws->state == WS_CONNECTING || (ws->state == WS_OPEN && ws->paused);
}

static bool waits_turn(const struct ws *ws)
{
    return ws->more && pinion__turn_waits(&ws->more->turn);
}

static bool ends_large(const struct ws *ws, size_t len)
{
    return ws->decoder && pinion__ws_decoder_may_end(ws->decoder, LARGE, len);
}

static void wait_turn(struct ws *ws)
{
    pinion__turns_append(&ws->shard->turns, &ws->more->turn);
}

/* What the decoder knows outlives the input only in the midst of a message, or after the last one. */
static void keep_decoder(struct ws *ws, struct pinion_ws_decoder *decoder)
{
    if (pinion__ws_decoder_idle(decoder)) {
        pinion__pool_give(&ws->shard->pool, ws->decoder, sizeof *ws->decoder);
        ws->decoder = NULL;
        return;
    }
    seen(ws);
    if (!ws->decoder)
        ws->decoder = pinion__pool_take(&ws->shard->pool, sizeof *ws->decoder);
    if (ws->decoder) {
        *ws->decoder = *decoder;
        return;
    }
    pinion__ws_decoder_release(decoder); /* with the part of a message that it holds */
    if (ws->state == WS_OPEN)
        fail(ws, PINION_CLOSE_INTERNAL);
    else
        pinion__conn_close(ws->conn);
}

/* Decode and act, until the input is used up or the engine holds back, or until what a message caused waits
 * in the run queue: that comes before the next one; or until many have been spoken to since `spoken`
 * (spoken.h). Returns what was used. */
static size_t process(struct ws *ws, uint64_t spoken, uint8_t *bytes, size_t len)
{
    const struct pinion_scheduler *scheduler = ws->shard->scheduler;
    uint64_t mark = pinion__scheduler_mark(scheduler);
    struct pinion_ws_event event;
    struct pinion_ws_decoder decoder;
    size_t pos = 0;
    if (ws->decoder)
        decoder = *ws->decoder;
    else
        pinion__ws_decoder_init(&decoder, ws->mount->options.max_message);
    do {
        pinion__ws_decode(&decoder, bytes, len, &pos, &event);
        on_event(ws, &event);
    } while (event.type != PINION_WS_NEED_MORE && !holds_back(ws) &&
             pinion__scheduler_mark(scheduler) == mark && !pinion__spoken_enough(ws->shard, spoken));
    pinion__ws_decoder_forget(&decoder);
    keep_decoder(ws, &decoder);
    return pos;
}

static void stash(struct ws *ws, const uint8_t *bytes, size_t len)
{
    struct ws_more *more = more_of(ws);
    seen(ws);
    if (!more || pinion__buf_append(&more->stash, bytes, len) != 0)
        fail(ws, PINION_CLOSE_INTERNAL);
    else if (more->stash.len > STASH_PAUSE)
        pinion__conn_pause(ws->conn);
}

static void resume_later(struct ws *ws)
{
    if (ws->resuming)
        return;
    ws->resuming = true;
    pinion__scheduler_defer(ws->shard->scheduler, &ws->resume);
}

/* This is a task, and something waits behind it; unless this client has had its turn. */
static void go_on_later(struct ws *ws, uint64_t spoken)
{
    if (pinion__spoken_enough(ws->shard, spoken))
        wait_turn(ws);
    else
        resume_later(ws);
}

static void receive(struct ws *ws, uint8_t *bytes, size_t len)
{
    uint64_t spoken = pinion__spoken_begin(ws->shard);
    size_t used = 0;
    bool large = ws->state == WS_OPEN && ends_large(ws, len);
    if (!large && !holds_back(ws) && stashed(ws) == 0)
        used = process(ws, spoken, bytes, len);
    if (used == len || ws->state == WS_CLOSING)
        return;
    stash(ws, bytes + used, len - used);
    if (ws->state == WS_CLOSING || holds_back(ws) || waits_turn(ws))
        return;
    if (large)
        wait_turn(ws);
    else
        go_on_later(ws, spoken);
}

/* What waited. What still has to wait stays in front of what comes. */
static void process_stash(struct ws *ws, uint64_t spoken)
{
    struct pinion_buf pending = ws->more->stash;
    pinion__buf_init(&ws->more->stash, STASH_MAX);
    pinion__buf_consume(&pending, process(ws, spoken, (uint8_t *)pending.data, pending.len));
    if (pending.len && ws->state != WS_CLOSING)
        ws->more->stash = pending;
    else
        pinion__buf_release(&pending);
}

/* The peer has sent all that it will. What can be handled of it has been, once the stash is looked at; what
 * the engine holds back is dropped, like what waits in there, for nobody may be left to hear of it. */
static void end_if_over(struct ws *ws)
{
    if (!ws->eof || ws->state == WS_CLOSING || (stashed(ws) > 0 && !holds_back(ws)))
        return;
    end_socket(ws);
    ws->state = WS_CLOSING;
    free_pongs(ws);
    drop_stash(ws);
    finish(ws);
}

static void go_on(struct ws *ws)
{
    uint64_t spoken = pinion__spoken_begin(ws->shard);
    if (stashed(ws) > 0)
        process_stash(ws, spoken);
    if (stashed(ws) > 0 && !holds_back(ws) && ws->state != WS_CLOSING)
        go_on_later(ws, spoken);
    if (stashed(ws) <= STASH_PAUSE)
        pinion__conn_resume(ws->conn);
    end_if_over(ws);
    free_unused_more(ws);
}

static void run_turn(struct pinion_turn *turn)
{
    struct ws *ws = PINION_CONTAINER_OF(turn, struct ws_more, turn)->ws;
    if (!holds_back(ws))
        go_on(ws);
}

/* Not from inside the engine's call, which may be deep in a callback's outcome. */
static void run_resume(struct pinion_task *task)
{
    struct ws *ws = PINION_CONTAINER_OF(task, struct ws, resume);
    ws->resuming = false;
    if (ws->gone) {
        ws_free(ws);
        return;
    }
    if (holds_back(ws) || waits_turn(ws) || ws->state == WS_CLOSING)
        return;
    if (stashed(ws) > 0 && ends_large(ws, stashed(ws)))
        wait_turn(ws);
    else
        go_on(ws);
}

/* ---- the connection's events ---- */

/* The peer sends no more. Of a connect that is not answered nobody waits for the answer. */
static void end_input(struct ws *ws)
{
    ws->eof = true;
    if (ws->state == WS_CONNECTING) {
        end_socket(ws);
        pinion__conn_close(ws->conn);
    } else if (ws->state == WS_CLOSING) {
        finish(ws);
    } else {
        end_if_over(ws);
    }
}

static void on_data(struct pinion_conn *conn, uint8_t *bytes, size_t len)
{
    if (len > 0)
        receive(pinion__conn_user(conn), bytes, len);
    else
        end_input(pinion__conn_user(conn));
}

static void on_closed(struct pinion_conn *conn, int error)
{
    struct ws *ws = pinion__conn_user(conn);
    end_socket(ws);
    pinion__pool_give(&ws->shard->pool, ws->ping, sizeof *ws->ping);
    free_more(ws);
    if (ws->decoder)
        pinion__ws_decoder_release(ws->decoder);
    pinion__pool_give(&ws->shard->pool, ws->decoder, sizeof *ws->decoder);
    ws->gone = true;
    if (!ws->resuming)
        ws_free(ws);
}

static const struct pinion_conn_events ws_events = {
    .data = on_data,
    .drained = on_drained,
    .closed = on_closed,
};

/* ---- the transport ---- */

static struct pinion_frame *add_header(struct pinion_frame *encoded)
{
    pinion__ws_frame_header(encoded);
    return encoded;
}

/* For a frame that takes so much memory. One that is larger than the queue may be goes when nothing waits. */
static bool has_room(const struct ws *ws, size_t memory)
{
    size_t queued = pinion__conn_memory(ws->conn);
    return queued == 0 || queued + memory <= ws->mount->options.max_queue;
}

/* Drop some more than is needed, so that not each frame has to look for one. */
static void drop_oldest(struct ws *ws, size_t memory)
{
    size_t max = ws->mount->options.max_queue, few = max - max / DROPPED_AT_ONCE;
    PINION_COUNT(ws->shard, skipped, pinion__conn_drop_oldest(ws->conn, few > memory ? few - memory : 0));
}

static bool make_room(struct ws *ws, size_t memory)
{
    pinion__conn_flush(ws->conn); /* a burst within one turn is not yet a slow client */
    if (!has_room(ws, memory) && ws->mount->options.drop_broadcasts)
        drop_oldest(ws, memory);
    return has_room(ws, memory);
}

static int send_frame(void *conn, struct pinion_frame *out)
{
    struct ws *ws = conn;
    assert(ws->state == WS_OPEN);
    size_t memory = pinion__frame_memory(out);
    if (has_room(ws, memory) || make_room(ws, memory))
        return pinion__conn_queue(ws->conn, out);
    bool skip = out->droppable && ws->mount->options.drop_broadcasts;
    pinion__frame_unref(out);
    if (skip)
        return PINION_EBUSY;
    close_slow(ws);
    return PINION_ECLOSED;
}

static void pause_reading(void *conn, bool paused)
{
    struct ws *ws = conn;
    ws->paused = paused;
    if (!paused)
        resume_later(ws);
}

/* An answer without a WebSocket: the connection ends after it. */
static void refuse(struct ws *ws, int error, const pinion_payload *reason)
{
    struct pinion_frame *answer = pinion__refusal_frame(ws->shard, ws->mount, error, reason);
    ws->state = WS_CLOSING;
    ws->socket = NULL;
    drop_stash(ws);
    if (!pinion__conn_answer(ws->conn, answer))
        return;
    pinion__conn_resume(ws->conn);
    pinion__conn_shutdown(ws->conn);
    await_end(ws);
}

/* ---- pings ---- */

static void send_ping(void *data)
{
    struct ws *ws = data;
    struct pinion_frame *ping = pinion__ws_control_frame(9, NULL, 0);
    if (ping)
        (void)pinion__conn_queue(ws->conn, ping);
}

static void on_silence(void *data)
{
    struct ws *ws = data;
    PINION_LOG_LIMITED(PINION_LOG_INFO, "websocket %s: no answer to a ping, closed (%s)", ws->mount->path,
                       PINION_WHO_OF(ws->socket));
    fail(ws, PINION_CLOSE_PROTOCOL);
}

static void start_pings(struct ws *ws)
{
    if (ws->mount->options.ping_interval_ms == 0)
        return;
    ws->ping = pinion__pool_take(&ws->shard->pool, sizeof *ws->ping);
    if (!ws->ping)
        return; /* the idle time finds it out */
    ws->ping->socket = ws->socket;
    ws->ping->ws = ws;
    ws->ping->ask = send_ping;
    ws->ping->silent = on_silence;
    pinion__ping_start(ws->ping);
}

static void open_now(struct ws *ws)
{
    struct pinion_frame *handshake = ws->more->handshake;
    ws->more->handshake = NULL;
    ws->state = WS_OPEN;
    (void)pinion__conn_answer(ws->conn, handshake); /* if it is closed, its closed event follows */
    start_pings(ws);
}

static void connected(void *conn, int error, const pinion_payload *reason)
{
    struct ws *ws = conn;
    if (error) {
        refuse(ws, error, reason);
        return;
    }
    open_now(ws);
    resume_later(ws);
}

static void close_socket(void *conn, uint16_t code)
{
    struct ws *ws = conn;
    if (ws->state == WS_CONNECTING)
        refuse(ws, PINION_ECLOSED, NULL);
    else
        begin_close(ws, code);
}

static void write_peer(void *conn, char *text, size_t size)
{
    const struct ws *ws = conn;
    snprintf(text, size, "%s", pinion__peer_name(ws->conn, (char[INET6_ADDRSTRLEN]){ 0 }));
}

const struct pinion_transport pinion__websocket = {
    .name = "websocket",
    .frame = add_header,
    .send = send_frame,
    .connected = connected,
    .pause = pause_reading,
    .close = close_socket,
    .peer = write_peer,
};

/* ---- opening ---- */

static struct pinion_frame *make_handshake(const struct pinion_websocket_request *request)
{
    char text[1024];
    long len = pinion__ws_handshake_response(pinion__http1_header(request->head, "sec-websocket-key"),
                                             request->protocol, text, sizeof text);
    return len < 0 ? NULL : pinion__frame_copy(text, (size_t)len);
}

static struct ws *ws_new(struct pinion_conn *conn, const struct pinion_websocket_request *request)
{
    struct ws *ws = pinion__pool_take(&request->shard->pool, sizeof *ws);
    if (!ws)
        return NULL;
    ws->conn = conn;
    ws->shard = request->shard;
    ws->mount = request->mount;
    ws->resume.run = run_resume;
    return ws;
}

/* What the answer will need. */
static int keep_for_later(struct ws *ws, struct pinion_frame *handshake)
{
    struct ws_more *more = more_of(ws);
    if (!more)
        return PINION_ENOMEM;
    more->handshake = handshake;
    return 0;
}

/* As pinion__websocket_open, with the 101 at hand; takes it. */
static int open_with(struct ws *ws, struct pinion_websocket_request *request, struct pinion_frame *handshake)
{
    struct pinion_connect connect = {
        .mount = request->mount,
        .transport = &pinion__websocket,
        .conn = ws,
        .params = request->params,
        .info = request->info,
    };
    int rc = keep_for_later(ws, handshake);
    if (rc) {
        pinion__frame_unref(handshake);
        return rc;
    }
    rc = pinion__socket_connect(request->shard, &connect, &ws->socket);
    request->reason = connect.reason;
    if (rc && rc != PINION_EPENDING)
        return rc;
    pinion__conn_attach(ws->conn, &ws_events, ws);
    if (rc == 0) {
        open_now(ws);
        free_unused_more(ws);
    }
    return 0;
}

int pinion__websocket_open(struct pinion_conn *conn, struct pinion_websocket_request *request)
{
    request->reason = NULL;
    struct pinion_frame *handshake = make_handshake(request);
    struct ws *ws = handshake ? ws_new(conn, request) : NULL;
    if (!ws) {
        pinion__frame_unref(handshake);
        return PINION_ENOMEM;
    }
    int rc = open_with(ws, request, handshake);
    if (rc) {
        free_more(ws);
        ws_free(ws);
    }
    return rc;
}
