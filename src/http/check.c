#include "http/check.h"
#include "http/connection.h"

const char *pinion__http_server_check(const struct pinion_http_server *server)
{
    const char *wrong = pinion__list_check(&server->connections, NULL);
    if (wrong)
        return wrong;
    PINION_LIST_FOREACH (node, &server->connections) {
        const struct pinion_http *http = PINION_CONTAINER_OF(node, struct pinion_http, node);
        if (http->server != server || pinion__conn_user(http->conn) != http)
            return "an HTTP connection belongs to another loop, or its connection is not attached to it";
        if (!pinion__list_sound(&http->turn.node) || !pinion__list_sound(&http->deadline.node))
            return "an HTTP connection's turn or deadline is linked wrong";
    }
    return pinion__turns_check(&server->turns);
}
