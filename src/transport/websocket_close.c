/* The end of a WebSocket connection. In CLOSING the socket is gone: what comes is read only to find the
 * peer's close frame, and so that unread input does not turn our close into a reset that destroys what we
 * sent. */
#include "engine/socket_end.h"
#include "transport/refusal.h"
#include "transport/websocket_int.h"

static void set_deadline(struct pinion_websocket_more *more, uint32_t ms)
{
    pinion__scheduler_deadline(pinion__websocket_shard(more->ws)->scheduler, &more->deadline, ms);
}

static void on_deadline(struct pinion_timer *timer)
{
    struct pinion_websocket_more *more = PINION_CONTAINER_OF(timer, struct pinion_websocket_more, deadline);
    uint32_t next = pinion__patience_look(&more->patience, more->ws->conn);
    if (next > 0)
        set_deadline(more, next);
    else
        pinion__conn_close(more->ws->conn);
}

static void stop_pings(struct pinion_websocket *ws)
{
    if (ws->ping)
        pinion__ping_stop(ws->ping);
}

/* Without memory for a timer there is no waiting. */
static void await_end(struct pinion_websocket *ws)
{
    uint32_t close_ms = ws->limits->close_timeout_ms, stall_ms = ws->limits->stall_ms;
    struct pinion_websocket_more *more = pinion__websocket_more(ws);
    if (ws->deaf && close_ms < stall_ms)
        stall_ms = close_ms;
    if (!more) {
        pinion__conn_close(ws->conn);
    } else if (!pinion__timer_active(&more->deadline)) {
        more->deadline.fire = on_deadline;
        set_deadline(more, pinion__patience_begin(&more->patience, close_ms, stall_ms));
    }
}

/* What is queued is the last of it. When the peer has ended its side, so that nothing of it is left unread,
 * the kernel may be trusted with what it took. */
void pinion__websocket_finish(struct pinion_websocket *ws)
{
    if (ws->eof && pinion__conn_flush(ws->conn) == 0) {
        pinion__conn_close(ws->conn);
        return;
    }
    pinion__conn_shutdown(ws->conn);
    await_end(ws);
}

/* Send a close frame after what is queued. The socket is gone already. */
void pinion__websocket_close(struct pinion_websocket *ws, uint16_t code)
{
    struct pinion_frame *frame = pinion__ws_close_frame(code);
    ws->state = PINION_WEBSOCKET_CLOSING;
    ws->socket = NULL;
    stop_pings(ws);
    pinion__websocket_free_pongs(ws);
    pinion__websocket_drop_stash(ws);
    pinion__conn_resume(ws->conn);
    if (!pinion__conn_answer(ws->conn, frame))
        return;
    if (ws->eof)
        pinion__websocket_finish(ws); /* it will not answer */
    else
        await_end(ws);
}

/* The transport ends the socket. */
void pinion__websocket_end_socket(struct pinion_websocket *ws)
{
    struct pinion_socket *socket = ws->socket;
    ws->socket = NULL;
    stop_pings(ws);
    if (socket)
        pinion__socket_ended(socket, PINION_REASON_CLOSED);
}

/* The connection ends at once. */
void pinion__websocket_abandon(struct pinion_websocket *ws)
{
    pinion__websocket_end_socket(ws);
    ws->state = PINION_WEBSOCKET_CLOSING;
    pinion__websocket_free_pongs(ws);
    pinion__websocket_drop_stash(ws);
    pinion__conn_close(ws->conn);
}

/* An answer without a WebSocket: the connection ends after it. */
void pinion__websocket_refuse(struct pinion_websocket *ws, int error, const pinion_payload *reason)
{
    struct pinion_frame *answer =
        pinion__refusal_frame(pinion__websocket_shard(ws), ws->more->mount, error, reason);
    ws->state = PINION_WEBSOCKET_CLOSING;
    ws->socket = NULL;
    pinion__websocket_drop_stash(ws);
    if (!pinion__conn_answer(ws->conn, answer))
        return;
    pinion__conn_resume(ws->conn);
    pinion__conn_shutdown(ws->conn);
    await_end(ws);
}

/* Close for a fault of the client's, or for want of memory: nothing it may still send matters, so our FIN
 * follows at once. A client whose connect has not been answered waits for HTTP, not for a frame. */
void pinion__websocket_fail(struct pinion_websocket *ws, uint16_t code)
{
    bool connecting = ws->state == PINION_WEBSOCKET_CONNECTING;
    pinion__websocket_end_socket(ws);
    if (connecting) {
        pinion__websocket_refuse(ws, PINION_ENOMEM, NULL);
        return;
    }
    pinion__websocket_close(ws, code);
    pinion__conn_shutdown(ws->conn);
}
