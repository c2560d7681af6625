/* Who a request is really from when it came by proxies: X-Forwarded-For, -Proto, -Host, -Port; or Forwarded
 * (RFC 7239), where there is no X-Forwarded-For. Believed only as far as the proxies that said it are
 * trusted. */
#ifndef PINION_PROTO_FORWARDED_H
#define PINION_PROTO_FORWARDED_H

#include "proto/http1.h"

/* An IPv4 network is kept as the IPv6 one that maps it. */
struct pinion_network {
    uint8_t address[16];
    uint8_t bits;
};

/* Read "10.0.0.0/8", "::1", … False: it is none. */
bool pinion__network_read(struct pinion_slice text, struct pinion_network *network);

/* Read one address; without brackets and port. */
bool pinion__address_read(struct pinion_slice text, uint8_t address[16]);

/* Whether one of these networks has the address. */
bool pinion__networks_have(const struct pinion_network *networks, size_t count, const uint8_t address[16]);

struct pinion_forwarded {
    uint8_t address[16];
    uint16_t port;              /* 0: not known */
    struct pinion_slice scheme; /* "http" or "https", as the client made its request; empty: not said */
    struct pinion_slice host;   /* the same, with a port if it has one */
    uint16_t host_port;         /* said beside the host; 0: not */
};

/* What the request's headers say, for a peer of this address and port. When the peer is no trusted proxy,
 * nothing is believed: the peer's own address comes back. Of several proxies those next to us are followed
 * as long as they are trusted; the first address that is not is the client. */
void pinion__forwarded(const struct pinion_http_request *request, const uint8_t peer[16], uint16_t port,
                       const struct pinion_network *trusted, size_t count, struct pinion_forwarded *out);

#endif
