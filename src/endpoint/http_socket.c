/* Requests for sockets: which transport they are for, what is known of them, and the WebSocket's upgrade. */
#include "endpoint/http.h"
#include "engine/socket.h"
#include "proto/query.h"
#include "proto/ws_handshake.h"
#include "transport/longpoll.h"
#include "transport/websocket.h"
#include <arpa/inet.h>

enum pinion_http_transport pinion__http_transport(const struct pinion_mount *mount, struct pinion_slice path)
{
    size_t len = strlen(mount->path);
    if (len > 0 && mount->path[len - 1] == '/')
        len--;
    if (path.len < len || memcmp(path.ptr, mount->path, len) != 0)
        return PINION_HTTP_NONE;
    struct pinion_slice rest = pinion__slice(path.ptr + len, path.len - len);
    if (!mount->options.no_websocket && pinion__slice_is(rest, "/websocket"))
        return PINION_HTTP_WEBSOCKET;
    if (mount->options.longpoll && pinion__slice_is(rest, "/longpoll"))
        return PINION_HTTP_LONGPOLL;
    return PINION_HTTP_NONE;
}

static void peer_text(const struct pinion_conn *conn, char *out, size_t size)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
    out[0] = '\0';
    pinion__conn_peer(conn, &address, &len);
    if (address.ss_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)&address)->sin_addr, out, (socklen_t)size);
    else if (address.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        inet_ntop(AF_INET, in6->sin6_addr.s6_addr + 12, out, (socklen_t)size);
    else if (address.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &in6->sin6_addr, out, (socklen_t)size);
}

static struct pinion_slice find_header(void *request, const char *name)
{
    return pinion__http1_header(request, name);
}

void pinion__http_info(const struct pinion_http *http, const struct pinion_http_request *request,
                       const char *transport, struct pinion_http_info *info)
{
    peer_text(http->conn, info->peer, sizeof info->peer);
    info->info = (struct pinion_connect_info){
        .transport = transport, .peer = info->peer, .request = (void *)request, .header = find_header
    };
}

static int open_websocket(struct pinion_http *http, const struct pinion_mount *mount,
                          const struct pinion_http_request *head, const pinion_payload *params)
{
    struct pinion_http_info info;
    pinion__http_info(http, head, pinion__websocket.name, &info);
    struct pinion_websocket_request request = { .shard = http->loop->shard,
                                                .mount = mount,
                                                .head = head,
                                                .params = params,
                                                .info = &info.info,
                                                .close_timeout_ms =
                                                    http->loop->server->options.close_timeout_ms };
    return pinion__websocket_open(http->conn, &request);
}

bool pinion__http_serve_websocket(struct pinion_http *http, const struct pinion_mount *mount,
                                  const struct pinion_http_request *request)
{
    char text[256];
    json_t *tree = NULL;
    const char *wrong = pinion__ws_handshake_check(request, text, sizeof text);
    if (!wrong && (request->chunked || request->content_length > 0))
        wrong = "a WebSocket handshake has no body"; /* which would be read as frames */
    if (wrong || pinion__query_parse(request->query, &tree) != 0) {
        pinion__http_send_text(http, 400, "", wrong ? wrong : "", request->keep_alive);
        return false;
    }
    pinion_payload *params = pinion_payload_json(tree);
    int rc = open_websocket(http, mount, request, params);
    pinion_payload_unref(params);
    if (rc == 0)
        return true;
    int status = rc == PINION_EACCES ? 403 : rc == PINION_ECLOSED ? 503 : 500;
    pinion__http_send_text(http, status, "", "", request->keep_alive && status == 403);
    return false;
}
