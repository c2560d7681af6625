/* The life of an HTTP connection, until it is handed over or closed. */
#include "http/connection.h"
#include <stdlib.h>
#include <unistd.h>

static void leave_state(struct pinion_http *http)
{
    switch ((enum pinion_http_state)http->state) {
    case PINION_HTTP_BODY:
    case PINION_HTTP_WAIT:
        if (http->answerer.ops->abandoned)
            http->answerer.ops->abandoned(http->answerer.data);
        break;
    case PINION_HTTP_FILE:
        close(http->file.fd);
        break;
    case PINION_HTTP_HEAD:
    case PINION_HTTP_REST:
    case PINION_HTTP_CLOSING:
    case PINION_HTTP_GIVEN:
        break;
    }
}

void pinion__http_enter(struct pinion_http *http, enum pinion_http_state state)
{
    leave_state(http);
    http->state = (uint8_t)state;
    pinion__http_start_clock(http);
}

void pinion__http_free(struct pinion_http *http)
{
    pinion__http_enter(http, PINION_HTTP_CLOSING);
    pinion__timer_cancel(&http->deadline);
    pinion__list_remove(&http->node);
    pinion__turn_remove(&http->turn);
    pinion__buf_release(&http->input);
    http->gone = true;
    if (!http->pumping)
        free(http);
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
        return; /* not attached: closed */
    http->conn = conn;
    http->server = server;
    pinion__http_file_init(http);
    pinion__http_time_init(http);
    pinion__http_input_init(http);
    http->discard_left = PINION_HTTP_DISCARD_MAX;
    pinion__list_append(&server->connections, &http->node);
    pinion__http_enter(http, PINION_HTTP_HEAD);
    pinion__conn_attach(conn, &http_events, http);
}

/* ---- what a handler may ask ---- */

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
    return http->keep_alive;
}
