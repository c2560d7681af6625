/* The address of a connection's peer. */
#ifndef PINION_IO_PEER_H
#define PINION_IO_PEER_H

#include "io/loop.h"
#include <netinet/in.h>
#include <stdbool.h>

/* In the form that networks are compared in (IPv6, or IPv4 mapped into it). False when it has none. */
bool pinion__peer_of(const struct pinion_conn *conn, uint8_t address[16], uint16_t *port);

/* The address of a connection as text, for the log; "unknown" when it has none. Returns text. */
const char *pinion__peer_name(const struct pinion_conn *conn, char text[INET6_ADDRSTRLEN]);

/* Keep of such an address what counts where clients are counted by address: all of an IPv4 address, the /64
 * of an IPv6 address, since one client has a whole one. */
void pinion__peer_network(uint8_t address[16]);

/* Such an address as text. */
void pinion__peer_text(const uint8_t address[16], char text[INET6_ADDRSTRLEN]);

#endif
