/* Clients of transports that are not ours: what they connect to is found here. */
#include "base/log.h"
#include "endpoint/endpoint.h"
#include "engine/socket.h"
#include "proto/path.h"
#include "proto/query.h"

static const struct pinion_mount *find_mount(const pinion_endpoint *endpoint, const char *path)
{
    for (size_t i = 0; i < endpoint->mounted_count; i++) {
        const struct pinion_mounted *mounted = &endpoint->mounted[i];
        if (mounted->kind == PINION_MOUNT_SOCKET &&
            pinion__path_is(pinion__slice_str(path), mounted->socket.path))
            return &mounted->socket;
    }
    return NULL;
}

int pinion_transport_connect(pinion_endpoint *endpoint, const char *path, const pinion_transport *transport,
                             void *conn, const char *query, const pinion_connect_info *info,
                             pinion_socket **out, pinion_payload **reason)
{
    const struct pinion_mount *mount = find_mount(endpoint, path);
    struct pinion_shard *here = pinion__hub_here(&endpoint->hub);
    json_t *tree = NULL;
    if (!mount)
        return pinion__fail(PINION_ENOENT, "no socket is mounted at \"%s\"", path);
    if (!here)
        return pinion__fail(PINION_EINVAL, "a transport connects on one of the endpoint's loops");
    int rc = pinion__query_parse(pinion__slice_str(query), &tree);
    if (rc)
        return rc == PINION_ENOMEM ? rc : PINION_EPROTO;
    pinion_payload *params = pinion_payload_json(tree);
    struct pinion_connect connect = {
        .mount = mount, .transport = transport, .conn = conn, .params = params, .info = info
    };
    rc = pinion__socket_connect(here, &connect, out);
    pinion_payload_unref(params);
    if (rc && rc != PINION_EAGAIN && reason)
        *reason = connect.reason;
    else
        pinion_payload_unref(connect.reason);
    return rc;
}

int pinion_transport_limits_of(const pinion_endpoint *endpoint, const char *path,
                               pinion_transport_limits *limits)
{
    const struct pinion_mount *mount = find_mount(endpoint, path);
    if (!mount)
        return pinion__fail(PINION_ENOENT, "no socket is mounted at \"%s\"", path);
    limits->max_message = mount->options.max_message;
    limits->max_queue = mount->options.max_queue;
    limits->drop_broadcasts = mount->options.drop_broadcasts;
    return 0;
}
