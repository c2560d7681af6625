/* Answers to the pings of a client that does not read. Of several that wait the last may be answered alone
 * (RFC 6455 section 5.5.3): one pong waits in the queue, and at most one more here. Who sends pings and reads
 * nothing for long is given up.
 */
#ifndef PINION_TRANSPORT_WEBSOCKET_PONGS_H
#define PINION_TRANSPORT_WEBSOCKET_PONGS_H

#include "base/scheduler.h"
#include "io/progress.h"

#define PINION_PONGS_AT_ONCE (4u * 1024) /* of memory in the queue: up to this every ping is answered */

struct pinion_pongs {
    struct pinion_timer timer;
    struct pinion_conn *conn;
    struct pinion_scheduler *scheduler;
    struct pinion_frame *queued;     /* the last that was queued: a reference, which tells when it has gone */
    struct pinion_frame *held;       /* to the last ping; NULL: none */
    struct pinion_progress progress; /* while one was held */
    uint32_t limit_ms;
    void (*stalled)(struct pinion_pongs *pongs); /* may release it */
};

/* limit_ms: of the time in which nothing is read. */
void pinion__pongs_init(struct pinion_pongs *pongs, struct pinion_conn *conn,
                        struct pinion_scheduler *scheduler, uint32_t limit_ms);
void pinion__pongs_release(struct pinion_pongs *pongs);

/* Send a pong when the client has read what waits; takes it. One that is held already is dropped for it. */
void pinion__pongs_answer(struct pinion_pongs *pongs, struct pinion_frame *pong);

/* The queue is empty, or shorter: send what is held. */
void pinion__pongs_go_on(struct pinion_pongs *pongs);

/* True when it holds nothing: it may be released. */
bool pinion__pongs_idle(const struct pinion_pongs *pongs);

#endif
