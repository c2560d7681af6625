/* The least that a server of bench-server's protocol can do. It parses no JSON and checks nothing; it writes
 * frames as literals around the bytes that came in. Two programs use it: limit (io_uring) and plain (epoll
 * and send). They cost what the kernel's part costs.
 *
 * A peer joins one topic, named bench:NUMBER. Not thread-safe. */
#ifndef BENCH_YARDSTICK_H
#define BENCH_YARDSTICK_H

#include "outbuf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer {
    struct topic *topic; /* NULL: it has not joined */
    uint32_t place;      /* its index in topic->subscribers */
    bool upgraded;
    bool closing;
    struct outbuf_part partial; /* the first part of a request or frame that has not come whole */
};

struct topic {
    struct peer **subscribers;
    uint32_t count;
    uint32_t capacity;
    uint32_t number;
    bool dirty;                 /* for limit: something waits in `pending` */
    struct outbuf_part pending; /* for limit: the broadcasts of this turn */
};

/* Bytes came from a peer. They are unmasked in place. Answers go through the functions below, which must not
 * end the peer. */
void yardstick_received(struct peer *peer, uint8_t *bytes, size_t len);

/* The peer is gone: leave its topic, and free its memory. */
void yardstick_gone(struct peer *peer);

/* Read --port N and --host ADDR, listen, and print where. Returns the descriptor. --loops, --io and --log are
 * accepted as in every server here, and have no effect. */
int yardstick_listen(int argc, char **argv);

/* ---- each of the two programs has its own of these ---- */

/* Send these bytes. They are valid during the call only. */
void server_send(struct peer *peer, const void *bytes, size_t len);

/* Send these bytes to every subscriber. */
void server_publish(struct topic *topic, const void *bytes, size_t len);

/* Close the connection once everything is sent. */
void server_close(struct peer *peer);

#endif
