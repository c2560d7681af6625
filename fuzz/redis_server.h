/* A Redis in the process of its client. Connections are pairs of sockets, and it serves one end when it is
 * given a turn. It behaves like Redis, except where a script says otherwise. There are at most two
 * connections, 0 and 1, in the order in which they were made. */
#ifndef PINION_FUZZ_REDIS_SERVER_H
#define PINION_FUZZ_REDIS_SERVER_H

#include "base/slice.h"
#include <stdbool.h>

#define REDIS_CONNECTIONS 2

/* How it answers a command. */
enum redis_manner {
    REDIS_GOOD,
    REDIS_ERROR,  /* does nothing, and says so */
    REDIS_ENDS,   /* closes the connection, and does nothing */
    REDIS_CUT,    /* does it, and closes the connection in the middle of the answer */
    REDIS_DONE,   /* does it, answers, and closes */
    REDIS_SILENT, /* does it, and does not answer; so the next answer is taken for this one */
    REDIS_TWICE,  /* does it, and answers twice */
    REDIS_OTHER,  /* does it, and answers with something else */
    REDIS_MANNERS
};

/* Begin. End: if a client is still connected, it is an error. */
void redis_server_begin(void);
void redis_server_end(void);

/* The client's end of a new connection, which does not block. -1: it was refused. */
int redis_server_connect(void);

/* Read what was sent, and answer. */
void redis_server_turn(void);

/* ---- for the script ---- */

/* Set this for a command after those of earlier calls. `choice` selects the error or the other answer. */
void redis_server_manner(unsigned connection, enum redis_manner manner, unsigned choice);

/* Answers wait while they are held. Set the most bytes that are sent in one turn (0: all). Stop reading. */
void redis_server_hold(unsigned connection, bool held);
void redis_server_piece(unsigned connection, size_t piece);
void redis_server_stall(unsigned connection, bool stalled);

void redis_server_raw(unsigned connection, struct pinion_slice bytes);
void redis_server_close(unsigned connection);

/* This many attempts to connect are refused. */
void redis_server_refuse(unsigned attempts);

/* The server says that this many others receive what is published. */
void redis_server_others(long long count);

/* Another client publishes. `forced`: connections without a subscription receive it too. */
void redis_server_publish(const char *channel, struct pinion_slice bytes, bool forced);

/* From now on it behaves. Connections on which it has lied are closed. */
void redis_server_heal(void);

/* ---- what is known ---- */

/* How many subscriptions there are; is this one of them? */
unsigned redis_server_subscriptions(void);
bool redis_server_has(const char *channel);

/* It has sent an error or lied, at any time. */
bool redis_server_was_bad(void);

#endif
