/* Names a client in the log: its address, and the id of its socket. */
#ifndef PINION_ENGINE_WHO_H
#define PINION_ENGINE_WHO_H

#include "base/quote.h"
#include "engine/socket.h"

#define PINION_WHO (PINION_QUOTED + 100)

/* Keep the address that connect was told, unless the transport tells the same one later. It does not when the
 * client is behind a trusted proxy, or the transport has no addresses. Without memory nothing is kept. */
void pinion__who_keep(struct pinion_socket *socket, const pinion_connect_info *info);

/* Write `peer 203.0.113.7, socket id "user:7"` to out; what is not known is left out. Returns out. */
const char *pinion__who(char out[PINION_WHO], const struct pinion_socket *socket);

/* The same, before there is a socket. */
const char *pinion__who_connects(char out[PINION_WHO], const pinion_connect_info *info);

/* For the arguments of a log line. The text lives until the end of the enclosing block. */
#define PINION_WHO_OF(socket)     pinion__who((char[PINION_WHO]){ 0 }, socket)
#define PINION_WHO_CONNECTS(info) pinion__who_connects((char[PINION_WHO]){ 0 }, info)

#endif
