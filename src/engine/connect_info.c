#include "engine/connect_info.h"

const char *pinion_connect_transport(const pinion_connect_info *info)
{
    return info->transport;
}

const char *pinion_connect_peer(const pinion_connect_info *info)
{
    return info->peer ? info->peer : "";
}

uint16_t pinion_connect_peer_port(const pinion_connect_info *info)
{
    return info->peer_port;
}

const pinion_uri *pinion_connect_uri(const pinion_connect_info *info)
{
    return &info->uri;
}

const char *pinion_connect_header(const pinion_connect_info *info, const char *name, size_t *length)
{
    struct pinion_slice value = { NULL, 0 };
    if (info->header)
        value = info->header(info->request, name);
    *length = value.len;
    return value.ptr;
}

void pinion_connect_headers(const pinion_connect_info *info, const char *prefix, pinion_header_fn *fn,
                            void *data)
{
    if (info->headers)
        info->headers(info->request, prefix, fn, data);
}

const char *pinion_connect_auth_token(const pinion_connect_info *info, size_t *length)
{
    *length = info->auth_token.len;
    return info->auth_token.ptr;
}
