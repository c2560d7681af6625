/* The contract of an event loop with listeners and stream connections. Two engines implement it: io_uring
 * (loop_uring.c) and libuv (loop_uv.c). Everything above is the same for both.
 *
 * A loop and its connections belong to the thread that calls pinion__loop_run(). Only pinion__loop_wake may
 * be called from any thread.
 *
 * Frames to send are queued by reference. The loop owns the queued references, and drops each one when the
 * kernel has its bytes. There is no completion for each send. All frames queued for one connection during a
 * turn leave together, in order, at the end of the turn.
 *
 * A turn: wait for events; deliver them (accepted, data, drained, closed); call turn(); send what was queued.
 * turn() returns how long the loop may wait next.
 *
 * A turn delivers a limited number of bytes from each connection, and from all busy connections together
 * (busy.h). The rest is delivered in the next turns, which follow at once. */
#ifndef PINION_IO_LOOP_H
#define PINION_IO_LOOP_H

#include "base/frame.h"
#include <pinion/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct pinion_loop;
struct pinion_conn;
struct pinion_listener;

/* Events of a loop, for its user. */
struct pinion_loop_events {
    /* The listener with this `user` pointer accepted a connection. The callee must call pinion__conn_attach
     * before it returns; a connection that is not attached is closed. */
    void (*accepted)(void *context, void *user, struct pinion_conn *conn);

    /* An accepted connection is over, and its closed event was delivered. It is freed after this returns. May
     * be NULL. */
    void (*ended)(void *context, struct pinion_conn *conn);

    /* All events of this turn were delivered. Returns the milliseconds that the loop may wait: 0 to take
     * another turn at once, UINT64_MAX to wait for an event or a wake. */
    uint64_t (*turn)(void *context);
};

/* Events of a connection, for its user. None is called from inside a pinion__conn_* function. */
struct pinion_conn_events {
    /* Bytes came. They are borrowed for the call, and may be changed in place. len 0: the peer will send no
     * more (its FIN). May be called once more after a pause. Never called after close. */
    void (*data)(struct pinion_conn *conn, uint8_t *bytes, size_t len);

    /* The kernel had not taken all bytes; now it has taken them, and the queue is empty. May be NULL. */
    void (*drained)(struct pinion_conn *conn);

    /* The connection is over: the peer reset it, sending failed, or close or shutdown ended it. Called
     * exactly once for each attached connection, as the last call; the connection is freed after it returns.
     * `error` is 0 for an orderly end, otherwise a PINION_E code. */
    void (*closed)(struct pinion_conn *conn, int error);
};

struct pinion_loop_options {
    const struct pinion_loop_events *events;
    void *context;           /* passed to the events */
    size_t recv_buffer_size; /* most bytes of one data event. 0: 16 KiB (with uring mostly 2 KiB) */
    /* For uring. Both are rounded up to a power of two. */
    unsigned recv_buffers; /* shared by all connections. 0: 512 */
    unsigned ring_entries; /* operations that are submitted together. 0: 1024 */
    bool timed; /* measure how long it waits (pinion_loop_counts.idle_ns): two looks at the clock */
};

/* The table of an engine. The functions below check their arguments and call it. */
struct pinion_loop_ops;
extern const struct pinion_loop_ops pinion__loop_uv;
extern const struct pinion_loop_ops pinion__loop_uring; /* only if the build has it */

/* The engine named "uv" or "uring", even if it cannot work on this machine; NULL if the build does not have
 * it. For name NULL: the best engine that can work here. If that is not the best one of this build, this is
 * logged once. Thread: any. */
const struct pinion_loop_ops *pinion__loop_engine(const char *name);

/* Why this engine cannot work on this machine; NULL when it can. The text is static. Thread: any. */
const char *pinion__loop_engine_refusal(const struct pinion_loop_ops *engine);

/* "uv" or "uring". */
const char *pinion__loop_engine_name(const struct pinion_loop_ops *engine);

/* Create a loop. PINION_ENOMEM; PINION_EIO, possibly with a sentence in pinion_error_detail. */
int pinion__loop_new(struct pinion_loop **out, const struct pinion_loop_ops *engine,
                     const struct pinion_loop_options *options);

/* Free a loop that has no listeners and no connections, and does not run. loop may be NULL. */
void pinion__loop_free(struct pinion_loop *loop);

/* Do on this thread everything of pinion__loop_run that can fail, so that it cannot fail afterwards. It is
 * for callers that announce the loop before they run it; otherwise pinion__loop_run does it. PINION_EIO with
 * a sentence. */
int pinion__loop_prepare(struct pinion_loop *loop);

/* Run on this thread until pinion__loop_stop. Then listeners and open connections are closed, each connection
 * with its closed event. Turns go on until that is done. */
int pinion__loop_run(struct pinion_loop *loop);

/* Leave pinion__loop_run at the end of this turn. What the kernel takes at once is still sent. Thread: the
 * loop's. */
void pinion__loop_stop(struct pinion_loop *loop);

/* Make the loop take a turn. Thread: any; also from a signal handler. */
void pinion__loop_wake(struct pinion_loop *loop);

/* Accept connections on a listening, non-blocking socket. The loop owns the socket from now on, also on
 * failure. Connections get TCP_NODELAY; it costs least if it was set before the socket listened, because they
 * inherit it then. When descriptors or memory run out, accepting pauses, logs it once, and resumes later.
 * Another loop or process may accept from the socket too: if that one dies or stops, a connection of which
 * the kernel told only that one is accepted here. `user` is passed to the accepted event. */
int pinion__loop_listen(struct pinion_loop *loop, int fd, void *user, struct pinion_listener **out);

/* Stop accepting, and close the socket. The listener must not be used afterwards. */
void pinion__listener_close(struct pinion_listener *listener);

/* How many connections are open. A connection counts until its closed event. */
size_t pinion__loop_connections(const struct pinion_loop *loop);

/* What a loop has counted since its start. Bytes are those of all its connections. */
struct pinion_loop_counts {
    uint64_t received; /* bytes */
    uint64_t sent;     /* bytes that the kernel took */
    size_t peak;       /* the most memory that frames took which waited for one peer */
    uint64_t idle_ns;  /* how long it waited for events; 0: it is not timed */
};

/* Thread: the loop's. */
struct pinion_loop_counts pinion__loop_counts(const struct pinion_loop *loop);

/* Set the events and the user pointer of a connection. It may be called again to hand the connection on, as
 * for a WebSocket upgrade. */
void pinion__conn_attach(struct pinion_conn *conn, const struct pinion_conn_events *events, void *user);
void *pinion__conn_user(const struct pinion_conn *conn);

/* Deliver bytes that came for the previous user to the one who is attached now, as a data event. len 0: the
 * peer will send no more. Only in a data event of this connection, or where one could be delivered. */
void pinion__conn_deliver(struct pinion_conn *conn, uint8_t *bytes, size_t len);

/* Queue a frame. It takes the caller's reference, also on failure. PINION_ECLOSED: after close, shutdown or
 * an error; PINION_ENOMEM; PINION_ETOOBIG: 4 GiB or more. */
int pinion__conn_queue(struct pinion_conn *conn, struct pinion_frame *frame);

/* The same for a frame that may wait for others. It leaves with the next frame that is queued without delay,
 * with a flush or a shutdown, or when pinion__conn_let_go is called: the caller must do so in time. If what
 * is queued leaves in this turn already, or waits for the peer, this frame is one of those. */
int pinion__conn_queue_delayed(struct pinion_conn *conn, struct pinion_frame *frame);

/* What was delayed leaves at the end of this turn. */
void pinion__conn_let_go(struct pinion_conn *conn);

/* Queue a frame that the peer waits for. Returns false when it cannot be sent. If there is no memory for it
 * (frame may then be NULL), the connection is closed: otherwise the peer would wait in vain, and take what
 * follows for the answer. */
bool pinion__conn_answer(struct pinion_conn *conn, struct pinion_frame *frame);

/* Bytes that are queued and were not taken by the kernel. */
size_t pinion__conn_queued(const struct pinion_conn *conn);

/* The memory that all queued frames take, for limits. For small frames it is much more than their bytes. */
size_t pinion__conn_memory(const struct pinion_conn *conn);

/* Bytes that the peer has not acknowledged. They are queued here, or in the kernel, which may keep megabytes.
 * 0: the peer has everything, including the FIN if one was sent. It costs a system call. */
size_t pinion__conn_unacked(const struct pinion_conn *conn);

/* How many bytes the peer has acknowledged since the connection began, modulo 4 GiB. Compare it with an
 * earlier value: it grows as long as the peer reads, however slowly. It costs a system call. */
uint32_t pinion__conn_acked(const struct pinion_conn *conn);

/* The same for all connections of a loop, including those that are closed: what a connection had not
 * acknowledged when it closed counts as acknowledged. It costs a system call for each connection. */
uint64_t pinion__loop_acked(const struct pinion_loop *loop);

/* Try to send now, instead of at the end of the turn. Returns the bytes that still wait. A connection that
 * breaks here gets its closed event in a later turn. */
size_t pinion__conn_flush(struct pinion_conn *conn);

/* From now on the kernel takes no more than what it can send, and about `bytes` (TCP_NOTSENT_LOWAT). A socket
 * that is not TCP stays as it is. */
void pinion__conn_limit_unsent(struct pinion_conn *conn, uint32_t bytes);

/* Where the next frame that is queued will begin: how many bytes come before it, modulo 4 GiB. */
uint32_t pinion__conn_position(const struct pinion_conn *conn);

/* True while bytes that were queued before this position wait to be sent. */
bool pinion__conn_waits_before(const struct pinion_conn *conn, uint32_t position);

/* Drop all queued frames. If a part of the first frame was sent, its rest stays. */
void pinion__conn_drop_queue(struct pinion_conn *conn);

/* Drop the oldest droppable frames that are queued, until what is left takes `most` of memory or there are no
 * more of them. Returns how many were dropped. */
size_t pinion__conn_drop_oldest(struct pinion_conn *conn, size_t most);

/* Stop and resume reading. Each may be called again. A reset by the peer also ends a paused connection. */
void pinion__conn_pause(struct pinion_conn *conn);
void pinion__conn_resume(struct pinion_conn *conn);

/* Send what is queued, then close our side (FIN). Data may still come until the peer closes too, or close is
 * called. */
void pinion__conn_shutdown(struct pinion_conn *conn);

/* Close now: queued frames are dropped, and only the closed event follows, in a later turn. It may be called
 * again. */
void pinion__conn_close(struct pinion_conn *conn);

/* The peer's address. When the connection is over, its family is AF_UNSPEC and its length 0. */
void pinion__conn_peer(const struct pinion_conn *conn, struct sockaddr_storage *address, socklen_t *len);

#endif
