/* What a transport knows of the request that brought a client. Lookups are functions, so that nothing is
 * copied that nobody asks for. */
#ifndef PINION_ENGINE_CONNECT_INFO_H
#define PINION_ENGINE_CONNECT_INFO_H

#include "base/slice.h"
#include <pinion/connect.h>

struct pinion_connect_info {
    const char *transport;
    const char *peer;
    uint16_t peer_port;
    pinion_uri uri;
    struct pinion_slice auth_token; /* ptr NULL: none */
    void *request;                  /* for the functions, which may be NULL */
    struct pinion_slice (*header)(void *request, const char *name);
    void (*headers)(void *request, const char *prefix, pinion_header_fn *fn, void *data);
};

#endif
