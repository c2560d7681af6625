/* The contract of transports (pinion/transport.h), as a suite that any must pass. It stands on public headers
 * and cmocka, and meets the transport through its carrier: the server with the transport in it, and a client
 * of its own that blocks. A transport's test fills the table and calls transport_suite:
 * transport_lines_test.c is the shortest.
 *
 * The suite speaks version 2.0.0 of the protocol in whole frames; how they travel is the carrier's. Whatever
 * a carrier waits for takes twenty seconds at most, and then it fails the test (cmocka's fail_msg).
 */
#ifndef TESTS_CONTRACT_TRANSPORT_H
#define TESTS_CONTRACT_TRANSPORT_H

#include <pinion/pinion.h>
#include <stdbool.h>
#include <stddef.h>

struct transport_event {
    enum { TRANSPORT_TEXT, TRANSPORT_BINARY, TRANSPORT_END } kind;
    const char *bytes; /* of a frame; borrowed until the client's next */
    size_t length;
    int code; /* of the end, where the client is told */
};

struct carrier {
    const char *name;  /* the transport's, as channels see it */
    bool binary_up;    /* clients can send binary frames */
    bool binary_down;  /* and get them */
    bool close_codes;  /* clients are told why it ended */
    bool is_polled;    /* what waits for a client that does not ask goes with its connection */
    bool is_unlimited; /* in memory: no size limit, no queue, no way down */

    /* A server that runs, on this I/O engine, with the socket mounted at "/socket" for this transport. */
    pinion_endpoint *(*start)(const char *io, const pinion_socket_def *socket,
                              const pinion_socket_options *options);
    void (*stop)(void);    /* go down, and wait for the end; on a thread of the suite's */
    void (*release)(void); /* free it, whether it was stopped or not */

    /* Let it do what is due. NULL: it has threads. */
    void (*run)(void);

    /* A client, whose connect was answered: 0, or PINION_EACCES. */
    int (*connect)(const char *query, void **client);

    /* A frame, sent or at least on its way. That the connection has ended is no failure. */
    void (*send)(void *client, bool binary, const void *bytes, size_t length);

    /* What comes next. After the end: the end. */
    struct transport_event (*next)(void *client);

    /* Say goodbye with this code; the end follows. NULL: its clients cannot. */
    void (*say_close)(void *client, int code);

    /* Go without a word, and free. After the end: free. */
    void (*hang_up)(void *client);
};

/* Gives the number of failures. */
int transport_suite(const struct carrier *carrier, const char *io);

#endif
