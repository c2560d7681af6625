/* What a WebSocket client is sent: frames, pongs and pings. */
#include "base/log_limit.h"
#include "engine/who.h"
#include "transport/websocket_int.h"
#include <assert.h>

#define DROPPED_AT_ONCE 8 /* of that part of a full queue */

/* ---- frames ---- */

/* The client does not read, and everything has an end: drop what waits, say why, and go. */
static void close_slow(struct pinion_websocket *ws)
{
    PINION_LOG_LIMITED(PINION_LOG_INFO, "websocket %s: a client does not read what it is sent, closed (%s)",
                       ws->mount->path, PINION_WHO_OF(ws->socket));
    PINION_COUNT(ws->shard, slow_closed, 1);
    ws->deaf = true;
    pinion__conn_drop_queue(ws->conn);
    pinion__websocket_fail(ws, PINION_CLOSE_POLICY);
}

/* For a frame that takes so much memory. One that is larger than the queue may be goes when nothing waits. */
static bool has_room(const struct pinion_websocket *ws, size_t memory)
{
    size_t queued = pinion__conn_memory(ws->conn);
    return queued == 0 || queued + memory <= ws->mount->options.max_queue;
}

/* Drop some more than is needed, so that not each frame has to look for one. */
static void drop_oldest(struct pinion_websocket *ws, size_t memory)
{
    size_t max = ws->mount->options.max_queue, few = max - max / DROPPED_AT_ONCE;
    PINION_COUNT(ws->shard, skipped, pinion__conn_drop_oldest(ws->conn, few > memory ? few - memory : 0));
}

static bool make_room(struct pinion_websocket *ws, size_t memory)
{
    pinion__conn_flush(ws->conn); /* a burst within one turn is not yet a slow client */
    if (!has_room(ws, memory) && ws->mount->options.drop_broadcasts)
        drop_oldest(ws, memory);
    return has_room(ws, memory);
}

int pinion__websocket_send(void *conn, struct pinion_frame *out)
{
    struct pinion_websocket *ws = conn;
    assert(ws->state == PINION_WEBSOCKET_OPEN);
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

/* ---- pongs ---- */

static void on_stalled(struct pinion_pongs *pongs)
{
    close_slow(pinion__conn_user(pongs->conn));
}

/* NULL when out of memory. */
static struct pinion_pongs *pongs_of(struct pinion_websocket *ws)
{
    struct pinion_websocket_more *more = pinion__websocket_more(ws);
    if (!more || more->pongs)
        return more ? more->pongs : NULL;
    more->pongs = pinion__pool_take(&ws->shard->pool, sizeof *more->pongs);
    if (!more->pongs)
        return NULL;
    pinion__pongs_init(more->pongs, ws->conn, ws->shard->scheduler, ws->mount->options.timeout_ms);
    more->pongs->stalled = on_stalled;
    return more->pongs;
}

static bool reads(const struct pinion_websocket *ws)
{
    return !(ws->more && ws->more->pongs) && pinion__conn_memory(ws->conn) <= PINION_PONGS_AT_ONCE;
}

static void free_idle_pongs(struct pinion_websocket *ws)
{
    if (!ws->more || !ws->more->pongs || !pinion__pongs_idle(ws->more->pongs))
        return;
    pinion__websocket_free_pongs(ws);
    pinion__websocket_trim(ws);
}

/* Without memory there is no pong: the client asks again. */
void pinion__websocket_pong(struct pinion_websocket *ws, struct pinion_frame *pong)
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

void pinion__websocket_drained(struct pinion_conn *conn)
{
    struct pinion_websocket *ws = pinion__conn_user(conn);
    if (ws->eof && ws->state == PINION_WEBSOCKET_CLOSING) {
        pinion__conn_close(conn);
        return;
    }
    if (!ws->more || !ws->more->pongs)
        return;
    pinion__pongs_go_on(ws->more->pongs);
    free_idle_pongs(ws);
}

/* ---- pings ---- */

static void send_ping(void *data)
{
    struct pinion_websocket *ws = data;
    struct pinion_frame *ping = pinion__ws_control_frame(9, NULL, 0);
    if (ping)
        (void)pinion__conn_queue(ws->conn, ping);
}

static void on_silence(void *data)
{
    struct pinion_websocket *ws = data;
    PINION_LOG_LIMITED(PINION_LOG_INFO, "websocket %s: no answer to a ping, closed (%s)", ws->mount->path,
                       PINION_WHO_OF(ws->socket));
    pinion__websocket_fail(ws, PINION_CLOSE_PROTOCOL);
}

void pinion__websocket_start_pings(struct pinion_websocket *ws)
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
