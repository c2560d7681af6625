#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <pinion/pinion.h>

/* What all clients share: the endpoint's context. */
struct conformance {
    pinion_presence *at_once;  /* of presence:* */
    pinion_presence *gathered; /* of crowd:*: changes wait, and diffs are short */
    const char *refusal;       /* the text of an answer to a client that comes too often */
};

/* Fill in the endpoint's context, a struct conformance, before the endpoint starts. Errors as
 * pinion_presence_new. */
int conformance_presence(pinion_endpoint *endpoint);

/* Connects everybody but with reject=true or ratelimit=true; user_id becomes an assign and names the socket.
 */
extern const pinion_socket_def conformance_socket;

/* The error handler of the mounts: 429 for a client that comes too often. The context is a struct
 * conformance. */
void conformance_refusal(const pinion_payload *reason, pinion_response *response, void *context);

/* Every message comes back as it was. */
extern const pinion_raw_socket_def conformance_echo;

/* rooms:*: the chat's. */
extern const pinion_channel_def conformance_room_channel;

/* presence:*, crowd:*: who is there, told at once or gathered. The context is a struct conformance. */
extern const pinion_channel_def conformance_presence_channel;

/* room:*: every result a callback can have. */
extern const pinion_channel_def conformance_channel;

#endif
