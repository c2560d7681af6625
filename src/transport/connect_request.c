#include "transport/connect_request.h"
#include "base/log_limit.h"
#include "engine/callback.h"
#include "engine/who.h"
#include "io/peer.h"
#include "proto/forwarded.h"
#include "proto/utf8.h"
#include "proto/ws_protocols.h"
#include "transport/websocket.h"
#include <stdlib.h>

/* ---- what is known ---- */

static pinion_slice find_header(void *request, const char *name)
{
    const struct pinion_connect_request *connect = request;
    return pinion__http1_header(connect->head, name);
}

static void each_header(void *request, const char *prefix, pinion_header_fn *fn, void *data)
{
    const struct pinion_connect_request *connect = request;
    pinion__http1_each_header(connect->head, prefix, fn, data);
}

static const char *find_peer(void *request, uint16_t *port)
{
    struct pinion_connect_request *connect = request;
    uint8_t address[16];
    if (connect->conn && pinion__peer_of(connect->conn, address, &connect->info.peer_port))
        pinion__peer_text(address, connect->peer);
    connect->conn = NULL;
    *port = connect->info.peer_port;
    return connect->peer;
}

/* What the client called the server: as the request has it, or as a trusted proxy says. */
static void fill_uri(pinion_uri *uri, const struct pinion_http_request *request,
                     const struct pinion_forwarded *forwarded)
{
    struct pinion_origin own = { .port = 0 };
    struct pinion_slice scheme = forwarded->scheme.len ? forwarded->scheme : pinion__slice_str("http");
    struct pinion_slice host = forwarded->host.len ? forwarded->host : pinion__http1_header(request, "host");
    if (!pinion__origin_of_host(scheme, host, &own))
        own.host = pinion__slice("", 0);
    *uri = (pinion_uri){
        .scheme = scheme,
        .host = own.host,
        .port = forwarded->host_port ? forwarded->host_port : own.port,
        .path = request->path,
        .query = request->query,
    };
}

static void fill_request(struct pinion_connect_request *connect, const struct pinion_http_request *request,
                         const struct pinion_forwarded *forwarded)
{
    connect->head = request;
    connect->info.request = connect;
    connect->info.header = find_header;
    connect->info.headers = each_header;
    fill_uri(&connect->info.uri, request, forwarded);
}

/* Proxies may name another address, and sessions of long polling are counted by address. */
static bool must_know_peer(const struct pinion_entrance *entrance, const char *transport)
{
    return entrance->trusted_count > 0 || transport != pinion__websocket.name;
}

static void find_client(struct pinion_connect_request *connect, const struct pinion_entrance *entrance,
                        const struct pinion_conn *conn, const struct pinion_http_request *request,
                        struct pinion_forwarded *forwarded)
{
    uint8_t address[16];
    uint16_t port = 0;
    connect->info.peer = connect->peer;
    if (!pinion__peer_of(conn, address, &port))
        return;
    pinion__forwarded(request, address, port, entrance->trusted, entrance->trusted_count, forwarded);
    pinion__peer_text(forwarded->address, connect->peer);
    connect->info.peer_port = forwarded->port;
    connect->client.known = true;
    memcpy(connect->client.address, forwarded->address, sizeof connect->client.address);
}

static void fill_info(struct pinion_connect_request *connect, const struct pinion_entrance *entrance,
                      const struct pinion_conn *conn, const struct pinion_http_request *request,
                      const char *transport)
{
    struct pinion_forwarded forwarded = { .port = 0 };
    connect->info.transport = transport;
    if (must_know_peer(entrance, transport)) {
        find_client(connect, entrance, conn, request, &forwarded);
    } else {
        connect->conn = conn;
        connect->info.find_peer = find_peer;
    }
    fill_request(connect, request, &forwarded);
}

/* ---- the origin ---- */

static bool is_own(const struct pinion_origin *origin, const pinion_uri *uri)
{
    struct pinion_origin own = { .scheme = uri->scheme, .host = uri->host, .port = uri->port };
    return pinion__origin_equal(origin, &own);
}

/* Watched over as callbacks are. */
static bool ask_application(struct pinion_shard *shard, const struct pinion_mount *mount,
                            struct pinion_slice text, const pinion_connect_info *info)
{
    struct pinion_callback callback = { .name = "check_origin", .detail = mount->path };
    pinion__callback_enter(shard, &callback);
    bool allowed = mount->options.check_origin(text, info, pinion__mount_context(mount, shard->hub));
    pinion__callback_leave(shard);
    return allowed;
}

static bool origin_allowed(struct pinion_shard *shard, const struct pinion_mount *mount,
                           struct pinion_slice text, const pinion_connect_info *info)
{
    struct pinion_origin origin;
    if (mount->options.check_origin)
        return ask_application(shard, mount, text, info);
    if (!pinion__origin_read(text, &origin))
        return false;
    return mount->options.origins ? pinion__origin_matches_any(&origin, mount->origins, mount->origin_count)
                                  : is_own(&origin, &info->uri);
}

/* No browser sends two: whoever reads one of them may not read the one that another reads. */
static bool is_doubled(const struct pinion_http_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        count += pinion__http1_header_is(&request->headers[i], name);
    return count > 1;
}

static int check_origin(struct pinion_shard *shard, const struct pinion_mount *mount,
                        const struct pinion_http_request *request, const pinion_connect_info *info)
{
    struct pinion_slice text = pinion__http1_header(request, "origin");
    const pinion_uri *uri = &info->uri;
    if (is_doubled(request, "origin")) {
        PINION_LOG_LIMITED(PINION_LOG_WARNING, "socket %s: refused a request with more than one Origin (%s)",
                           mount->path, PINION_WHO_CONNECTS(info));
        return PINION_EACCES;
    }
    if (mount->options.any_origin || !text.ptr || origin_allowed(shard, mount, text, info))
        return 0;
    PINION_LOG_LIMITED(
        PINION_LOG_WARNING,
        "socket %s: refused the origin %s (%s); the request is for %.*s://%.*s:%u. To let pages of that "
        "origin connect, list it in pinion_socket_options.origins (or set any_origin); behind a proxy "
        "that ends TLS, name the proxy in pinion_endpoint_options.trusted_proxies and have it send "
        "X-Forwarded-Proto",
        mount->path, PINION_QUOTE(text), PINION_WHO_CONNECTS(info), (int)uri->scheme.len, uri->scheme.ptr,
        (int)uri->host.len, uri->host.ptr, uri->port);
    return PINION_EACCES;
}

/* ---- subprotocols and token ---- */

static int refuse_token(const struct pinion_connect_request *connect, const struct pinion_mount *mount,
                        const char *why)
{
    PINION_LOG_LIMITED(PINION_LOG_WARNING, "socket %s: refused: its token is %s (%s)", mount->path, why,
                       PINION_WHO_CONNECTS(&connect->info));
    return PINION_EACCES;
}

/* A terminated copy; `encoded` as it comes in a subprotocol. What connect gets can become JSON: the token
 * too. */
static int take_token(struct pinion_connect_request *connect, const struct pinion_mount *mount,
                      struct pinion_slice token, bool encoded)
{
    size_t len = token.len;
    if (!token.ptr)
        return 0;
    char *copy = connect->auth_token = malloc(token.len + 1);
    if (!copy)
        return PINION_ENOMEM;
    if (encoded && pinion__ws_token_decode(token, copy, &len) != 0)
        return refuse_token(connect, mount, "no base64");
    if (!encoded)
        memcpy(copy, token.ptr, len);
    if (!pinion__utf8_valid(copy, len))
        return refuse_token(connect, mount, "not UTF-8");
    copy[len] = '\0';
    connect->info.auth_token = pinion__slice(copy, len);
    return 0;
}

static int take_protocols(struct pinion_connect_request *connect, const struct pinion_mount *mount,
                          const struct pinion_http_request *request)
{
    struct pinion_ws_protocols protocols;
    const pinion_socket_options *options = &mount->options;
    if (connect->info.transport != pinion__websocket.name) {
        if (!options->auth_token)
            return 0;
        return take_token(connect, mount, pinion__http1_header(request, "x-phoenix-authtoken"), false);
    }
    int rc = pinion__ws_protocols(request, options->subprotocols, options->auth_token, &protocols);
    if (!rc) {
        connect->protocol = protocols.chosen;
        return take_token(connect, mount, protocols.token, true);
    }
    if (rc == PINION_EACCES)
        PINION_LOG_LIMITED(PINION_LOG_WARNING, "socket %s: refused: it offers none of our subprotocols (%s)",
                           mount->path, PINION_WHO_CONNECTS(&connect->info));
    return rc;
}

/* ---- both ---- */

int pinion__connect_request_init(struct pinion_connect_request *connect,
                                 const struct pinion_entrance *entrance, const struct pinion_conn *conn,
                                 const struct pinion_http_request *request, const char *transport)
{
    memset(connect, 0, sizeof *connect);
    fill_info(connect, entrance, conn, request, transport);
    int rc = check_origin(entrance->shard, entrance->mount, request, &connect->info);
    return rc ? rc : take_protocols(connect, entrance->mount, request);
}

int pinion__connect_request_told(struct pinion_connect_request *connect, struct pinion_shard *shard,
                                 const struct pinion_mount *mount, const struct pinion_http_request *request,
                                 const struct pinion_told *told)
{
    struct pinion_forwarded forwarded = { .scheme = pinion__slice_str(told->scheme) };
    struct pinion_slice token = { NULL, 0 };
    memset(connect, 0, sizeof *connect);
    connect->info = (struct pinion_connect_info){ .transport = told->transport,
                                                  .peer = told->peer,
                                                  .peer_port = told->peer_port };
    fill_request(connect, request, &forwarded);
    if (told->auth_token && mount->options.auth_token)
        token = pinion__slice_str(told->auth_token);
    int rc = check_origin(shard, mount, request, &connect->info);
    return rc ? rc : take_token(connect, mount, token, false);
}

void pinion__connect_request_release(struct pinion_connect_request *connect)
{
    free(connect->auth_token);
}
