/* Connects the clients of the application's own transports (pinion/transport.h). */
#include "base/misuse.h"
#include "base/sized.h"
#include "endpoint/endpoint.h"
#include "engine/connect.h"
#include "engine/here.h"
#include "engine/who.h"
#include "proto/path.h"
#include "proto/query.h"

static const struct pinion_mount *find_mount(const pinion_endpoint *endpoint, const char *path)
{
    for (size_t i = 0; i < endpoint->mounted_count; i++) {
        const struct pinion_mounted *mounted = endpoint->mounted[i];
        if (mounted->kind == PINION_MOUNTED_SOCKET &&
            pinion__path_is(pinion__slice_str(path), mounted->socket.path))
            return &mounted->socket;
    }
    return NULL;
}

/* The members that every transport needs. */
static int check_transport(const pinion_transport *transport)
{
    const char *missing = !transport->name        ? "name"
                          : !transport->send      ? "send"
                          : !transport->connected ? "connected"
                          : !transport->pause     ? "pause"
                          : !transport->close     ? "close"
                                                  : NULL;
    if (!missing)
        return 0;
    return pinion__fail(PINION_EINVAL, "the transport \"%s\" has no %s",
                        transport->name ? transport->name : "", missing);
}

static int connect_to(pinion_endpoint *endpoint, const char *path, const pinion_transport *transport,
                      void *conn, const char *query, const pinion_connect_info *info, pinion_socket **out,
                      pinion_payload **reason, size_t transport_size, size_t info_size)
{
    const struct pinion_mount *mount = find_mount(endpoint, path);
    struct pinion_shard *here = pinion__hub_here(&endpoint->hub);
    json_t *tree = NULL;
    if (!mount)
        return pinion__fail(PINION_ENOENT, "no socket is mounted at \"%s\"", path);
    if (!here)
        return pinion__fail(PINION_EINVAL, "this thread is not one of the endpoint's loops: connect there");
    pinion_connect_info known;
    const void *ours;
    int rc = PINION_DEFINITION(&here->definitions, pinion_transport, transport, transport_size, &ours);
    if (!rc)
        rc = check_transport(ours);
    if (!rc)
        rc = PINION_TAKE(pinion_connect_info, &known, info, info_size);
    if (rc)
        return rc;
    rc = pinion__query_parse(pinion__slice_str(query), &tree);
    if (rc)
        return rc == PINION_ENOMEM || rc == PINION_EINVAL
                   ? rc
                   : pinion__fail(PINION_EPROTO, "the query %s is malformed",
                                  PINION_QUOTE(pinion__slice_str(query)));
    pinion_payload *params = pinion_payload_json(tree);
    struct pinion_connect connect = {
        .mount = mount, .transport = ours, .conn = conn, .params = params, .info = &known
    };
    rc = pinion__socket_connect(here, &connect, out);
    pinion_payload_unref(params);
    if (rc && rc != PINION_EPENDING && reason)
        *reason = connect.reason;
    else
        pinion_payload_unref(connect.reason);
    if (rc == PINION_EACCES)
        return pinion__fail(rc, "the socket \"%s\" refused the client", path);
    return rc;
}

int pinion_transport_connect_sized(pinion_endpoint *endpoint, const char *path,
                                   const pinion_transport *transport, void *conn, const char *query,
                                   const pinion_connect_info *info, pinion_socket **out,
                                   pinion_payload **reason, size_t transport_size, size_t info_size)
{
    PINION_NEEDED(endpoint);
    PINION_NEEDED(path);
    PINION_NEEDED(transport);
    PINION_NEEDED(conn);
    PINION_NEEDED(query);
    PINION_NEEDED(info);
    PINION_NEEDED(out);
    PINION_RETURN(
        connect_to(endpoint, path, transport, conn, query, info, out, reason, transport_size, info_size));
}

int pinion_transport_limits_of_sized(const pinion_endpoint *endpoint, const char *path,
                                     pinion_transport_limits *limits, size_t size)
{
    PINION_NEEDED(endpoint);
    PINION_NEEDED(path);
    PINION_NEEDED(limits);
    const struct pinion_mount *mount = find_mount(endpoint, path);
    if (!mount)
        return pinion__fail(PINION_ENOENT, "no socket is mounted at \"%s\"", path);
    pinion__sized_give(limits, size, &mount->limits, sizeof mount->limits);
    return 0;
}
