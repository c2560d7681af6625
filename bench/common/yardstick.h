/* The least a server of bench-server's protocol can do, whatever carries its bytes: no JSON is parsed,
 * nothing is checked, frames are written as literals around what came in. Two programs stand on it: limit
 * (io_uring) and plain (epoll and send). What they cost is what the kernel's part costs.
 *
 * A peer joins one topic, named bench:NUMBER. Not thread-safe.
 */
#ifndef BENCH_YARDSTICK_H
#define BENCH_YARDSTICK_H

#include "outbuf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer {
    struct topic *topic; /* NULL: has not joined */
    uint32_t place;      /* in its subscribers */
    bool upgraded;
    bool closing;
    struct outbuf_part partial; /* of a request or frame that has not come whole; NULL when there is none */
};

struct topic {
    struct peer **subscribers;
    uint32_t count;
    uint32_t capacity;
    uint32_t number;
    bool dirty;                 /* limit's: something waits in pending */
    struct outbuf_part pending; /* limit's: what this turn's broadcasts come to */
};

/* What came from a peer, to be unmasked in place. Answers through the functions below, which may not end the
 * peer. */
void yardstick_received(struct peer *peer, uint8_t *bytes, size_t len);

/* The peer is gone: leave its topic, free what it holds. */
void yardstick_gone(struct peer *peer);

/* Read --port N and --host ADDR (and take --loops, --io and --log as every server here does, to no effect),
 * listen, and say where. The descriptor. */
int yardstick_listen(int argc, char **argv);

/* ---- what each of the two programs supplies ---- */

/* Send these bytes, which stay valid for the call only. */
void server_send(struct peer *peer, const void *bytes, size_t len);

/* Send them to every subscriber. */
void server_publish(struct topic *topic, const void *bytes, size_t len);

/* Close once everything is sent. */
void server_close(struct peer *peer);

#endif
