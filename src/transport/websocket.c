/* A WebSocket connection: what is told of it, by the loop and by the engine, and how it opens. */
#include "transport/websocket.h"
#include "engine/connect.h"
#include "io/peer.h"
#include "proto/ws_handshake.h"
#include "transport/websocket_int.h"
#include <stdio.h>

/* ---- the connection's events ---- */

static void on_closed(struct pinion_conn *conn, int error)
{
    struct pinion_websocket *ws = pinion__conn_user(conn);
    pinion__websocket_end_socket(ws);
    pinion__pool_give(&pinion__websocket_shard(ws)->pool, ws->ping, sizeof *ws->ping);
    pinion__websocket_free_more(ws);
    ws->gone = true;
    if (!ws->resuming)
        pinion__websocket_free(ws);
}

static const struct pinion_conn_events ws_events = {
    .data = pinion__websocket_data,
    .drained = pinion__websocket_drained,
    .closed = on_closed,
};

/* ---- the transport ---- */

static struct pinion_frame *add_header(struct pinion_frame *encoded)
{
    pinion__ws_frame_header(encoded);
    return encoded;
}

static void pause_reading(void *conn, bool paused)
{
    struct pinion_websocket *ws = conn;
    ws->paused = paused;
    if (!paused)
        pinion__websocket_resume_later(ws);
}

static void open_now(struct pinion_websocket *ws)
{
    struct pinion_frame *handshake = ws->more->handshake;
    ws->more->handshake = NULL;
    ws->state = PINION_WEBSOCKET_OPEN;
    if (ws->limits->max_unsent > 0)
        pinion__conn_limit_unsent(ws->conn, ws->limits->max_unsent);
    (void)pinion__conn_answer(ws->conn, handshake); /* if it is closed, its closed event follows */
    ws->begins = pinion__conn_position(ws->conn);
    pinion__websocket_start_pings(ws);
}

static void connected(void *conn, int error, const pinion_payload *reason)
{
    struct pinion_websocket *ws = conn;
    if (error) {
        pinion__websocket_refuse(ws, error, reason);
        return;
    }
    open_now(ws);
    pinion__websocket_resume_later(ws);
}

static void close_socket(void *conn, uint16_t code)
{
    struct pinion_websocket *ws = conn;
    if (ws->state == PINION_WEBSOCKET_CONNECTING)
        pinion__websocket_refuse(ws, PINION_ECLOSED, NULL);
    else
        pinion__websocket_close(ws, code);
}

static void write_peer(void *conn, char *text, size_t size)
{
    const struct pinion_websocket *ws = conn;
    snprintf(text, size, "%s", pinion__peer_name(ws->conn, (char[INET6_ADDRSTRLEN]){ 0 }));
}

const struct pinion_transport pinion__websocket = {
    .name = "websocket",
    .frame = add_header,
    .send = pinion__websocket_send,
    .connected = connected,
    .pause = pause_reading,
    .close = close_socket,
    .peer = write_peer,
    .waiting = pinion__websocket_waiting,
    .flush = pinion__websocket_flush,
    .drop = pinion__websocket_drop,
    .send_gathered = pinion__websocket_send_gathered,
};

/* ---- opening ---- */

static struct pinion_frame *make_handshake(const struct pinion_websocket_request *request)
{
    char text[1024];
    long len = pinion__ws_handshake_response(pinion__http1_header(request->head, "sec-websocket-key"),
                                             request->protocol, text, sizeof text);
    return len < 0 ? NULL : pinion__frame_copy(text, (size_t)len);
}

static struct pinion_websocket *ws_new(struct pinion_conn *conn,
                                       const struct pinion_websocket_request *request)
{
    struct pinion_websocket *ws = pinion__pool_take(&request->shard->pool, sizeof *ws);
    if (!ws)
        return NULL;
    ws->conn = conn;
    ws->resume.run = pinion__websocket_resume;
    return ws;
}

/* What the answer will need. */
static int keep_for_later(struct pinion_websocket *ws, const struct pinion_mount *mount,
                          struct pinion_frame *handshake)
{
    struct pinion_websocket_more *more = pinion__websocket_more(ws);
    if (!more)
        return PINION_ENOMEM;
    more->handshake = handshake;
    more->mount = mount;
    return 0;
}

/* As pinion__websocket_open, with the 101 at hand; takes it. */
static int open_with(struct pinion_websocket *ws, struct pinion_websocket_request *request,
                     struct pinion_frame *handshake)
{
    struct pinion_connect connect = {
        .mount = request->mount,
        .transport = &pinion__websocket,
        .conn = ws,
        .params = request->params,
        .info = request->info,
    };
    int rc = keep_for_later(ws, request->mount, handshake);
    if (rc) {
        pinion__frame_unref(handshake);
        return rc;
    }
    rc = pinion__socket_connect(request->shard, &connect, &ws->socket);
    request->reason = connect.reason;
    if (rc && rc != PINION_EPENDING)
        return rc;
    ws->limits = pinion_socket_limits(ws->socket);
    pinion__conn_attach(ws->conn, &ws_events, ws);
    if (rc == 0) {
        open_now(ws);
        pinion__websocket_trim(ws);
    }
    return 0;
}

int pinion__websocket_open(struct pinion_conn *conn, struct pinion_websocket_request *request)
{
    request->reason = NULL;
    struct pinion_frame *handshake = make_handshake(request);
    struct pinion_websocket *ws = handshake ? ws_new(conn, request) : NULL;
    if (!ws) {
        pinion__frame_unref(handshake);
        return PINION_ENOMEM;
    }
    int rc = open_with(ws, request, handshake);
    if (rc) {
        pinion__websocket_free_more(ws);
        pinion__websocket_free(ws);
    }
    return rc;
}
