#include "transport/websocket_upgrade.h"
#include "engine/connect.h"
#include "engine/socket_end.h"
#include "proto/payload.h"
#include "proto/query.h"
#include "proto/ws_handshake.h"
#include "transport/connect_request.h"
#include "transport/refusal.h"
#include "transport/websocket.h"

/* ---- the upgrade ---- */

static int open_websocket(struct pinion_http *http, const struct pinion_entrance *entrance,
                          const struct pinion_http_request *head,
                          const struct pinion_connect_request *connect, const pinion_payload *params,
                          pinion_payload **reason)
{
    struct pinion_websocket_request request = {
        .shard = entrance->shard,
        .mount = entrance->mount,
        .head = head,
        .protocol = connect->protocol,
        .params = params,
        .info = &connect->info,
    };
    int rc = pinion__websocket_open(pinion__http_conn(http), &request);
    *reason = request.reason;
    if (!rc)
        pinion__http_hand_over(http);
    return rc;
}

/* ---- no upgrade ---- */

static int drop(void *conn, struct pinion_frame *frame)
{
    pinion__frame_unref(frame);
    return PINION_ECLOSED;
}

static void ignore_connected(void *conn, int error, const pinion_payload *reason)
{
}

static void ignore_pause(void *conn, bool paused)
{
}

static void ignore_close(void *conn, uint16_t code)
{
}

/* Of a socket that ends before anything is sent. */
static const struct pinion_transport nowhere = {
    .name = "websocket",
    .finds_idle = true,
    .send = drop,
    .connected = ignore_connected,
    .pause = ignore_pause,
    .close = ignore_close,
};

/* As in Phoenix, a client that asks for no upgrade connects all the same: were it refused anyway, that is its
 * answer. One that is let in, or would have to wait, is not refused here. */
static int connect_in_vain(const struct pinion_entrance *entrance,
                           const struct pinion_connect_request *request, const pinion_payload *params,
                           pinion_payload **reason)
{
    struct pinion_connect connect = {
        .mount = entrance->mount, .transport = &nowhere, .params = params, .info = &request->info
    };
    struct pinion_socket *socket = NULL;
    if (entrance->mount->raw)
        return 0; /* which begins more than a connect does */
    int rc = pinion__socket_connect(entrance->shard, &connect, &socket);
    *reason = connect.reason;
    if (rc && rc != PINION_EPENDING)
        return rc;
    pinion__socket_ended(socket, PINION_REASON_CLOSED);
    return 0;
}

/* ---- a request ---- */

/* The checks that come before the socket, and the socket's own. *reason is why the latter refused. */
static int connect_client(struct pinion_http *http, const struct pinion_entrance *entrance,
                          const struct pinion_http_request *head, bool upgrade, pinion_payload **reason)
{
    struct pinion_connect_request connect;
    struct pinion_payload params;
    json_t *tree = NULL;
    int rc = pinion__query_parse(head->query, &tree);
    if (rc)
        return rc;
    pinion__payload_borrow_tree(&params, tree);
    rc = pinion__connect_request_init(&connect, entrance, pinion__http_conn(http), head,
                                      pinion__websocket.name);
    if (!rc && upgrade)
        rc = open_websocket(http, entrance, head, &connect, &params, reason);
    else if (!rc)
        rc = connect_in_vain(entrance, &connect, &params, reason);
    pinion__connect_request_release(&connect);
    pinion__payload_borrow_end(&params);
    return rc;
}

static void refuse_upgrade(struct pinion_http *http, const struct pinion_http_request *request,
                           const char *why)
{
    static const char our_version[] = "sec-websocket-version: 13\r\n" PINION_HTTP_PRIVATE;
    const char *extra = pinion__ws_other_version(request) ? our_version : PINION_HTTP_PRIVATE;
    pinion__http_send_text(http, 400, extra, why, request->keep_alive);
}

void pinion__websocket_upgrade(struct pinion_http *http, const struct pinion_entrance *entrance,
                               const struct pinion_http_request *request)
{
    char text[256];
    pinion_payload *reason = NULL;
    bool get = pinion__slice_is(request->method, "GET");
    const char *wrong = pinion__ws_handshake_check(request, text, sizeof text);
    if (!wrong && pinion__http1_has_body(request))
        wrong = "a WebSocket handshake has no body"; /* which would be read as frames */
    int rc = get ? connect_client(http, entrance, request, !wrong, &reason) : 0;
    if (rc)
        pinion__refuse_connect(http, entrance->shard, entrance->mount, rc, reason, request->keep_alive);
    else if (wrong)
        refuse_upgrade(http, request, wrong);
    pinion_payload_unref(reason);
}
