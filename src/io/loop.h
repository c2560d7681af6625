/* The I/O contract: an event loop with listeners and stream connections. Two engines fulfil it, io_uring
 * (loop_uring.c) and libuv (loop_uv.c); everything above is the same for both.
 *
 * A loop and its connections belong to one thread, which calls pinion__loop_run(). Only wake is for any
 * thread.
 *
 * Frames to send are queued by reference. The loop owns the queued references and drops each when the
 * kernel has its bytes; there is no completion per send. What was queued during one turn for one
 * connection leaves together, in order, at the end of that turn.
 *
 * One turn: wait for events; deliver them (accepted, data, drained, closed); call turn(); send what was
 * queued. turn() returns how long the loop may wait next.
 *
 * One turn delivers only so much of what a connection sent, and so much of what all those sent who send more
 * than that (busy.h); the rest is delivered in the turns that follow, which come at once.
 */
#ifndef PINION_IO_LOOP_H
#define PINION_IO_LOOP_H

#include "base/frame.h"
#include <pinion/error.h>
#include <stdint.h>
#include <sys/socket.h>

struct pinion_loop;
struct pinion_conn;
struct pinion_listener;

/* Engine to core, per loop. */
struct pinion_loop_events {
    /* A connection was accepted by the listener of `user`. The callee sets its events with
     * pinion__conn_attach before it returns; a connection without events is closed. */
    void (*accepted)(void *context, void *user, struct pinion_conn *conn);

    /* A connection that was accepted is over, after its own closed. Its memory goes after this. May be
     * NULL. */
    void (*ended)(void *context, struct pinion_conn *conn);

    /* Everything there was to deliver in this turn is delivered. Returns the milliseconds the loop may wait:
     * 0 to take another turn at once, UINT64_MAX to wait for an event or a wake. */
    uint64_t (*turn)(void *context);
};

/* Engine to core, per connection. None is called from inside a pinion__conn_* call. */
struct pinion_conn_events {
    /* Bytes came. They are borrowed for the call, and may be changed in place. len 0: the peer will send no
     * more (its FIN). May come once more after a pause. Never after close. */
    void (*data)(struct pinion_conn *conn, uint8_t *bytes, size_t len);

    /* The kernel did not take all that was queued, but does so again, and the queue is empty. May be NULL. */
    void (*drained)(struct pinion_conn *conn);

    /* The connection is over: the peer reset it, sending failed, or close / shutdown ended it. Exactly once
     * for each connection that was attached, and the last call; the connection's memory goes after it
     * returns. `error` is 0 for an orderly end, else a PINION_E code. */
    void (*closed)(struct pinion_conn *conn, int error);
};

struct pinion_loop_options {
    const struct pinion_loop_events *events;
    void *context;           /* for events */
    size_t recv_buffer_size; /* the most that one data event brings. 0: 16 KiB, mostly 2 KiB with uring */
    /* For uring, both rounded up to a power of two. */
    unsigned recv_buffers; /* that all connections share. 0: 512 */
    unsigned ring_entries; /* operations that are submitted together. 0: 1024 */
};

/* The table one engine is. The functions below check their arguments and call it. */
struct pinion_loop_ops;
extern const struct pinion_loop_ops pinion__loop_uv;
extern const struct pinion_loop_ops pinion__loop_uring; /* where the build has it */

/* The engine named "uv" or "uring", whether or not it can work here. NULL is the best one that can; that it
 * is not the best one this build has is logged once. NULL when the build has none of that name. Thread: any.
 */
const struct pinion_loop_ops *pinion__loop_engine(const char *name);

/* Why this engine cannot work on this machine, or NULL when it can. Static text; thread: any. */
const char *pinion__loop_engine_refusal(const struct pinion_loop_ops *engine);

/* "uv" or "uring". */
const char *pinion__loop_engine_name(const struct pinion_loop_ops *engine);

/* Create a loop. PINION_ENOMEM, PINION_EIO (which may leave a sentence in pinion_error_detail). */
int pinion__loop_new(struct pinion_loop **out, const struct pinion_loop_ops *engine,
                     const struct pinion_loop_options *options);

/* Free a loop that has no listeners and no connections, and is not running. NULL is allowed. */
void pinion__loop_free(struct pinion_loop *loop);

/* Do what running it on this thread needs and what can fail, so that pinion__loop_run, which does it
 * otherwise, cannot fail: for those who say that they run before they do. PINION_EIO with a sentence. */
int pinion__loop_prepare(struct pinion_loop *loop);

/* Run on this thread until pinion__loop_stop. Connections still open then are closed first, each with its
 * closed event, and so are listeners. Turns go on until that is done. */
int pinion__loop_run(struct pinion_loop *loop);

/* Leave run at the end of this turn, having sent what the kernel takes at once. Thread: the loop's. */
void pinion__loop_stop(struct pinion_loop *loop);

/* Make the loop take a turn. Thread: any; also from a signal handler. */
void pinion__loop_wake(struct pinion_loop *loop);

/* Accept on a listening, non-blocking socket, which the loop owns from now on (on failure too). TCP_NODELAY
 * is set on connections; cheapest where they inherit it, because it was set before the socket listened. When
 * descriptors or memory run out, accepting pauses, says so once, and resumes by itself. `shared`: another
 * loop or process accepts from the socket too. When it dies or stops, a connection that the kernel told only
 * it of is accepted here. `user` is for accepted. */
int pinion__loop_listen(struct pinion_loop *loop, int fd, bool shared, void *user,
                        struct pinion_listener **out);

/* Stop accepting and close the socket. The listener is gone with this call. */
void pinion__listener_close(struct pinion_listener *listener);

/* How many connections are open, those being closed included: each counts until its closed event. */
size_t pinion__loop_connections(const struct pinion_loop *loop);

/* Say who takes the events of a connection, and its user pointer; may be called again to hand the
 * connection on (a WebSocket upgrade). */
void pinion__conn_attach(struct pinion_conn *conn, const struct pinion_conn_events *events, void *user);
void *pinion__conn_user(const struct pinion_conn *conn);

/* To whoever is attached now, as a data event: bytes that came for the one before. len 0: the peer will send
 * no more. Only in a data event of this connection's, or where one could be. */
void pinion__conn_deliver(struct pinion_conn *conn, uint8_t *bytes, size_t len);

/* Queue a frame; takes the caller's reference, on failure too. PINION_ECLOSED after close, shutdown or an
 * error; PINION_ENOMEM; PINION_ETOOBIG: of 4 GiB. */
int pinion__conn_queue(struct pinion_conn *conn, struct pinion_frame *frame);

/* Queue what the peer waits for, as above. Where there is no memory for it (frame may be NULL then), the
 * connection is closed: it would wait in vain, and take what follows for it. False: it cannot be sent. */
bool pinion__conn_answer(struct pinion_conn *conn, struct pinion_frame *frame);

/* Bytes queued and not yet taken by the kernel. */
size_t pinion__conn_queued(const struct pinion_conn *conn);

/* The memory that what is queued takes: more than its bytes, of small frames far more. For limits. */
size_t pinion__conn_memory(const struct pinion_conn *conn);

/* Bytes that the peer has not acknowledged: queued here, or taken by the kernel, which may keep megabytes of
 * them. 0: it has all of it, the FIN included where one was sent. Costs a system call. */
size_t pinion__conn_unacked(const struct pinion_conn *conn);

/* How many bytes the peer has acknowledged since the connection began, modulo 4 GiB. To be compared with what
 * it was before: a peer that reads, however slowly, gets on. Costs a system call. */
uint32_t pinion__conn_acked(const struct pinion_conn *conn);

/* The same of all connections of a loop together, and of those that were: what one had not acknowledged when
 * it closed counts as if it had. Costs a system call for each. */
uint64_t pinion__loop_acked(const struct pinion_loop *loop);

/* Try to send now, without waiting for the end of the turn. Returns the bytes that still wait. A connection
 * that breaks here gets its closed event in a later turn. */
size_t pinion__conn_flush(struct pinion_conn *conn);

/* Drop what is queued, but for the rest of a frame of which a part has gone. */
void pinion__conn_drop_queue(struct pinion_conn *conn);

/* Drop the oldest droppable frames that are queued, until what is left takes `most` of memory or there are no
 * more of them. Returns how many were dropped. */
size_t pinion__conn_drop_oldest(struct pinion_conn *conn, size_t most);

/* Stop and resume reading. Both are idempotent. A reset by the peer ends a paused connection too. */
void pinion__conn_pause(struct pinion_conn *conn);
void pinion__conn_resume(struct pinion_conn *conn);

/* Send what is queued, then close our side (FIN). Data may still come, until the peer closes too or close
 * is called. */
void pinion__conn_shutdown(struct pinion_conn *conn);

/* Close now: what is queued is dropped, nothing but the closed event follows, in a later turn. Idempotent. */
void pinion__conn_close(struct pinion_conn *conn);

/* The peer's address; of family AF_UNSPEC and length 0 when the connection is over. */
void pinion__conn_peer(const struct pinion_conn *conn, struct sockaddr_storage *address, socklen_t *len);

#endif
