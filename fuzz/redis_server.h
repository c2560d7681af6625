/* A Redis in the process of its client: connections are pairs of sockets, of which it serves one end when it
 * is given a turn. It does what Redis does, but for what a script wants otherwise. There are two connections
 * at most, 0 and 1, in the order in which they were made.
 */
#ifndef PINION_FUZZ_REDIS_SERVER_H
#define PINION_FUZZ_REDIS_SERVER_H

#include "base/slice.h"
#include <stdbool.h>

#define REDIS_CONNECTIONS 2

/* What it does in answer to one command. */
enum redis_manner {
    REDIS_GOOD,
    REDIS_ERROR,  /* does nothing, and says so */
    REDIS_ENDS,   /* closes the connection, and does nothing */
    REDIS_CUT,    /* does it, and closes the connection in the middle of the answer */
    REDIS_DONE,   /* does it, answers, and closes */
    REDIS_SILENT, /* does it, and does not answer; so the next answer is taken for this one's */
    REDIS_TWICE,  /* does it, and answers twice */
    REDIS_OTHER,  /* does it, and answers with something else */
    REDIS_MANNERS
};

/* Begin, and end: whoever is connected still is an error. */
void redis_server_begin(void);
void redis_server_end(void);

/* The client's end of a new connection, which does not block. -1: refused. */
int redis_server_connect(void);

/* Take in what was sent, and answer. */
void redis_server_turn(void);

/* ---- the script's ---- */

/* Of a command that comes later than those for which this was called before; `choice` is of errors, and of
 * other answers. */
void redis_server_manner(unsigned connection, enum redis_manner manner, unsigned choice);

/* Answers wait until they are no longer held; the most bytes that go in one turn (0: all); nothing is read.
 */
void redis_server_hold(unsigned connection, bool held);
void redis_server_piece(unsigned connection, size_t piece);
void redis_server_stall(unsigned connection, bool stalled);

void redis_server_raw(unsigned connection, struct pinion_slice bytes);
void redis_server_close(unsigned connection);

/* So many attempts to connect are refused. */
void redis_server_refuse(unsigned attempts);

/* So many others get what is published, as it says. */
void redis_server_others(long long count);

/* Another client publishes. Who has not subscribed gets it too where it is forced on them. */
void redis_server_publish(const char *channel, struct pinion_slice bytes, bool forced);

/* From now on it behaves; connections on which it has lied are closed. */
void redis_server_heal(void);

/* ---- what is known ---- */

/* So many subscriptions; whether this is one of them. */
unsigned redis_server_subscriptions(void);
bool redis_server_has(const char *channel);

/* It has said an error, or lied, ever. */
bool redis_server_was_bad(void);

#endif
