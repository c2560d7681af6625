/* Where a request comes from if it came through proxies. It reads X-Forwarded-For, -Proto, -Host and -Port,
 * or Forwarded (RFC 7239) if there is no X-Forwarded-For. Headers are believed only as far as the proxies
 * that wrote them are trusted. */
#ifndef PINION_PROTO_FORWARDED_H
#define PINION_PROTO_FORWARDED_H

#include "proto/http1.h"

/* A network. An IPv4 network is kept as the IPv6 network that maps it. */
struct pinion_network {
    uint8_t address[16];
    uint8_t bits;
};

/* Read "10.0.0.0/8", "::1", … Returns false when the text is not a network. */
bool pinion__network_read(struct pinion_slice text, struct pinion_network *network);

/* Read one address, without brackets or port. */
bool pinion__address_read(struct pinion_slice text, uint8_t address[16]);

/* Whether one of these networks has the address. */
bool pinion__networks_have(const struct pinion_network *networks, size_t count, const uint8_t address[16]);

struct pinion_forwarded {
    uint8_t address[16];
    uint16_t port;              /* 0: unknown */
    struct pinion_slice scheme; /* "http" or "https", as the client made its request; empty: unknown */
    struct pinion_slice host;   /* the host the client asked for, with a port if it has one; empty: unknown */
    uint16_t host_port;         /* if a header names the port separately, otherwise 0 */
};

/* Read the request's headers, for a peer of this address and port. If the peer is not a trusted proxy, they
 * are ignored, and the result is the peer's own address. Otherwise proxies are followed from us outwards
 * while they are trusted; the first address that is not trusted is the client's. */
void pinion__forwarded(const struct pinion_http_request *request, const uint8_t peer[16], uint16_t port,
                       const struct pinion_network *trusted, size_t count, struct pinion_forwarded *out);

#endif
