/* An I/O engine without a kernel: what peers do, what the kernel takes, and when a turn is taken, a script
 * says. It delivers what both engines deliver: bytes in any pieces, a FIN, a reset, `drained` after a short
 * send, data once more after a pause, `closed` in a later turn.
 *
 * An endpoint has it by endpoint->engine = &memory_engine; pinion_endpoint_run then calls
 * memory_script, and winds down when that returns. Of several loops that run on one thread, what follows is
 * about the one that began last, or that memory_use has named since.
 */
#ifndef PINION_FUZZ_MEMORY_LOOP_H
#define PINION_FUZZ_MEMORY_LOOP_H

#include "base/buf.h"
#include "io/loop.h"

extern const struct pinion_loop_ops memory_engine;

extern void (*memory_script)(void);

/* From now on it is about this loop, which runs. */
void memory_use(struct pinion_loop *running);

/* The peer's end of a connection. All zero: there is none. */
struct memory_peer {
    struct memory_conn *conn; /* NULL: the server has closed it */
    struct pinion_buf to_server;
    size_t piece; /* the most bytes that one event brings; 0: all */
    bool fin;     /* follows what is to be delivered */
    bool reset;
    bool late;       /* bytes come once more after a pause */
    size_t room;     /* bytes that the kernel takes */
    size_t came;     /* bytes from the server, ever */
    char last[8192]; /* the last of them */
    size_t last_len;
    char first[16]; /* the first of them */
    bool fin_came;
};

/* Connect. The peer stays the caller's, who releases it with memory_forget. */
void memory_connect(struct memory_peer *peer);
void memory_forget(struct memory_peer *peer);
/* In place of the connection that there was, one whose kernel takes all. */
void memory_connect_anew(struct memory_peer *peer);

/* One turn of the loop. Returns how long the next one may wait, ms. */
uint64_t memory_turn(void);

/* Whether the endpoint has stopped the loop. */
bool memory_stopping(void);

#endif
