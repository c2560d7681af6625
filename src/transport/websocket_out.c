/* What a WebSocket client is sent: frames and pongs. */
#include "engine/admit.h"
#include "engine/behind.h"
#include "transport/websocket_int.h"
#include <assert.h>

#define GATHER_MAX ((size_t)16 * 1024) /* bytes that may wait for others */

/* ---- frames ---- */

size_t pinion__websocket_waiting(void *conn)
{
    const struct pinion_websocket *ws = conn;
    return pinion__conn_memory(ws->conn);
}

void pinion__websocket_flush(void *conn)
{
    const struct pinion_websocket *ws = conn;
    pinion__conn_flush(ws->conn);
}

size_t pinion__websocket_drop(void *conn, size_t most)
{
    const struct pinion_websocket *ws = conn;
    return pinion__conn_drop_oldest(ws->conn, most);
}

/* The client does not read, and everything has an end: drop what waits, say why, and go. To one that has not
 * even read its 101, or what came before it, a close frame would be nonsense. */
static void close_slow(struct pinion_websocket *ws)
{
    ws->deaf = true;
    if (pinion__conn_waits_before(ws->conn, ws->begins)) {
        pinion__websocket_abandon(ws);
        return;
    }
    pinion__conn_drop_queue(ws->conn);
    pinion__websocket_fail(ws, PINION_CLOSE_POLICY);
}

/* It may wait for others, unless much waits already. */
static int queue_delayed(struct pinion_websocket *ws, struct pinion_frame *out)
{
    int rc = pinion__conn_queue_delayed(ws->conn, out);
    if (rc)
        return rc;
    if (pinion__conn_queued(ws->conn) >= GATHER_MAX)
        pinion__conn_let_go(ws->conn);
    else
        pinion_transport_gather(ws->socket);
    return 0;
}

static int queue(struct pinion_websocket *ws, struct pinion_frame *out)
{
    return ws->limits->flush_delay_ms == 0 ? pinion__conn_queue(ws->conn, out) : queue_delayed(ws, out);
}

void pinion__websocket_send_gathered(void *conn)
{
    const struct pinion_websocket *ws = conn;
    pinion__conn_let_go(ws->conn);
}

/* Of a frame for which there is no room at once. */
static int send_if_admitted(struct pinion_websocket *ws, struct pinion_frame *out, size_t memory)
{
    int rc = pinion__socket_admit(ws->socket, out, memory);
    if (rc == 0)
        return queue(ws, out);
    pinion__frame_unref(out);
    if (rc == PINION_ECLOSED)
        close_slow(ws);
    return rc;
}

int pinion__websocket_send(void *conn, struct pinion_frame *out)
{
    struct pinion_websocket *ws = conn;
    assert(ws->state == PINION_WEBSOCKET_OPEN);
    size_t memory = pinion__frame_memory(out);
    if (pinion_transport_has_room(ws->limits, pinion__conn_memory(ws->conn), memory))
        return queue(ws, out);
    return send_if_admitted(ws, out, memory);
}

/* ---- pongs ---- */

static void on_stalled(struct pinion_pongs *pongs)
{
    struct pinion_websocket *ws = pinion__conn_user(pongs->conn);
    pinion__socket_slow(ws->socket);
    close_slow(ws);
}

/* NULL when out of memory. */
static struct pinion_pongs *pongs_of(struct pinion_websocket *ws)
{
    struct pinion_websocket_more *more = pinion__websocket_more(ws);
    if (!more || more->pongs)
        return more ? more->pongs : NULL;
    more->pongs = pinion__pool_take(&pinion__websocket_shard(ws)->pool, sizeof *more->pongs);
    if (!more->pongs)
        return NULL;
    pinion__pongs_init(more->pongs, ws->conn, pinion__websocket_shard(ws)->scheduler, ws->limits->timeout_ms);
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
    if (ws->socket)
        pinion__behind_drained(ws->socket);
    if (ws->eof && ws->state == PINION_WEBSOCKET_CLOSING) {
        pinion__conn_close(conn);
        return;
    }
    if (!ws->more || !ws->more->pongs)
        return;
    pinion__pongs_go_on(ws->more->pongs);
    free_idle_pongs(ws);
}
