/* What the files of the io_uring engine share: loop_uring.c (the turn, and the end of a connection),
 * uring_ring.c (operations in, completions out), uring_send.c, uring_recv.c, uring_doubt.c, uring_accept.c,
 * uring_probe.c.
 *
 * A turn: deliver what the last wait brought; call turn(); settle; then one system call submits all
 * operations and waits. Operations are prepared only while settling. A completion that is read is only noted,
 * and delivered in the next turn. So no event comes from inside a function, and no operation is submitted
 * from inside an event.
 *
 * Sends are an exception: their results are known when the submitting call has returned and its completions
 * were read. They are handled at once, before anything else runs. So an outbox cannot change while the kernel
 * works on it, and a connection has at most one send under way. */
#ifndef PINION_IO_URING_INT_H
#define PINION_IO_URING_INT_H

#include "base/slab.h"
#include "io/loop_int.h"
#include <liburing.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PINION_URING_SETUP_FLAGS                                                                             \
    (IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |                   \
     IORING_SETUP_SUBMIT_ALL | IORING_SETUP_R_DISABLED)

/* MSG_WAITALL makes the kernel report a send of which it took only a part; otherwise the rest would be lost
 * unnoticed. MSG_DONTWAIT makes it report this at once. */
#define PINION_URING_SEND_FLAGS (MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL)

/* The kind of an operation, in the low bits of its user_data. The other bits are a pointer to the object it
 * concerns. For a send, they are its index among the sends under way, and its batch in the upper half. */
enum uring_tag {
    URING_SEND,
    URING_RECV,
    URING_POLL,
    URING_ACCEPT,
    URING_WAKE,
    URING_CANCEL,        /* of an operation of a connection */
    URING_CANCEL_ACCEPT, /* of a listener's operation */
};

#define URING_TAG_BITS 3

struct uring_conn {
    struct pinion_conn base;
    struct uring_held *held; /* the latest of what came after a pause began */
    int fd;                  /* -1 once the connection is over */
    bool recv_armed : 1;     /* the kernel receives until it reports that it has stopped */
    bool recv_cancelled : 1; /* ... and it will report this soon */
    bool poll_armed : 1;     /* the same for watching the socket */
    bool poll_cancelled : 1;
    bool poll_in_vain : 1; /* it reported something while nothing was waited for */
    unsigned cancels : 4;  /* cancels that have not completed */
    bool fin_received : 1; /* there is no more to read */
    bool fin_sent : 1;
    bool closing : 1; /* it was settled after it ended, and waits for its operations */
    bool starved : 1; /* there was no buffer for it the last time */
    bool greedy : 1;  /* it filled its share: it becomes busy as soon as the kernel has stopped receiving */
    uint8_t turn;     /* engine->turn when it last received */
    uint8_t taken;    /* what it received in that turn, in units of URING_TAKEN_UNIT, rounded up */
};

/* The unit of `taken`, bytes. */
#define URING_TAKEN_UNIT ((PINION_RECV_SHARE + UINT8_MAX - 1) / UINT8_MAX)

struct uring_listener {
    struct pinion_listener base; /* base.link: in the loop's list, or in engine->closing */
    int fd;
    bool armed;
    bool cancelled;
    bool cancelling;   /* the cancel has not completed */
    uint64_t retry_at; /* when to accept again; 0: accepting works */
};

/* A completion that waits to be delivered. */
struct uring_event {
    uint64_t user_data;
    int32_t result;
    uint32_t flags;
};

struct uring_events {
    struct uring_event *array;
    size_t count;
    size_t max;
};

/* A send that is under way. */
struct uring_send {
    struct uring_conn *conn;
    int32_t wanted;
    int32_t result; /* what the kernel reported; it reports nothing when it took everything */
};

#define URING_JOIN_MAX  2048        /* bytes of several frames that are copied together */
#define URING_JOIN_ROOM (64 * 1024) /* room for copies, in each submit */
#define URING_IOV_ROOM  1024        /* room for references, in each submit */
#define URING_MSG_ROOM  64
#define URING_RUN_MAX   16

/* The sends that are under way, and the memory they point to. After a submit all of it is free again. */
struct uring_sends {
    struct uring_send *array; /* as many as the ring has entries */
    unsigned count;
    uint32_t batch; /* the number that these sends share */
    unsigned msg_count;
    unsigned iov_count;
    size_t joined;
    /* What was copied together last: the same often waits on the next connection. */
    unsigned run_count;
    struct pinion_slice run[URING_RUN_MAX];
    const char *run_bytes;
    struct iovec *iov; /* URING_IOV_ROOM entries */
    char *join_buffer; /* URING_JOIN_ROOM bytes */
    struct msghdr msgs[URING_MSG_ROOM];
};

#define URING_BUFFER_GROUP 0

/* The memory that the kernel receives into, shared by all connections. */
struct uring_buffers {
    struct io_uring_buf_ring *ring;
    uint8_t *bytes;
    size_t size; /* of each buffer */
    unsigned count;
    size_t copied;  /* bytes that paused connections hold outside the buffers */
    uint8_t *piece; /* for connections that we read ourselves; not given to the kernel */
    size_t piece_size;
};

#define URING_NO_BUFFER (-1)

/* What the kernel reports to have received. Without bytes, it is the FIN. */
struct uring_filled {
    uint8_t *bytes;
    size_t len;
    int buffer; /* that has the bytes; URING_NO_BUFFER: none, or another owns it now */
};

/* The same, of a paused connection. */
struct uring_held {
    struct uring_held *next; /* in a ring: the latest is followed by the oldest */
    uint8_t *bytes;          /* its copy, or in its buffer */
    size_t len;
    int buffer; /* or URING_NO_BUFFER */
    uint8_t copy[];
};

struct uring_doubt_word {
    uint64_t in_doubt;
    uint64_t over; /* connections found to be over, while looking */
};

/* The connections that have sent something since they were looked at, a bit for each descriptor. All zero:
 * none. */
struct uring_doubts {
    struct uring_doubt_word *words;
    size_t word_count;
    size_t count;     /* connections in doubt */
    size_t next;      /* the word to look at first */
    uint64_t look_at; /* when to look, ms */
};

struct uring_engine {
    struct pinion_loop base;
    struct io_uring ring; /* ring_fd is -1 when it was not made */
    bool enabled;
    uint8_t turn;
    pthread_t thread;  /* the thread that enabled the ring: no other may submit */
    bool more_to_send; /* a connection has more than one send takes */
    bool stalled;      /* the kernel took no operations the last time */
    unsigned lost;     /* completions for which the kernel had no memory */
    struct uring_events events;
    struct uring_buffers buffers;
    struct uring_doubts doubts;
    struct pinion_regions regions;
    struct pinion_slabs conns;
    struct pinion_chain finished; /* connections without operations, to be closed */
    struct pinion_chain resumed;  /* connections with held bytes to be delivered */
    struct pinion_list closing;   /* linked through base.link: listeners whose accept is being cancelled */
    int wake_fd;
    bool wake_armed;
    atomic_bool woken; /* wake_fd was written to since the last turn began */
    struct uring_sends sends;
};

static inline uint64_t pinion__uring_send_data(const struct uring_sends *sends)
{
    return (uint64_t)sends->batch << 32 | sends->count << URING_TAG_BITS | URING_SEND;
}

static inline struct uring_engine *pinion__uring_engine(const struct pinion_conn *conn)
{
    return (struct uring_engine *)conn->loop;
}

static inline uint64_t pinion__uring_tagged(const void *whom, enum uring_tag tag)
{
    return (uint64_t)(uintptr_t)whom | tag;
}

static inline void *pinion__uring_whom(uint64_t user_data)
{
    return (void *)(uintptr_t)(user_data & ~(uint64_t)((1 << URING_TAG_BITS) - 1));
}

static inline enum uring_tag pinion__uring_tag(uint64_t user_data)
{
    return (enum uring_tag)(user_data & ((1 << URING_TAG_BITS) - 1));
}

/* Memory whose pages all exist, so that its first use costs no page faults. It is not filled with zeros,
 * because the system would create such pages only when they are used. */
static inline void *pinion__uring_touched(size_t size)
{
    void *memory = malloc(size);

    return memory ? memset(memory, 0xff, size) : NULL;
}

/* uring_ring.c */

/* Make a ring with this many entries, not enabled yet. PINION_ENOMEM; PINION_EIO with a sentence. */
int pinion__uring_ring_init(struct uring_engine *engine, unsigned entries);
void pinion__uring_ring_release(struct uring_engine *engine);

/* Bind the ring to this thread for good. PINION_EIO with a sentence. */
int pinion__uring_ring_enable(struct uring_engine *engine);

/* Bind the ring to this thread while it runs the loop. */
int pinion__uring_ring_enter(struct uring_engine *engine);
void pinion__uring_ring_leave(struct uring_engine *engine);

/* A free submission entry. When the ring is full, it is submitted first. Only while settling. */
struct io_uring_sqe *pinion__uring_sqe_after_submit(struct uring_engine *engine);
static inline struct io_uring_sqe *pinion__uring_sqe(struct uring_engine *engine)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&engine->ring);

    return sqe ? sqe : pinion__uring_sqe_after_submit(engine);
}

/* Have the kernel cancel an operation. The kernel does not find one that it is just trying again: then the
 * cancel completes with -ENOENT, and must be repeated. */
void pinion__uring_cancel(struct uring_engine *engine, uint64_t user_data_of_target, uint64_t user_data);

/* Cancel an operation before this returns: everything it held is free. Returns false when it is not found.
 * Not while settling. */
bool pinion__uring_cancel_now(struct uring_engine *engine, uint64_t user_data_of_target);

/* Submit what is prepared. The sends among it are over when this returns. */
void pinion__uring_submit(struct uring_engine *engine);

/* The same, then wait for a completion for up to this many milliseconds (UINT64_MAX: no limit), and read all
 * completions. */
void pinion__uring_wait(struct uring_engine *engine, uint64_t milliseconds);

/* uring_send.c */

int pinion__uring_sends_init(struct uring_engine *engine);
void pinion__uring_sends_release(struct uring_engine *engine);

/* The kernel did not take all of a send. */
void pinion__uring_on_send(struct uring_sends *sends, uint64_t user_data, int32_t result);

/* Prepare one send of what waits on a connection. */
void pinion__uring_send(struct uring_engine *engine, struct uring_conn *conn);

/* The sends under way are over: drop the references to what the kernel took. Unless `certain`, a send without
 * a report may have failed. */
void pinion__uring_sends_over(struct uring_engine *engine, bool certain);

/* uring_buffers.c */

/* Make the buffers and give them to the kernel. PINION_ENOMEM, PINION_EIO. */
int pinion__uring_buffers_init(struct uring_engine *engine, const struct pinion_loop_options *options);
void pinion__uring_buffers_release(struct uring_engine *engine);

/* Give a buffer that the kernel has filled back to it. */
void pinion__uring_buffer_return(struct uring_buffers *buffers, unsigned id);

/* uring_held.c */

/* Hold back what a paused connection has received, behind what it holds already. May take the buffer over.
 * Returns false if there is no memory. */
bool pinion__uring_hold(struct uring_conn *conn, struct uring_filled *filled);

/* The oldest. It is the caller's until it lets it go. */
struct uring_held *pinion__uring_take_held(struct uring_conn *conn);
void pinion__uring_let_held_go(struct uring_engine *engine, struct uring_held *held);

void pinion__uring_drop_held(struct uring_conn *conn);

/* uring_recv.c */

/* True when the kernel receives and nothing else has to be done. This is so for almost every connection. */
static inline bool pinion__uring_just_reads(const struct uring_conn *conn)
{
    return conn->recv_armed && !conn->recv_cancelled && !conn->held && !conn->base.paused &&
           !conn->base.blocked && !conn->poll_in_vain && !conn->greedy;
}

/* Receive, watch, or stop, as the state of the connection requires. */
void pinion__uring_settle_reading(struct uring_engine *engine, struct uring_conn *conn);

/* Deliver what was held back during a pause. */
void pinion__uring_deliver_held(struct uring_conn *conn);

/* Cancel the operations of a connection that ends. */
void pinion__uring_stop_reading(struct uring_engine *engine, struct uring_conn *conn);

/* True when received bytes must be delivered in a later turn, because the connection has had its share of
 * this one. Once it is true, it stays true for the rest of the turn. */
bool pinion__uring_recv_waits(struct uring_conn *conn);

/* Receive by a system call of our own, as pinion_loop_ops.read says. */
size_t pinion__uring_read(struct pinion_conn *base, bool *more);

/* Stop the kernel's receive operation, and receive by a system call of our own: the connection is over, and
 * the kernel may not have reported it. */
void pinion__uring_read_by_hand(struct uring_conn *conn);

void pinion__uring_on_cancel(struct uring_conn *conn, const struct uring_event *event);
void pinion__uring_on_recv(struct uring_conn *conn, const struct uring_event *event);
void pinion__uring_on_poll(struct uring_conn *conn, const struct uring_event *event);

/* uring_doubt.c */

void pinion__uring_doubts_release(struct uring_engine *engine);

/* The connection has sent something, and the kernel reports that it goes on receiving: look at it in a while.
 * If there is no memory, the connection ends. */
void pinion__uring_doubt(struct uring_conn *conn);

/* The connection is over. Called before its descriptor is closed. */
void pinion__uring_doubt_not(struct uring_conn *conn);

/* Look at the connections whose time has come. Only in the delivery phase. */
void pinion__uring_doubts_look(struct uring_engine *engine);

/* The milliseconds until then, at most `wait`. */
uint64_t pinion__uring_doubts_wait(const struct uring_engine *engine, uint64_t wait);

/* uring_accept.c */

int pinion__uring_listen(struct pinion_loop *loop, int fd, struct pinion_listener **out);
void pinion__uring_listener_close(struct pinion_listener *base);

/* Accept, or stop, as the state of each listener requires. */
void pinion__uring_settle_listeners(struct uring_engine *engine);

/* The milliseconds until a paused listener must be settled again, at most `wait`. */
uint64_t pinion__uring_accept_wait(const struct uring_engine *engine, uint64_t wait);

void pinion__uring_on_accept(struct uring_listener *listener, const struct uring_event *event);
void pinion__uring_on_accept_cancel(struct uring_listener *listener, const struct uring_event *event);

/* loop_uring.c */

/* An operation of this connection is over: have the connection settled, or finished if it waited only for
 * this operation. */
void pinion__uring_look_again(struct uring_conn *conn);

/* uring_probe.c */

/* Why io_uring cannot be used on this machine, or NULL when it can. It is found out once; if descriptors or
 * memory were lacking, it is tried again. Thread: any. */
const char *pinion__uring_refusal(void);

#endif
