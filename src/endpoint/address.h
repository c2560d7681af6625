/* Addresses to listen on: from a host's name, from a socket, and as text. */
#ifndef PINION_ENDPOINT_ADDRESS_H
#define PINION_ENDPOINT_ADDRESS_H

#include <stdint.h>
#include <sys/socket.h>

struct pinion_address {
    struct sockaddr_storage storage;
    socklen_t len;
};

/* All addresses, dual-stack where there is IPv6. */
void pinion__address_any(struct pinion_address *address);

/* The first address of a host. PINION_EINVAL, with a sentence, when there is none. */
int pinion__address_resolve(const char *host, struct pinion_address *address);

/* What a socket is bound to. PINION_EIO when it is no socket. */
int pinion__address_of(int fd, struct pinion_address *address);

/* The port of an IPv4 or IPv6 address. */
uint16_t pinion__address_port(const struct pinion_address *address);
void pinion__address_set_port(struct pinion_address *address, uint16_t port);

#endif
