/* Addresses to listen on: read from a host's name or from a socket, and written as text. */
#ifndef PINION_PROCESS_ADDRESS_H
#define PINION_PROCESS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define PINION_ADDRESS_TEXT 128 /* any address fits as text */
#define PINION_ADDRESSES    16  /* the most addresses of a host that are looked at */

struct pinion_address {
    struct sockaddr_storage storage;
    socklen_t len;
};

/* All addresses of this machine, dual-stack if there is IPv6. */
void pinion__address_any(struct pinion_address *address);

/* Find the addresses of a host, at most PINION_ADDRESSES. PINION_EINVAL, with a sentence: there is none. */
int pinion__address_resolve(const char *host, struct pinion_address *addresses, unsigned *count);

/* The address a socket is bound to. PINION_EIO: it is not a socket. */
int pinion__address_of(int fd, struct pinion_address *address);

/* The port of an IPv4 or IPv6 address; 0 for others, which have none. */
uint16_t pinion__address_port(const struct pinion_address *address);
void pinion__address_set_port(struct pinion_address *address, uint16_t port);

/* True when both are the same host. Ports do not matter. */
bool pinion__address_same_host(const struct pinion_address *one, const struct pinion_address *other);

/* "127.0.0.1:4000", "[::]:4000", "unix:/run/chat.sock" or "unix:@chat". Returns `text`. */
const char *pinion__address_text(const struct pinion_address *address, char text[PINION_ADDRESS_TEXT]);

#endif
