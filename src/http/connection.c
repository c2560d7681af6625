/* HTTP connections begin here. This file hears their events. */
#include "http/connection.h"
#include <stdlib.h>

/* ---- the connection's events ---- */

static void on_data(struct pinion_conn *conn, uint8_t *bytes, size_t len)
{
    pinion__http_receive(pinion__conn_user(conn), bytes, len);
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
        pinion__http_wait_turn(http);
    }
}

static void on_closed(struct pinion_conn *conn, int error)
{
    pinion__http_free(pinion__conn_user(conn));
}

static const struct pinion_conn_events http_events = { .data = on_data,
                                                       .drained = on_drained,
                                                       .closed = on_closed };

void pinion__http_accept(struct pinion_http_server *server, struct pinion_conn *conn)
{
    struct pinion_http *http = calloc(1, sizeof *http);
    if (!http)
        return; /* the loop closes a connection that nobody attaches to */
    http->conn = conn;
    http->server = server;
    pinion__http_deadline_init(http);
    pinion__http_input_init(http);
    http->discard_left = PINION_HTTP_DISCARD_MAX;
    pinion__list_append(&server->connections, &http->node);
    pinion__http_enter(http, PINION_HTTP_HEAD);
    pinion__conn_attach(conn, &http_events, http);
}

/* ---- for handlers ---- */

struct pinion_http_server *pinion__http_server(const struct pinion_http *http)
{
    return http->server;
}

struct pinion_conn *pinion__http_conn(const struct pinion_http *http)
{
    return http->conn;
}

bool pinion__http_keep_alive(const struct pinion_http *http)
{
    return http->keep_alive && !http->expects;
}
