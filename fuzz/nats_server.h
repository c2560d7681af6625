/* A NATS server for one client, on a thread and a free loopback port of its own. It behaves like NATS, except
 * where a script says otherwise. All functions may be called on any thread. */
#ifndef PINION_FUZZ_NATS_SERVER_H
#define PINION_FUZZ_NATS_SERVER_H

#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

/* How it answers a command. */
enum nats_manner {
    NATS_GOOD,
    NATS_ERROR,  /* does nothing; says that it is not permitted, or another error */
    NATS_ENDS,   /* closes the connection, and does nothing */
    NATS_CUT,    /* does it, and closes the connection in the middle of the answer */
    NATS_DONE,   /* does it, answers, and closes */
    NATS_SILENT, /* does it, and does not answer */
    NATS_TWICE,  /* does it, and answers twice */
    NATS_OTHER,  /* does it, and answers with something else */
    NATS_MANNERS
};

/* Begin to serve. End when no client is connected or will be. */
void nats_server_begin(void);
void nats_server_end(void);
uint16_t nats_server_port(void);

/* ---- for the script ---- */

/* Set this for a command after those of earlier calls. `choice` selects the error or the other answer. */
void nats_server_manner(enum nats_manner manner, unsigned choice);

/* The first line of new connections. */
void nats_server_greeting(unsigned choice);

/* This many new connections are closed at once. */
void nats_server_refuse(unsigned count);

/* Answers wait while they are held. Set the most bytes that are sent at once (0: all). */
void nats_server_hold(bool held);
void nats_server_piece(size_t piece);

void nats_server_raw(struct pinion_slice bytes);
void nats_server_close(void);

/* One of the subscriptions is no longer permitted. */
void nats_server_revoke(unsigned choice);

/* Does anybody receive messages for one node? */
void nats_server_others(bool there);

/* Another client publishes. */
void nats_server_publish(const char *subject, struct pinion_slice bytes);

/* From now on it behaves. Connections on which it has lied are closed. */
void nats_server_heal(void);

/* ---- what is known ---- */

/* How many subscriptions the client has; is this one of them? */
unsigned nats_server_subscriptions(void);
bool nats_server_has(const char *subject);

/* How many commands have come. */
unsigned nats_server_commands(void);

/* It has sent an error or lied, at any time. */
bool nats_server_was_bad(void);

#endif
