#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <pinion/pinion.h>

/* Connects everybody but with reject=true or ratelimit=true; user_id becomes an assign and names the socket.
 */
extern const pinion_socket_def conformance_socket;

/* The error handler of the mounts: 429 for a client that comes too often. */
void conformance_refusal(const pinion_payload *reason, pinion_response *response);

/* Every message comes back as it was. */
extern const pinion_raw_socket_def conformance_echo;

/* rooms:*: the chat's. */
extern const pinion_channel_def conformance_room_channel;

/* presence:*, crowd:*: who is there, told at once or gathered. The endpoint needs its presence before it
 * starts. */
extern const pinion_channel_def conformance_presence_channel;
int conformance_presence(pinion_endpoint *endpoint);

/* room:*: every result a callback can have. */
extern const pinion_channel_def conformance_channel;

#endif
