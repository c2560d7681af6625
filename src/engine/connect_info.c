#include "base/misuse.h"
#include <pinion/transport.h>

static const pinion_slice none = { NULL, 0 };

const char *pinion_connect_transport(const pinion_connect_info *info)
{
    PINION_NEED(info, return NULL);
    return info->transport;
}

static const char *find_peer(const pinion_connect_info *info, uint16_t *port)
{
    *port = info->peer_port;
    if (info->peer || !info->find_peer)
        return info->peer ? info->peer : "";
    return info->find_peer(info->request, port);
}

const char *pinion_connect_peer(const pinion_connect_info *info)
{
    uint16_t port;
    PINION_NEED(info, return "");
    return find_peer(info, &port);
}

uint16_t pinion_connect_peer_port(const pinion_connect_info *info)
{
    uint16_t port;
    PINION_NEED(info, return 0);
    (void)find_peer(info, &port);
    return port;
}

const pinion_uri *pinion_connect_uri(const pinion_connect_info *info)
{
    PINION_NEED(info, return NULL);
    return &info->uri;
}

pinion_slice pinion_connect_header(const pinion_connect_info *info, const char *name)
{
    PINION_NEED(info, return none);
    PINION_NEED(name, return none);
    return info->header ? info->header(info->request, name) : none;
}

void pinion_connect_headers(const pinion_connect_info *info, const char *prefix, pinion_header_fn *fn,
                            void *data)
{
    PINION_NEED(info, return );
    PINION_NEED(prefix, return );
    PINION_NEED(fn, return );
    if (info->headers)
        info->headers(info->request, prefix, fn, data);
}

pinion_slice pinion_connect_auth_token(const pinion_connect_info *info)
{
    PINION_NEED(info, return none);
    return info->auth_token;
}
