/* The address of a connection's peer. */
#ifndef PINION_IO_PEER_H
#define PINION_IO_PEER_H

#include "io/loop.h"
#include <netinet/in.h>
#include <stdbool.h>

/* The address in the form in which networks are compared: IPv6, or IPv4 mapped into it. Returns false when
 * the connection has none. */
bool pinion__peer_of(const struct pinion_conn *conn, uint8_t address[16], uint16_t *port);

/* The address of a connection as text, for the log; "unknown" when it has none. Returns `text`. */
const char *pinion__peer_name(const struct pinion_conn *conn, char text[INET6_ADDRSTRLEN]);

/* Reduce such an address to the part by which clients are counted: all of an IPv4 address, or the /64 of an
 * IPv6 address, because one client has a whole /64. */
void pinion__peer_network(uint8_t address[16]);

/* An address in that form as text. */
void pinion__peer_text(const uint8_t address[16], char text[INET6_ADDRSTRLEN]);

#endif
