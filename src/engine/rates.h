/* Rates: what a client may send in a second.
 *
 * What channels take is limited where the mount says so. What reaches no channel (heartbeats, pings, joins
 * and messages that nothing takes, messages over a rate) is overhead, of which there is always a limit: above
 * it the client's frames are held back for a moment, so that it cannot send faster; who goes on like that is
 * closed.
 */
#ifndef PINION_ENGINE_RATES_H
#define PINION_ENGINE_RATES_H

#include "base/bucket.h"
#include "engine/channel.h"

struct pinion_socket_rates {
    struct pinion_bucket messages;
    struct pinion_bucket joins;
    struct pinion_timer let_go; /* of a client that is held back */
    struct pinion_socket *socket;
    uint64_t held_since; /* ms: when it was first held back, of those times that were close together */
    uint64_t let_go_at;  /* the last time */
    bool holding;
};

/* One more of these; false when it is too many, which is counted. Memory is used only where there is a limit.
 */
bool pinion__rate_message(struct pinion_socket *socket);
bool pinion__rate_join(struct pinion_socket *socket);
bool pinion__rate_channel_message(struct pinion_channel *channel);

/* One more message that is answered in any case: it takes from the rate of messages what there is. */
void pinion__rate_spend(struct pinion_socket *socket);

/* One more frame that reaches no channel. May hold the client's frames back, or close the socket. */
void pinion__rate_overhead(struct pinion_socket *socket);

/* The socket ends. */
void pinion__rates_stop(struct pinion_socket *socket);

#endif
