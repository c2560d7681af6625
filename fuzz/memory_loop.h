/* An I/O engine without a kernel: a script says what peers do, what the kernel accepts, and when a turn is
 * taken. It delivers what both engines deliver: bytes in pieces of any size, a FIN, a reset, `drained` after
 * a short send, data once more after a pause, `closed` in a later turn.
 *
 * An endpoint uses it by endpoint->engine = &memory_engine. pinion_endpoint_run then calls memory_script, and
 * winds down when that returns. If several loops run on one thread, the functions below are about the one
 * that began last, or that memory_use has named since. */
#ifndef PINION_FUZZ_MEMORY_LOOP_H
#define PINION_FUZZ_MEMORY_LOOP_H

#include "base/buf.h"
#include "io/loop.h"

extern const struct pinion_loop_ops memory_engine;

extern void (*memory_script)(void);

/* From now on the functions are about this loop, which must be running. */
void memory_use(struct pinion_loop *running);

/* The peer's end of a connection. All zero: there is no connection. */
struct memory_peer {
    struct memory_conn *conn; /* NULL: the server has closed it */
    struct pinion_buf to_server;
    size_t piece; /* the most bytes of one event; 0: all */
    bool fin;     /* it follows the bytes that are still to be delivered */
    bool reset;
    bool late;       /* bytes come once more after a pause */
    size_t room;     /* bytes that the kernel accepts */
    size_t came;     /* bytes from the server, in total */
    char last[8192]; /* the last of them */
    size_t last_len;
    char first[16]; /* the first of them */
    bool fin_came;
};

/* Connect. The caller owns the peer, and releases it with memory_forget. */
void memory_connect(struct memory_peer *peer);
void memory_forget(struct memory_peer *peer);
/* Replace the connection by a new one, whose kernel accepts everything. */
void memory_connect_anew(struct memory_peer *peer);

/* Take a turn of the loop. Returns how long the next one may wait, ms. */
uint64_t memory_turn(void);

/* What was done in an earlier turn explains so much work of later ones, once. */
void memory_explain(size_t work);

/* Has the endpoint stopped the loop? */
bool memory_stopping(void);

#endif
