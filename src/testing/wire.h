/* An I/O engine without a kernel, for the requests of a test. What a client has sent is delivered in the next
 * turns, in pieces as over a network. What the server sends is kept for the client, which takes all at
 * once. The test takes the turns. */
#ifndef PINION_TESTING_WIRE_H
#define PINION_TESTING_WIRE_H

#include "base/buf.h"
#include "io/loop.h"

struct pinion_wire;
struct pinion_wire_conn;

/* The client's end of a connection. */
struct pinion_wire_client {
    struct pinion_wire_conn *conn; /* NULL: there is no connection, or it is over */
    struct sockaddr_storage address;
    struct pinion_buf sent;                          /* on its way to the server */
    struct pinion_buf came;                          /* from the server */
    void (*received)(struct pinion_wire_client *me); /* more came, or the server sends no more */
    bool ended;                                      /* the server sends no more */
    bool leaving;                                    /* the client ends the connection, once all is sent */
    bool starved;                                    /* there was no memory for what came */
};

/* Make a wire. `accepted` as in struct pinion_loop_events. PINION_ENOMEM. */
int pinion__wire_new(struct pinion_wire **out, const struct pinion_loop_events *events, void *context);

/* Free it. All connections are over. NULL is allowed. */
void pinion__wire_free(struct pinion_wire *wire);

/* Connect a client that was zeroed and then filled in. It must stay where it is until the connection is over.
 * PINION_ENOMEM. */
int pinion__wire_connect(struct pinion_wire *wire, struct pinion_wire_client *client);

/* The client has all that it wants: it ends the connection. */
void pinion__wire_leave(struct pinion_wire_client *client);

/* The client goes away at once, as by a reset. */
void pinion__wire_reset(struct pinion_wire_client *client);

/* A turn: deliver, run the scheduler, settle. Settling returns whether another turn has something to
 * deliver. */
void pinion__wire_deliver(struct pinion_wire *wire);
bool pinion__wire_settle(struct pinion_wire *wire);

/* True while there are connections. */
bool pinion__wire_is_used(const struct pinion_wire *wire);

#endif
