#include <pinion/transport.h>

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

pinion_slice pinion_connect_header(const pinion_connect_info *info, const char *name)
{
    const pinion_slice none = { NULL, 0 };
    return info->header ? info->header(info->request, name) : none;
}

void pinion_connect_headers(const pinion_connect_info *info, const char *prefix, pinion_header_fn *fn,
                            void *data)
{
    if (info->headers)
        info->headers(info->request, prefix, fn, data);
}

pinion_slice pinion_connect_auth_token(const pinion_connect_info *info)
{
    return info->auth_token;
}
