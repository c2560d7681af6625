/* What the parts of the transports' contract share: the server's channel and the acts of a client. */
#ifndef TESTS_CONTRACT_TRANSPORT_SUITE_H
#define TESTS_CONTRACT_TRANSPORT_SUITE_H

#include "contract/transport.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct part {
    const char *name;
    const struct CMUnitTest *tests;
    size_t count;
};

extern const struct part transport_messages, transport_limits, transport_ends;

extern const struct carrier *carrier;
extern pinion_endpoint *endpoint;

/* ---- the server ---- */

#define MAX_MESSAGE 2000
#define MAX_QUEUE   100000

/* Start it with these options, NULL: defaults. Its topics are "room:*"; what they do: transport_suite.c. */
void serve(const pinion_socket_options *options);

/* Have it go down, while the test goes on. */
void begin_stop(void);

/* How often terminate has run, and for which reason last. */
void await_terminated(int count);
int terminated(void);
pinion_reason last_reason(void);

/* A client that was behind has caught up. */
void await_drained(void);

pinion_stats now(void);

int set_up(void **state);

/* Stops what runs; fails where a channel did not end exactly once. */
int tear_down(void **state);

#define TRANSPORT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- a client ---- */

void *connected(const char *query);

/* Connected, and in this topic with the join_ref "1". */
void *joined(const char *topic);

void say(void *client, const char *text);
void say_binary(void *client, const void *bytes, size_t length);

/* The next frame is this JSON. */
void hear(void *client, const char *json);
void hear_end(void *client, int code);

/* A message and its reply: the client is alive. */
void still_works(void *client);

#endif
