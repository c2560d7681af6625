/* Rates: how much a client may send in a second.
 *
 * Messages and joins that channels take are limited if the mount says so. All else is overhead: heartbeats,
 * pings, joins and messages that nothing takes, messages over a rate. Overhead always has a limit. Above it
 * the client's frames are held back for a moment, so that it cannot send faster. A client that goes on like
 * this is closed. */
#ifndef PINION_ENGINE_RATES_H
#define PINION_ENGINE_RATES_H

#include "base/bucket.h"
#include "engine/channel.h"

struct pinion_socket_rates {
    struct pinion_bucket messages;
    struct pinion_bucket joins;
    struct pinion_timer let_go; /* lets the client's frames go again */
    struct pinion_socket *socket;
    uint64_t held_since; /* when the client was first held back, not counting before a pause; ms */
    uint64_t let_go_at;  /* when it was last let go; ms */
    bool holding;        /* its frames are held back now */
};

/* Take one from the rate. False: there is none left; this is counted in the statistics. Without a limit no
 * memory is used. */
bool pinion__rate_message(struct pinion_socket *socket);
bool pinion__rate_join(struct pinion_socket *socket);
bool pinion__rate_channel_message(struct pinion_channel *channel);

/* Take one from the rate of messages, if any is left: this message is answered in any case. */
void pinion__rate_spend(struct pinion_socket *socket);

/* Count one more frame that reaches no channel. May hold the client's frames back, or close the socket. */
void pinion__rate_overhead(struct pinion_socket *socket);

/* The socket ends: stop the timer. */
void pinion__rates_stop(struct pinion_socket *socket);

#endif
