/* What the two engines share below loop.h: the base structs, the table of an engine, and the part of a
 * connection's life that needs no system call.
 *
 * The functions of loop.h for a connection only note what is wanted, and put the connection into the loop's
 * list of unsettled ones. At the end of a turn the engine settles each: it sends, changes what it waits for,
 * sends the FIN, closes. So a function costs no system call of its own, functions that cancel each other out
 * cost none at all, and no event can come from inside one. */
#ifndef PINION_IO_LOOP_INT_H
#define PINION_IO_LOOP_INT_H

#include "base/list.h"
#include "io/busy.h"
#include "io/loop.h"
#include "io/outbox.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>

#define PINION_ACCEPT_BATCH 64 /* connections accepted in a row before others are served */

/* See chain.h. */
struct pinion_chain {
    struct pinion_conn *first; /* NULL: it is empty */
    struct pinion_conn *last;
};

/* The first member of an engine's loop struct. */
struct pinion_loop {
    const struct pinion_loop_ops *ops;
    const struct pinion_loop_events *events;
    void *context;
    struct pinion_list listeners; /* linked through pinion_listener.link */
    struct pinion_list conns;     /* linked through pinion_conn.link; includes those being closed */
    struct pinion_chain unsettled;
    size_t connections;
    struct pinion_outbox_pool pool;
    struct pinion_busy busy;
    size_t received;  /* bytes in this turn, without those of busy connections */
    uint64_t taken;   /* bytes that peers sent, since the start */
    uint64_t sent;    /* bytes that the kernel took */
    size_t peak;      /* the most memory that frames took which waited for one peer */
    uint64_t idle_ns; /* how long it has waited for events, if it is timed */
    bool timed;
    pthread_t thread; /* valid while the loop runs */
    bool running;
    bool stopping;
};

/* The first member of an engine's listener struct. */
struct pinion_listener {
    struct pinion_loop *loop;
    void *user;
    struct pinion_list link;
    uint64_t retry_ms; /* how long accepting is paused until the next attempt, ms. 0: accepting works */
    bool closed;
    bool delays; /* connections do not inherit TCP_NODELAY */
};

/* The first member of an engine's connection struct. */
struct pinion_conn {
    struct pinion_loop *loop;
    const struct pinion_conn_events *events; /* NULL: not attached */
    void *user;
    struct pinion_list link;
    struct pinion_conn
        *chained; /* the next in its chain, or itself when it is the last; NULL: it is in none */
    struct pinion_outbox outbox; /* empty once `ending` is set */
    uint32_t sent;               /* bytes that the kernel took, modulo 4 GiB */
    int16_t error;               /* what closed will be called with */
    bool paused : 1;
    bool blocked : 1;   /* the kernel did not take everything; the engine waits until it takes more */
    bool finishing : 1; /* a FIN follows what is queued; nothing more can be queued */
    bool ending : 1;    /* only the closed event follows */
    bool busy : 1;      /* in loop->busy: it is read only from there */
    bool delayed : 1;   /* what is queued is not sent yet; the connection need not be unsettled */
};

/* The table of an engine. Only the functions of loop.h call it, after they have checked the arguments. Every
 * member is mandatory, except those that say otherwise. */
struct pinion_loop_ops {
    const char *name;
    size_t conn_size; /* of the engine's connection struct, bytes */

    /* Returns why the engine cannot work on this machine, or NULL when it can. Called on any thread. May be
     * NULL if the engine works wherever it is compiled. */
    const char *(*refusal)(void);

    /* Allocates a loop that begins with a zeroed struct pinion_loop, which the caller fills in.
     * PINION_ENOMEM, PINION_EIO. */
    int (*create)(struct pinion_loop **out, const struct pinion_loop_options *options);

    /* Frees a loop without listeners and connections. */
    void (*destroy)(struct pinion_loop *loop);

    /* Does on this thread everything of run that can fail; run does it if this was not called. May be NULL if
     * there is nothing to do. PINION_EIO. */
    int (*prepare)(struct pinion_loop *loop);

    /* Takes turns on this thread until loop->stopping is set and pinion__loop_wind_down says that nothing is
     * left. A turn: wait, deliver, call events->turn(), settle the unsettled. */
    int (*run)(struct pinion_loop *loop);

    /* Makes the loop take a turn. Called on any thread and in signal handlers. */
    void (*wake)(struct pinion_loop *loop);

    /* Accepts connections on fd, and calls pinion__conn_begin for each. May be called before run. The
     * listener begins with struct pinion_listener, which the caller fills in. On failure the engine has not
     * touched fd. PINION_ENOMEM, PINION_EIO. */
    int (*listen)(struct pinion_loop *loop, int fd, struct pinion_listener **out);

    /* Closes the socket and frees the listener, later if necessary. Accepts nothing more from now on. */
    void (*listener_close)(struct pinion_listener *listener);

    /* Sends from an outbox that is neither empty nor blocked, and sets `blocked` if something is left. Must
     * not call events. A failure goes to pinion__conn_end. */
    void (*flush)(struct pinion_conn *conn);

    /* Receives once from a busy connection, up to PINION_RECV_PIECE, and delivers it. Returns the bytes.
     * *more is set to whether there may be more to receive. */
    size_t (*read)(struct pinion_conn *conn, bool *more);

    /* Sets the peer's address, as loop.h says. */
    void (*peer)(const struct pinion_conn *conn, struct sockaddr_storage *address, socklen_t *len);

    /* Returns the connection's descriptor; -1 when it has none any more. */
    int (*fd)(const struct pinion_conn *conn);
};

/* A connection was accepted: initialise its base struct, which is zeroed, and call the accepted event.
 * Afterwards the connection is unsettled. */
void pinion__conn_begin(struct pinion_conn *conn, const struct pinion_listener *listener);

/* Have the engine settle this connection at the end of the turn. */
void pinion__conn_unsettle(struct pinion_conn *conn);

/* Something is queued that is to be sent now. */
static inline bool pinion__conn_sends(const struct pinion_conn *conn)
{
    return !conn->blocked && !conn->delayed && !pinion__outbox_empty(&conn->outbox);
}

/* The connection is over, for this reason or 0. What is queued is dropped, and only the closed event follows.
 * Only the first call counts. */
void pinion__conn_end(struct pinion_conn *conn, int error);

/* The kernel has no operation of the connection any more: call the closed event. The engine frees the
 * connection next. It must be called in the delivery phase of a later turn than the one in which the
 * connection ended. */
void pinion__conn_finish(struct pinion_conn *conn);

/* The kernel took the first `sent` bytes of the outbox. */
static inline void pinion__conn_sent(struct pinion_conn *conn, size_t sent)
{
    conn->sent += (uint32_t)sent;
    conn->loop->sent += sent;
    if (sent == conn->outbox.bytes)
        pinion__outbox_clear(&conn->outbox, &conn->loop->pool);
    else
        pinion__outbox_consume(&conn->outbox, &conn->loop->pool, sent);
}

/* What waits is about to become less. It has only grown since it was blocked, so this is the most of it. */
static inline void pinion__conn_note_peak(const struct pinion_conn *conn)
{
    size_t memory = pinion__outbox_memory(&conn->outbox);
    if (memory > conn->loop->peak)
        conn->loop->peak = memory;
}

/* The kernel took not all that was offered: what is left may wait for long. */
static inline void pinion__conn_block(struct pinion_conn *conn)
{
    conn->blocked = true;
    pinion__conn_note_peak(conn);
    pinion__outbox_unjoin(&conn->outbox, &conn->loop->pool);
}

/* Send on fd until the outbox is empty, the kernel takes no more (`blocked`), or sending fails
 * (pinion__conn_end). Calls no events. */
void pinion__conn_send(struct pinion_conn *conn, int fd);

/* The same for a connection that was blocked, when the kernel takes more. It calls the drained event when all
 * is sent. It must be called in the delivery phase of a turn. */
void pinion__conn_send_again(struct pinion_conn *conn, int fd);

/* True when an error of accept concerns only one connection, which is gone by now. */
bool pinion__accept_failed_for_peer(int error);

/* Descriptors or memory ran out: the engine must accept nothing for listener->retry_ms, which this sets. It
 * is logged the first time in a row. */
void pinion__listener_failed(struct pinion_listener *listener, int error);

/* Accepting has worked. */
void pinion__listener_works(struct pinion_listener *listener);

/* Set TCP_NODELAY on a new connection if it does not inherit it. */
static inline void pinion__listener_adopt(const struct pinion_listener *listener, int fd)
{
    if (listener->delays)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

/* Close the listeners and connections of a loop that is stopping. Returns true when nothing is left, so that
 * run can return. Otherwise the ending connections are unsettled, and further turns will finish them. */
bool pinion__loop_wind_down(struct pinion_loop *loop);

#endif
