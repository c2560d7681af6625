/* Requests for sockets: which transport they are for, and the upgrade to a WebSocket. */
#include "endpoint/http.h"
#include "endpoint/http_connect.h"
#include "endpoint/page.h"
#include "engine/channel.h"
#include "proto/path.h"
#include "proto/query.h"
#include "proto/ws_handshake.h"
#include "transport/websocket.h"

enum pinion_http_transport pinion__http_transport(const struct pinion_mount *mount, struct pinion_slice path)
{
    if (!pinion__path_skip(&path, mount->path))
        return PINION_HTTP_NONE;
    if (!mount->options.no_websocket && pinion__path_is(path, "/websocket"))
        return PINION_HTTP_WEBSOCKET;
    if (mount->options.longpoll && pinion__path_is(path, "/longpoll"))
        return PINION_HTTP_LONGPOLL;
    return PINION_HTTP_NONE;
}

/* ---- refusals ---- */

/* The application's answer to a connect that it refused with a reason. */
static bool ask_error_handler(const struct pinion_mount *mount, const pinion_payload *reason,
                              struct pinion_shard *shard, struct pinion_response *response)
{
    struct pinion_call call = { .callback = "error_handler" };
    if (!mount->options.error_handler || !reason)
        return false;
    pinion__response_init(response);
    response->status = 403;
    pinion__call_enter(shard, &call);
    mount->options.error_handler(reason, response, pinion__mount_context(mount, shard->hub));
    pinion__call_leave(shard);
    return true;
}

static int status_of(int error)
{
    switch (error) {
    case PINION_EACCES:
        return 403;
    case PINION_EPROTO: /* of the query */
    case PINION_ETOOBIG:
        return 400;
    case PINION_ECLOSED:
        return 503;
    default:
        return 500;
    }
}

static void refuse(struct pinion_http *http, const struct pinion_mount *mount, int error,
                   const pinion_payload *reason, bool keep_alive)
{
    struct pinion_response response;
    if (!ask_error_handler(mount, reason, http->loop->shard, &response)) {
        int status = status_of(error);
        pinion__http_send_text(http, status, PINION_HTTP_PRIVATE, "", keep_alive && status < 500);
        return;
    }
    struct pinion_http_answer answer = pinion__http_answer_of(&response, keep_alive);
    pinion__http_send(http, &answer, response.body, response.length);
    pinion__response_release(&response);
}

/* The same of a connect that was answered later, when the connection is no longer HTTP's. */
static struct pinion_frame *late_refusal(const struct pinion_mount *mount, struct pinion_shard *shard,
                                         int error, const pinion_payload *reason)
{
    struct pinion_response response;
    if (!ask_error_handler(mount, reason, shard, &response)) {
        struct pinion_http_answer answer = { .status = status_of(error), .extra = PINION_HTTP_PRIVATE };
        return pinion__http_frame(&answer, NULL, 0);
    }
    struct pinion_http_answer answer = pinion__http_answer_of(&response, false);
    struct pinion_frame *frame = pinion__http_frame(&answer, response.body, response.length);
    pinion__response_release(&response);
    return frame;
}

/* ---- the upgrade ---- */

static int open_websocket(struct pinion_http *http, const struct pinion_mount *mount,
                          const struct pinion_http_request *head, const struct pinion_http_connect *connect,
                          const pinion_payload *params, pinion_payload **reason)
{
    struct pinion_websocket_request request = {
        .shard = http->loop->shard,
        .mount = mount,
        .head = head,
        .protocol = connect->protocol,
        .params = params,
        .info = &connect->info,
        .late_refusal = late_refusal,
    };
    int rc = pinion__websocket_open(http->conn, &request);
    *reason = request.reason;
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
static int connect_in_vain(const struct pinion_http *http, const struct pinion_mount *mount,
                           const struct pinion_http_connect *request, const pinion_payload *params,
                           pinion_payload **reason)
{
    struct pinion_connect connect = {
        .mount = mount, .transport = &nowhere, .params = params, .info = &request->info
    };
    struct pinion_socket *socket = NULL;
    if (mount->raw)
        return 0; /* which begins more than a connect does */
    int rc = pinion__socket_connect(http->loop->shard, &connect, &socket);
    *reason = connect.reason;
    if (rc && rc != PINION_EPENDING)
        return rc;
    pinion__socket_ended(socket, PINION_REASON_CLOSED);
    return 0;
}

/* ---- a request ---- */

/* The checks that come before the socket, and the socket's own. *reason is why the latter refused. */
static int connect_client(struct pinion_http *http, const struct pinion_mount *mount,
                          const struct pinion_http_request *head, bool upgrade, pinion_payload **reason)
{
    struct pinion_http_connect connect;
    json_t *tree = NULL;
    int rc = pinion__query_parse(head->query, &tree);
    if (rc)
        return rc;
    pinion_payload *params = pinion_payload_json(tree);
    rc = pinion__http_connect_init(&connect, http, mount, head, pinion__websocket.name);
    if (!rc && upgrade)
        rc = open_websocket(http, mount, head, &connect, params, reason);
    else if (!rc)
        rc = connect_in_vain(http, mount, &connect, params, reason);
    pinion__http_connect_release(&connect);
    pinion_payload_unref(params);
    return rc;
}

static void refuse_upgrade(struct pinion_http *http, const struct pinion_http_request *request,
                           const char *why)
{
    static const char our_version[] = "sec-websocket-version: 13\r\n" PINION_HTTP_PRIVATE;
    const char *extra = pinion__ws_other_version(request) ? our_version : PINION_HTTP_PRIVATE;
    pinion__http_send_text(http, 400, extra, why, request->keep_alive);
}

bool pinion__http_serve_websocket(struct pinion_http *http, const struct pinion_mount *mount,
                                  const struct pinion_http_request *request)
{
    char text[256];
    pinion_payload *reason = NULL;
    bool get = pinion__slice_is(request->method, "GET");
    const char *wrong = pinion__ws_handshake_check(request, text, sizeof text);
    if (!wrong && (request->chunked || request->content_length > 0))
        wrong = "a WebSocket handshake has no body"; /* which would be read as frames */
    int rc = get ? connect_client(http, mount, request, !wrong, &reason) : 0;
    if (rc)
        refuse(http, mount, rc, reason, request->keep_alive);
    else if (wrong)
        refuse_upgrade(http, request, wrong);
    pinion_payload_unref(reason);
    return rc == 0 && !wrong;
}
