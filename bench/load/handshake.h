/* The client's side of the opening handshake. */
#ifndef LOAD_HANDSHAKE_H
#define LOAD_HANDSHAKE_H

#include <stddef.h>
#include <stdint.h>

#define RESPONSE_MAX 2048 /* bytes of a response's head */

/* A new string with the request for a path. */
char *handshake_request(const char *path, const char *host, uint16_t port);

/* Check the head of a response (terminated, with its empty line). Returns NULL when it accepts the WebSocket,
 * else why not, in a buffer that the next call overwrites. */
const char *handshake_refusal(const char *head);

#endif
