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
    mount->options.error_handler(reason, response);
    pinion__call_leave(shard);
    return true;
}

static int status_of(int error)
{
    return error == PINION_EACCES ? 403 : error == PINION_ECLOSED ? 503 : 500;
}

static void refuse(struct pinion_http *http, const struct pinion_mount *mount, int error,
                   const pinion_payload *reason, bool keep_alive)
{
    struct pinion_response response;
    if (!ask_error_handler(mount, reason, http->loop->shard, &response)) {
        pinion__http_send_text(http, status_of(error), "", "", keep_alive && error == PINION_EACCES);
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
        struct pinion_http_answer answer = { .status = status_of(error), .extra = "" };
        return pinion__http_frame(&answer, NULL, 0);
    }
    struct pinion_http_answer answer = pinion__http_answer_of(&response, false);
    struct pinion_frame *frame = pinion__http_frame(&answer, response.body, response.length);
    pinion__response_release(&response);
    return frame;
}

/* ---- the upgrade ---- */

/* The checks that come before the socket, and the socket's own. *reason is why the latter refused. */
static int open_websocket(struct pinion_http *http, const struct pinion_mount *mount,
                          const struct pinion_http_request *head, const pinion_payload *params,
                          pinion_payload **reason)
{
    struct pinion_http_connect connect;
    int rc = pinion__http_connect_init(&connect, http, mount, head, pinion__websocket.name);
    if (!rc) {
        struct pinion_websocket_request request = {
            .shard = http->loop->shard,
            .mount = mount,
            .head = head,
            .protocol = connect.protocol,
            .params = params,
            .info = &connect.info,
            .late_refusal = late_refusal,
        };
        rc = pinion__websocket_open(http->conn, &request);
        *reason = request.reason;
    }
    pinion__http_connect_release(&connect);
    return rc;
}

bool pinion__http_serve_websocket(struct pinion_http *http, const struct pinion_mount *mount,
                                  const struct pinion_http_request *request)
{
    char text[256];
    json_t *tree = NULL;
    pinion_payload *reason = NULL;
    const char *wrong = pinion__ws_handshake_check(request, text, sizeof text);
    if (!wrong && (request->chunked || request->content_length > 0))
        wrong = "a WebSocket handshake has no body"; /* which would be read as frames */
    if (wrong || pinion__query_parse(request->query, &tree) != 0) {
        pinion__http_send_text(http, 400, "", wrong ? wrong : "", request->keep_alive);
        return false;
    }
    pinion_payload *params = pinion_payload_json(tree);
    int rc = open_websocket(http, mount, request, params, &reason);
    pinion_payload_unref(params);
    if (rc)
        refuse(http, mount, rc, reason, request->keep_alive);
    pinion_payload_unref(reason);
    return rc == 0;
}
