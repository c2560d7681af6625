/* The opening handshake, the client's side. */
#ifndef LOAD_HANDSHAKE_H
#define LOAD_HANDSHAKE_H

#include <stddef.h>
#include <stdint.h>

#define RESPONSE_MAX 2048 /* bytes of a response's head */

/* The request for a path, as a new string. */
char *handshake_request(const char *path, const char *host, uint16_t port);

/* Why a response's head (terminated, with its empty line) accepts no WebSocket, in a buffer that the next
 * call overwrites; NULL when it does. */
const char *handshake_refusal(const char *head);

#endif
