/* The engine on libuv.
 *
 * libuv keeps time, is woken, and watches the listeners. The sockets of connections are ours: several frames
 * leave in one sendmsg, and one buffer receives for all. They are watched in an epoll set of our own, and
 * libuv watches the set. So a connection needs no handle of libuv's, which is larger than all the rest of it.
 *
 * uv_prepare callbacks run just before libuv waits, after all events of an iteration were delivered: the turn
 * ends there. A connection that has ended leaves the set and is closed at the end of its turn, when no event
 * for it can be under way. Its closed event is the last of the next turn's. */
#ifndef PINION_IO_UV_INT_H
#define PINION_IO_UV_INT_H

#include "base/slab.h"
#include "io/loop_int.h"
#include <sys/epoll.h>
#include <uv.h>

#define PINION_UV_EVENTS 1024 /* the most events of connections in a turn */

struct uv_engine {
    struct pinion_loop base;
    uv_loop_t uv;
    uv_prepare_t turn_end;
    uv_timer_t turn_timer; /* ends the wait that turn() allowed */
    uv_async_t wake;
    uv_poll_t set; /* says that the epoll set has events */
    int set_fd;
    struct pinion_chain finished; /* connections whose closed event comes next */
    struct pinion_regions regions;
    struct pinion_slabs conns;
    struct epoll_event events[PINION_UV_EVENTS];
    size_t recv_size;
    uint8_t recv_buffer[]; /* one for all connections: bytes are delivered at once */
};

struct uv_conn {
    struct pinion_conn base;
    int fd;
    uint16_t watched;      /* the epoll events that are being watched; 0: it is not in the set */
    bool fin_received : 1; /* it was delivered, so there is no more to read */
    bool fin_sent : 1;
    bool hung_up : 1; /* while it was paused, the peer's FIN was reported, and would be for ever */
};

/* Deliver the events of the set. */
void pinion__uv_deliver(struct uv_engine *engine);

/* Send, send the FIN, watch what is wanted. A connection that has ended is closed. */
void pinion__uv_settle(struct uv_engine *engine, struct uv_conn *conn);

/* pinion_loop_ops.read and .flush */
size_t pinion__uv_read(struct pinion_conn *conn, bool *more);
void pinion__uv_flush(struct pinion_conn *conn);

#endif
