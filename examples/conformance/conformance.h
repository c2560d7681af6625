#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <pinion/pinion.h>

/* What all clients share. It is the endpoint's context. */
struct conformance {
    pinion_presence *at_once;  /* for presence:*; changes are sent at once */
    pinion_presence *gathered; /* for crowd:*; changes are gathered, and diffs are short */
    const char *refusal;       /* the answer to a client that connects too often */
};

/* Set the presences in the endpoint's context, a struct conformance, before the endpoint starts. Errors:
 * those of pinion_presence_new. */
int conformance_presence(pinion_endpoint *endpoint);

/* Mount routes for tests of HTTP, below /api. Errors: those of pinion_endpoint_http. */
int conformance_http(pinion_endpoint *endpoint);

/* Connects everybody, except with reject=true or ratelimit=true. user_id becomes an assign, and makes the
 * socket's id. */
extern const pinion_socket_def conformance_socket;

/* The same, for a user who is looked up off the loop; "nobody" is refused, and whoever names no user_id. */
extern const pinion_socket_def conformance_lookup_socket;

/* The error handler of the mounts: 429 for a client that connects too often. The context is a struct
 * conformance. */
void conformance_refusal(const pinion_payload *reason, pinion_response *response, void *context);

/* Sends every message back. */
extern const pinion_raw_socket_def conformance_echo;

/* rooms:*: a chat room. */
extern const pinion_channel_def conformance_room_channel;

/* presence:* and crowd:*: who is there. The context is a struct conformance. */
extern const pinion_channel_def conformance_presence_channel;

/* slow:*: as many frames as the client asks for, of which it may miss all but the last. Its mount drops
 * broadcasts. */
extern const pinion_channel_def conformance_slow_channel;

/* counter:*: a number that all clients of the node share. */
extern const pinion_channel_def conformance_counter_channel;

/* room:*: an event for each result that a callback can have. */
extern const pinion_channel_def conformance_channel;

#endif
