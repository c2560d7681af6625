/* The HTTP server of one loop, and how it stops. */
#include "http/connection.h"

void pinion__http_server_init(struct pinion_http_server *server, struct pinion_scheduler *scheduler)
{
    server->scheduler = scheduler;
    pinion__list_init(&server->connections);
    pinion__turns_init(&server->turns, scheduler);
}

/* True when no answer is owed to it. */
static bool is_idle(const struct pinion_http *http)
{
    return (http->state == PINION_HTTP_HEAD || http->state == PINION_HTTP_CLOSING) && http->input.len == 0;
}

/* End the connection: at once when the peer has read all answers, else after it has. */
static void end(struct pinion_http *http)
{
    if (pinion__conn_unacked(http->conn) == 0)
        pinion__conn_close(http->conn);
    else
        pinion__http_finish(http);
}

void pinion__http_drain(struct pinion_http_server *server, bool patient)
{
    server->drains = true;
    if (patient)
        return;
    PINION_LIST_FOREACH_SAFE (node, &server->connections) {
        struct pinion_http *http = PINION_CONTAINER_OF(node, struct pinion_http, node);
        if (is_idle(http) && http->asked && !http->returning)
            end(http);
    }
}

bool pinion__http_awaits_first(const struct pinion_http_server *server)
{
    PINION_LIST_FOREACH (node, &server->connections) {
        const struct pinion_http *http = PINION_CONTAINER_OF(node, struct pinion_http, node);
        if (!http->asked && http->state != PINION_HTTP_CLOSING)
            return true;
    }
    return false;
}

bool pinion__http_awaits_any(const struct pinion_http_server *server)
{
    PINION_LIST_FOREACH (node, &server->connections) {
        if (PINION_CONTAINER_OF(node, struct pinion_http, node)->state == PINION_HTTP_HEAD)
            return true;
    }
    return false;
}

bool pinion__http_awaits_answers(const struct pinion_http_server *server)
{
    PINION_LIST_FOREACH (node, &server->connections) {
        if (PINION_CONTAINER_OF(node, struct pinion_http, node)->state == PINION_HTTP_WAIT)
            return true;
    }
    return false;
}

void pinion__http_say_last(struct pinion_http_server *server)
{
    server->stops = true;
    PINION_LIST_FOREACH (node, &server->connections)
        PINION_CONTAINER_OF(node, struct pinion_http, node)->keep_alive = false;
}

void pinion__http_stop(struct pinion_http_server *server)
{
    pinion__http_say_last(server);
    PINION_LIST_FOREACH_SAFE (node, &server->connections) {
        struct pinion_http *http = PINION_CONTAINER_OF(node, struct pinion_http, node);
        if (!pinion__http_is_answering(http))
            end(http);
    }
}
