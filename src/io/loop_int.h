/* What the two engines share below loop.h: the base structs, the table an engine fills in, and the life of
 * a connection as far as it needs no system call.
 *
 * Functions of loop.h that act on a connection only note what is wanted and put the connection on the
 * loop's list of unsettled ones. At the end of a turn the engine settles each: sends, changes what it waits
 * for, sends the FIN, tears down. So an act costs no system call of its own, acts that cancel each other
 * cost none at all, and no event can come from inside an act.
 */
#ifndef PINION_IO_LOOP_INT_H
#define PINION_IO_LOOP_INT_H

#include "base/list.h"
#include "io/busy.h"
#include "io/loop.h"
#include "io/outbox.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>

#define PINION_ACCEPT_BATCH 64 /* connections accepted in a row before others get their turn */

/* The first member of an engine's loop. */
struct pinion_loop {
    const struct pinion_loop_ops *ops;
    const struct pinion_loop_events *events;
    void *context;
    struct pinion_list listeners; /* of pinion_listener.link */
    struct pinion_list conns;     /* of pinion_conn.link; those being closed included */
    struct pinion_list unsettled; /* of pinion_conn.unsettled */
    size_t connections;
    struct pinion_outbox_pool pool;
    struct pinion_busy busy;
    size_t received;  /* bytes in this turn, those of busy connections not included */
    uint64_t sent;    /* bytes that the kernel took */
    pthread_t thread; /* valid while running */
    bool running;
    bool stopping;
};

/* The first member of an engine's listener. */
struct pinion_listener {
    struct pinion_loop *loop;
    void *user;
    struct pinion_list link;
    uint64_t retry_ms; /* while accepting is paused: until the next attempt. 0: accepting works */
    bool closed;
    bool shared; /* others accept from the socket too */
    bool delays; /* connections do not inherit TCP_NODELAY */
};

/* The first member of an engine's connection. */
struct pinion_conn {
    struct pinion_loop *loop;
    const struct pinion_conn_events *events; /* NULL: not attached */
    void *user;
    struct pinion_list link;
    struct pinion_list unsettled; /* in the loop's list, or alone */
    struct pinion_outbox outbox;  /* empty once ending */
    uint32_t sent;                /* bytes that the kernel took, modulo 4 GiB */
    int16_t error;                /* what closed will tell */
    bool paused : 1;
    bool blocked : 1;   /* the kernel did not take everything; the engine waits until it takes more */
    bool finishing : 1; /* a FIN follows what is queued; nothing more is queued */
    bool ending : 1;    /* nothing but closed follows */
    bool busy : 1;      /* in loop->busy: it is read from there, and in no other way */
};

/* One engine. Called by the functions of loop.h only, which have checked the arguments. All slots are
 * mandatory but refusal. */
struct pinion_loop_ops {
    const char *name;

    /* Expected to say why the engine cannot work on this machine, or NULL when it can; called on any thread.
     * May be NULL when it works wherever it is compiled in. */
    const char *(*refusal)(void);

    /* Expected to allocate a loop, zeroed where it begins with struct pinion_loop, which the caller then
     * fills in. PINION_ENOMEM, PINION_EIO. */
    int (*create)(struct pinion_loop **out, const struct pinion_loop_options *options);

    /* Expected to free a loop without listeners and connections. */
    void (*destroy)(struct pinion_loop *loop);

    /* Expected to do what run on this thread needs and what can fail; run does it where it was not done. May
     * be NULL where there is nothing. PINION_EIO. */
    int (*prepare)(struct pinion_loop *loop);

    /* Expected to take turns on this thread, each: wait, deliver, call events->turn(), settle the unsettled,
     * until loop->stopping was set and pinion__loop_wind_down says that nothing is left. */
    int (*run)(struct pinion_loop *loop);

    /* Expected to make the loop take a turn; called on any thread and in signal handlers. */
    void (*wake)(struct pinion_loop *loop);

    /* Expected to accept connections on fd, calling pinion__conn_begin for each; also called before run. The
     * listener begins with struct pinion_listener, which the caller fills in. On failure the engine has not
     * touched fd. PINION_ENOMEM, PINION_EIO. */
    int (*listen)(struct pinion_loop *loop, int fd, struct pinion_listener **out);

    /* Expected to close the socket and free the listener, later if need be; accepts nothing from here. */
    void (*listener_close)(struct pinion_listener *listener);

    /* Expected to send what can be sent of an outbox that is neither empty nor blocked, and to set `blocked`
     * if something is left. Must not call events; a failure goes to pinion__conn_end. */
    void (*flush)(struct pinion_conn *conn);

    /* Expected to receive once, up to PINION_RECV_PIECE, from a connection that is busy, and to deliver that.
     * Returns the bytes; *more tells whether there may be more to receive. */
    size_t (*read)(struct pinion_conn *conn, bool *more);

    /* Expected to fill in the peer's address, as loop.h says. */
    void (*peer)(const struct pinion_conn *conn, struct sockaddr_storage *address, socklen_t *len);

    /* Expected to give the connection's descriptor, -1 when it has none any more. */
    int (*fd)(const struct pinion_conn *conn);
};

/* A connection was accepted: initialize its base, which is zeroed, and tell the core. Afterwards it is
 * unsettled. */
void pinion__conn_begin(struct pinion_conn *conn, const struct pinion_listener *listener);

/* Have the engine look at this connection at the end of the turn. */
void pinion__conn_unsettle(struct pinion_conn *conn);

/* The connection is over, for this reason (or 0): drop what is queued; nothing but closed follows. Only the
 * first call counts. */
void pinion__conn_end(struct pinion_conn *conn, int error);

/* Nothing is in flight any more: tell the core that the connection is closed. The engine frees it next.
 * Must be called in the delivery phase of a turn after the one in which it ended. */
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

/* Send on fd until the outbox is empty, or the kernel takes no more (`blocked`), or it fails
 * (pinion__conn_end). Calls no events. */
void pinion__conn_send(struct pinion_conn *conn, int fd);

/* The same for a connection that was blocked, when the kernel takes more; tells the core when all is sent.
 * Must be called in the delivery phase of a turn. */
void pinion__conn_send_again(struct pinion_conn *conn, int fd);

/* Whether an error of accept concerns only the one connection that is gone by now. */
bool pinion__accept_failed_for_peer(int error);

/* Accepting does not work, for lack of descriptors or memory: the engine accepts nothing for the next
 * listener->retry_ms, which this sets. Says so the first time in a row. */
void pinion__listener_failed(struct pinion_listener *listener, int error);

/* Accepting worked. */
void pinion__listener_works(struct pinion_listener *listener);

/* Have the socket of a new connection send at once. */
static inline void pinion__listener_adopt(const struct pinion_listener *listener, int fd)
{
    if (listener->delays)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

/* Close the listeners and the connections of a loop that is stopping. True when nothing is left, so that run
 * can return; else the ending connections are unsettled, and further turns will finish them. */
bool pinion__loop_wind_down(struct pinion_loop *loop);

#endif
