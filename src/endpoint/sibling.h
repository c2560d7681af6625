/* Joins an endpoint without an adapter to that of the other child of its supervisor, during an upgrade: they
 * are two nodes then. Only endpoints that were passed their sockets are joined, because only those can be
 * there twice. */
#ifndef PINION_ENDPOINT_SIBLING_H
#define PINION_ENDPOINT_SIBLING_H

#include "process/sibling.h"
#include <stdatomic.h>

struct pinion_endpoint;

struct pinion_sibling {
    char key[PINION_SIBLING_KEY]; /* the address of its sockets; "": they were not passed to it */
    unsigned char secret[PINION_SIBLING_SECRET];
    atomic_bool told; /* `secret` is there */
};

/* Attach a bridge if this process has a supervisor. The endpoint has no adapter. PINION_ENOMEM, PINION_EIO.
 */
int pinion__sibling_attach(struct pinion_endpoint *endpoint);

/* Note that a socket was passed to the endpoint. */
void pinion__sibling_shares(struct pinion_endpoint *endpoint, int fd);

/* The pubsub has started: from now on both know the tokens of each other's long-polling sessions. Before any
 * loop runs. PINION_ENOMEM. */
int pinion__sibling_begin(struct pinion_endpoint *endpoint);

#endif
