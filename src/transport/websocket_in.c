/* What a WebSocket client sends.
 *
 * In CONNECTING and while the engine holds frames back, bytes are stashed; when the stash is large, reading
 * stops too. So is what ends a large message, until its turn: what the application does with it takes time,
 * and many may end theirs at once. */
#include "base/log_limit.h"
#include "engine/receive.h"
#include "engine/who.h"
#include "io/busy.h"
#include "transport/websocket_int.h"

#define STASH_PAUSE (64u * 1024)      /* reading stops above this */
#define LARGE       PINION_RECV_PIECE /* of a message: it waits for its turn */

/* ---- frames ---- */

/* A sign of life: messages are the engine's to count, but part of one, or what waits, is one too. A large
 * message may take a slow client longer than it may be silent. */
static void seen(struct pinion_websocket *ws)
{
    if (ws->state == PINION_WEBSOCKET_OPEN)
        pinion__socket_seen(ws->socket);
}

static void on_ping(struct pinion_websocket *ws, const struct pinion_ws_event *event)
{
    if (ws->state != PINION_WEBSOCKET_OPEN)
        return;
    pinion__socket_control(ws->socket);
    if (ws->state != PINION_WEBSOCKET_OPEN)
        return;
    struct pinion_frame *pong = pinion__ws_control_frame(10, event->data, event->len);
    if (pong)
        pinion__websocket_pong(ws, pong);
}

static void on_message(struct pinion_websocket *ws, const struct pinion_ws_event *event)
{
    if (ws->state == PINION_WEBSOCKET_OPEN)
        pinion__socket_receive(ws->socket, event->opcode == PINION_OPCODE_BINARY,
                               pinion__slice(event->data, event->len));
}

static void on_close_frame(struct pinion_websocket *ws, uint16_t code)
{
    if (ws->state == PINION_WEBSOCKET_OPEN)
        pinion__websocket_fail(ws, code); /* which echoes the code */
    else
        pinion__conn_shutdown(ws->conn);
}

static void fail_for_memory(struct pinion_websocket *ws)
{
    pinion__socket_because(ws->socket, PINION_CAUSE_MEMORY);
    pinion__websocket_fail(ws, PINION_CLOSE_INTERNAL);
}

static void on_violation(struct pinion_websocket *ws, uint16_t code)
{
    if (ws->state != PINION_WEBSOCKET_OPEN)
        return;
    PINION_LOG_LIMITED(PINION_LOG_INFO, "websocket %s: a client broke the protocol, closed with %u (%s)",
                       ws->limits->path, code, PINION_WHO_OF(ws->socket));
    pinion__socket_because(ws->socket,
                           code == PINION_CLOSE_TOO_BIG ? PINION_CAUSE_TOO_BIG : PINION_CAUSE_MALFORMED);
    pinion__websocket_fail(ws, code);
}

static void on_event(struct pinion_websocket *ws, const struct pinion_ws_event *event)
{
    switch (event->type) {
    case PINION_WS_MESSAGE:
        on_message(ws, event);
        break;
    case PINION_WS_PING:
        on_ping(ws, event);
        break;
    case PINION_WS_PONG:
        if (ws->state == PINION_WEBSOCKET_OPEN)
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

/* ---- bytes ---- */

static bool holds_back(const struct pinion_websocket *ws)
{
    return ws->state == PINION_WEBSOCKET_CONNECTING || (ws->state == PINION_WEBSOCKET_OPEN && ws->paused);
}

static bool waits_turn(const struct pinion_websocket *ws)
{
    return ws->more && pinion__turn_waits(&ws->more->turn);
}

static bool ends_large(const struct pinion_websocket *ws, size_t len)
{
    const struct pinion_ws_decoder *decoder = pinion__websocket_decoder(ws);
    return decoder && pinion__ws_decoder_may_end(decoder, LARGE, len);
}

static void run_turn(struct pinion_turn *turn);

static void wait_turn(struct pinion_websocket *ws)
{
    ws->more->turn.run = run_turn;
    pinion__turns_append(&pinion__websocket_shard(ws)->turns, &ws->more->turn);
}

/* What the decoder knows outlives the input only in the midst of a message, or after the last one. */
static void keep_decoder(struct pinion_websocket *ws, struct pinion_ws_decoder *decoder)
{
    struct pinion_websocket_more *more = ws->more;
    struct pinion_pool *pool = &pinion__websocket_shard(ws)->pool;
    if (pinion__ws_decoder_idle(decoder)) {
        if (more) {
            pinion__pool_give(pool, more->decoder, sizeof *decoder);
            more->decoder = NULL;
        }
        return;
    }
    seen(ws);
    more = pinion__websocket_more(ws);
    if (more && !more->decoder)
        more->decoder = pinion__pool_take(pool, sizeof *decoder);
    if (more && more->decoder) {
        *more->decoder = *decoder;
        return;
    }
    pinion__ws_decoder_release(decoder); /* with the part of a message that it holds */
    if (ws->state == PINION_WEBSOCKET_OPEN)
        fail_for_memory(ws);
    else
        pinion__conn_close(ws->conn);
}

/* Decode and act, until the input is used up or the engine holds back, or until what a message caused waits
 * in the run queue: that comes before the next one; or until many have been spoken to since `spoken`
 * (spoken.h). Returns what was used. */
static size_t process(struct pinion_websocket *ws, uint64_t spoken, uint8_t *bytes, size_t len)
{
    const struct pinion_scheduler *scheduler = pinion__websocket_shard(ws)->scheduler;
    uint64_t mark = pinion__scheduler_mark(scheduler);
    const struct pinion_ws_decoder *kept = pinion__websocket_decoder(ws);
    struct pinion_ws_event event;
    struct pinion_ws_decoder decoder;
    size_t pos = 0;
    if (kept)
        decoder = *kept;
    else
        pinion__ws_decoder_init(&decoder, ws->limits->max_message);
    do {
        pinion__ws_decode(&decoder, bytes, len, &pos, &event);
        on_event(ws, &event);
    } while (event.type != PINION_WS_NEED_MORE && !holds_back(ws) &&
             pinion__scheduler_mark(scheduler) == mark &&
             !pinion__spoken_enough(pinion__websocket_shard(ws), spoken));
    pinion__ws_decoder_forget(&decoder);
    keep_decoder(ws, &decoder);
    return pos;
}

static void read_on(struct pinion_websocket *ws, bool on)
{
    if (on)
        pinion__conn_resume(ws->conn);
    else
        pinion__conn_pause(ws->conn);
    if (ws->socket)
        pinion__socket_unread(ws->socket, !on);
}

static void stash(struct pinion_websocket *ws, const uint8_t *bytes, size_t len)
{
    struct pinion_websocket_more *more = pinion__websocket_more(ws);
    seen(ws);
    if (!more || pinion__buf_append(&more->stash, bytes, len) != 0)
        fail_for_memory(ws);
    else if (more->stash.len > STASH_PAUSE)
        read_on(ws, false);
}

void pinion__websocket_resume_later(struct pinion_websocket *ws)
{
    if (ws->resuming)
        return;
    ws->resuming = true;
    pinion__scheduler_defer(pinion__websocket_shard(ws)->scheduler, &ws->resume);
}

/* This is a task, and something waits behind it; unless this client has had its turn. */
static void go_on_later(struct pinion_websocket *ws, uint64_t spoken)
{
    if (pinion__spoken_enough(pinion__websocket_shard(ws), spoken))
        wait_turn(ws);
    else
        pinion__websocket_resume_later(ws);
}

static void receive(struct pinion_websocket *ws, uint8_t *bytes, size_t len)
{
    uint64_t spoken = pinion__spoken_begin(pinion__websocket_shard(ws));
    size_t used = 0;
    bool large = ws->state == PINION_WEBSOCKET_OPEN && ends_large(ws, len);
    if (!large && !holds_back(ws) && pinion__websocket_stashed(ws) == 0)
        used = process(ws, spoken, bytes, len);
    if (used == len || ws->state == PINION_WEBSOCKET_CLOSING) {
        pinion__websocket_trim(ws);
        return;
    }
    stash(ws, bytes + used, len - used);
    if (ws->state == PINION_WEBSOCKET_CLOSING || holds_back(ws) || waits_turn(ws))
        return;
    if (large)
        wait_turn(ws);
    else
        go_on_later(ws, spoken);
}

/* What waited. What still has to wait stays in front of what comes. */
static void process_stash(struct pinion_websocket *ws, uint64_t spoken)
{
    struct pinion_buf pending = ws->more->stash;
    pinion__buf_init(&ws->more->stash, PINION_STASH_MAX);
    pinion__buf_consume(&pending, process(ws, spoken, (uint8_t *)pending.data, pending.len));
    if (pending.len && ws->state != PINION_WEBSOCKET_CLOSING)
        ws->more->stash = pending;
    else
        pinion__buf_release(&pending);
}

/* The peer has sent all that it will. What can be handled of it has been, once the stash is looked at; what
 * the engine holds back is dropped, like what waits in there, for nobody may be left to hear of it. */
static void end_if_over(struct pinion_websocket *ws)
{
    if (!ws->eof || ws->state == PINION_WEBSOCKET_CLOSING ||
        (pinion__websocket_stashed(ws) > 0 && !holds_back(ws)))
        return;
    pinion__websocket_end_socket(ws);
    ws->state = PINION_WEBSOCKET_CLOSING;
    pinion__websocket_free_pongs(ws);
    pinion__websocket_drop_stash(ws);
    pinion__websocket_finish(ws);
}

static void go_on(struct pinion_websocket *ws)
{
    uint64_t spoken = pinion__spoken_begin(pinion__websocket_shard(ws));
    if (pinion__websocket_stashed(ws) > 0)
        process_stash(ws, spoken);
    if (pinion__websocket_stashed(ws) > 0 && !holds_back(ws) && ws->state != PINION_WEBSOCKET_CLOSING)
        go_on_later(ws, spoken);
    if (pinion__websocket_stashed(ws) <= STASH_PAUSE)
        read_on(ws, true);
    end_if_over(ws);
    pinion__websocket_trim(ws);
}

static void run_turn(struct pinion_turn *turn)
{
    struct pinion_websocket *ws = PINION_CONTAINER_OF(turn, struct pinion_websocket_more, turn)->ws;
    if (!holds_back(ws))
        go_on(ws);
}

/* Not from inside the engine's call, which may be deep in a callback's outcome. */
void pinion__websocket_resume(struct pinion_task *task)
{
    struct pinion_websocket *ws = PINION_CONTAINER_OF(task, struct pinion_websocket, resume);
    ws->resuming = false;
    if (ws->gone) {
        pinion__websocket_free(ws);
        return;
    }
    if (holds_back(ws) || waits_turn(ws) || ws->state == PINION_WEBSOCKET_CLOSING)
        return;
    if (pinion__websocket_stashed(ws) > 0 && ends_large(ws, pinion__websocket_stashed(ws)))
        wait_turn(ws);
    else
        go_on(ws);
}

/* The peer sends no more. Of a connect that is not answered nobody waits for the answer. */
static void end_input(struct pinion_websocket *ws)
{
    ws->eof = true;
    if (ws->state == PINION_WEBSOCKET_CONNECTING) {
        pinion__websocket_end_socket(ws);
        pinion__conn_close(ws->conn);
    } else if (ws->state == PINION_WEBSOCKET_CLOSING) {
        pinion__websocket_finish(ws);
    } else {
        end_if_over(ws);
    }
}

void pinion__websocket_data(struct pinion_conn *conn, uint8_t *bytes, size_t len)
{
    if (len > 0)
        receive(pinion__conn_user(conn), bytes, len);
    else
        end_input(pinion__conn_user(conn));
}
