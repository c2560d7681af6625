/* Addresses to listen on: from a host's name, from a socket, and as text. */
#ifndef PINION_PROCESS_ADDRESS_H
#define PINION_PROCESS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define PINION_ADDRESS_TEXT 128 /* enough for any of them as text */
#define PINION_ADDRESSES    16  /* of one host that are looked at */

struct pinion_address {
    struct sockaddr_storage storage;
    socklen_t len;
};

/* All addresses, dual-stack where there is IPv6. */
void pinion__address_any(struct pinion_address *address);

/* The addresses of a host, PINION_ADDRESSES at most. PINION_EINVAL, with a sentence, when there is none. */
int pinion__address_resolve(const char *host, struct pinion_address *addresses, unsigned *count);

/* What a socket is bound to. PINION_EIO when it is no socket. */
int pinion__address_of(int fd, struct pinion_address *address);

/* The port of an IPv4 or IPv6 address; 0 for others, which have none. */
uint16_t pinion__address_port(const struct pinion_address *address);
void pinion__address_set_port(struct pinion_address *address, uint16_t port);

/* True when both name the same host; their ports do not count. */
bool pinion__address_same_host(const struct pinion_address *one, const struct pinion_address *other);

/* "127.0.0.1:4000", "[::]:4000", "unix:/run/chat.sock", "unix:@chat". Gives text. */
const char *pinion__address_text(const struct pinion_address *address, char text[PINION_ADDRESS_TEXT]);

#endif
