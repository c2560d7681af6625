/* The yardstick with the least cost: one io_uring, provided buffers to receive into, and all sends of a turn
 * in one submit.
 *
 * A send is tried at once (MSG_DONTWAIT) and as a whole (MSG_WAITALL). If all is sent, there is no completion
 * (IOSQE_CQE_SKIP_SUCCESS), and the send is over when the submit returns. Else its completion says what the
 * kernel took; the rest goes into the connection's backlog, which is sent with a usual send that waits. So a
 * connection can have only one such send in a submit: if the first is cut short, the bytes of a second would
 * be in the wrong place. */
#include "die.h"
#include "ring.h"
#include "yardstick.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DESCRIPTORS (1 << 17)
#define ARENA_SIZE  (8u * 1024 * 1024)

/* Sends in a submit. With few, the call costs; with many, the kernel's memory for them does not stay in the
 * caches. 256 was the cheapest of 32 to 4096 (10,000 subscribers). */
#define SENDS_AT_ONCE 256

enum kind { DONE, ACCEPT, RECEIVED, SHORT, BACKLOG };

#define KIND_BITS 3

struct connection {
    struct peer peer; /* first, so that a pointer to one is a pointer to the other */
    struct connection *next_ending;
    int fd;
    uint32_t submit; /* the last submit with a send of this connection */
    bool backlogged; /* a usual send is under way */
    bool receiving;
    bool ending; /* it is on the list of those that end */
    struct outbuf backlog;
};

static struct ring ring;
static int listen_fd;
static struct connection *connections[DESCRIPTORS]; /* by descriptor */
static uint32_t submits = 1;
static struct connection *ending;
static struct topic **dirty;
static size_t dirty_count, dirty_capacity;
static uint8_t arena[ARENA_SIZE]; /* bytes for single peers in this submit */
static size_t arena_len;
static struct io_uring_sqe *last_send;
static volatile sig_atomic_t stopped;

static struct connection *of(struct peer *peer)
{
    return (struct connection *)peer;
}

static uint64_t tag(enum kind kind, uint64_t value)
{
    return value << KIND_BITS | kind;
}

/* ---- sending ---- */

/* Requires room for an entry. */
static void send_backlog(struct connection *connection)
{
    const uint8_t *bytes;
    size_t len;
    connection->backlogged = outbuf_next(&connection->backlog, &bytes, &len);
    if (!connection->backlogged)
        return;
    struct io_uring_sqe *sqe = ring_sqe(&ring);
    io_uring_prep_send(sqe, connection->fd, bytes, len, MSG_NOSIGNAL | MSG_WAITALL);
    sqe->user_data = tag(BACKLOG, (uint64_t)connection->fd);
}

/* A send was cut short. Its entry is still there, since no entry has been filled in since the submit. */
static void on_short(uint64_t entry, int result)
{
    const struct io_uring_sqe *sqe = &ring.uring.sq.sqes[entry];
    struct connection *connection = connections[sqe->fd];
    if (result < 0 && result != -EAGAIN)
        return; /* the peer is gone; a receive tells */
    size_t sent = result > 0 ? (size_t)result : 0;
    outbuf_append(&connection->backlog, (const uint8_t *)(uintptr_t)sqe->addr + sent, sqe->len - sent);
}

/* After each submit look through all completions for sends that were cut short, before anything else. */
static void settle(void)
{
    static int cut[DESCRIPTORS];
    size_t cut_count = 0;
    struct io_uring_cqe *cqe;
    unsigned head;
    if (io_uring_cq_has_overflow(&ring.uring))
        die("more completions than there is room for");
    io_uring_for_each_cqe(&ring.uring, head, cqe)
    {
        if ((cqe->user_data & ((1 << KIND_BITS) - 1)) != SHORT)
            continue;
        uint64_t entry = cqe->user_data >> KIND_BITS;
        on_short(entry, cqe->res);
        cut[cut_count++] = ring.uring.sq.sqes[entry].fd;
        cqe->user_data = DONE;
    }
    submits++;
    arena_len = 0;
    last_send = NULL;
    for (size_t i = 0; i < cut_count; i++)
        send_backlog(connections[cut[i]]);
}

static void submit_now(void)
{
    io_uring_submit(&ring.uring);
    settle();
}

/* Submit, and settle all sends. After this all entries may be filled in again. */
static void make_room(void)
{
    if (io_uring_sq_space_left(&ring.uring) == 0)
        submit_now();
}

/* A connection has at most one immediate send in a submit. */
static void make_ready(const struct connection *connection)
{
    if (connection->submit == submits)
        submit_now();
    make_room();
}

static void queue_send(struct connection *connection, const uint8_t *bytes, size_t len)
{
    if (connection->backlogged) {
        outbuf_append(&connection->backlog, bytes, len);
        return;
    }
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring.uring);
    io_uring_prep_send(sqe, connection->fd, bytes, len, MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    sqe->user_data = tag(SHORT, (uint64_t)(sqe - ring.uring.sq.sqes));
    connection->submit = submits;
    last_send = sqe;
}

void server_send(struct peer *peer, const void *bytes, size_t len)
{
    struct connection *connection = of(peer);
    if (arena_len + len > ARENA_SIZE)
        submit_now();
    /* Answers to messages that came together leave together. */
    bool more_of_last = last_send && last_send->fd == connection->fd &&
                        last_send->addr + last_send->len == (uintptr_t)(arena + arena_len);
    if (!more_of_last)
        make_ready(connection);
    uint8_t *copy = memcpy(arena + arena_len, bytes, len);
    arena_len += len;
    if (more_of_last)
        last_send->len += (uint32_t)len;
    else
        queue_send(connection, copy, len);
}

/* ---- publishing ---- */

void server_publish(struct topic *topic, const void *bytes, size_t len)
{
    struct outbuf_part *pending = &topic->pending;
    if (pending->cap < pending->len + len) {
        pending->cap = 2 * (pending->len + len);
        pending->bytes = must_realloc(pending->bytes, pending->cap);
    }
    memcpy(pending->bytes + pending->len, bytes, len);
    pending->len += len;
    if (topic->dirty)
        return;
    if (dirty_count == dirty_capacity) {
        dirty_capacity = dirty_capacity ? 2 * dirty_capacity : 64;
        dirty = must_realloc(dirty, dirty_capacity * sizeof(struct topic *));
    }
    topic->dirty = true;
    dirty[dirty_count++] = topic;
}

/* Each subscriber gets all of the turn's broadcasts in one send, from the same memory. */
static void send_dirty(void)
{
    for (size_t i = 0; i < dirty_count; i++) {
        const struct topic *topic = dirty[i];
        for (uint32_t k = 0; k < topic->count; k++) {
            make_ready(of(topic->subscribers[k]));
            queue_send(of(topic->subscribers[k]), topic->pending.bytes, topic->pending.len);
        }
    }
}

static void clean_dirty(void)
{
    for (size_t i = 0; i < dirty_count; i++) {
        dirty[i]->pending.len = 0;
        dirty[i]->dirty = false;
    }
    dirty_count = 0;
}

/* ---- connections ---- */

static void await_connections(void)
{
    make_room();
    struct io_uring_sqe *sqe = ring_sqe(&ring);
    io_uring_prep_multishot_accept(sqe, listen_fd, NULL, NULL, SOCK_CLOEXEC);
    sqe->user_data = ACCEPT;
}

static void receive(struct connection *connection)
{
    make_room();
    ring_recv(&ring, connection->fd, tag(RECEIVED, (uint64_t)connection->fd));
}

static void on_accepted(const struct io_uring_cqe *cqe)
{
    if (cqe->res < 0)
        die("accept: %s", strerror(-cqe->res));
    if (cqe->res >= DESCRIPTORS)
        die("more than %d connections", DESCRIPTORS);
    struct connection *connection = must_calloc(1, sizeof *connection);
    connection->fd = cqe->res;
    connection->receiving = true;
    connections[connection->fd] = connection;
    receive(connection);
    if (!(cqe->flags & IORING_CQE_F_MORE))
        await_connections();
}

/* End the connections at the end of the turn, when no entry with their descriptors waits to be submitted. */
static void end_later(struct connection *connection)
{
    if (connection->ending)
        return;
    connection->ending = true;
    connection->next_ending = ending;
    ending = connection;
}

void server_close(struct peer *peer)
{
    end_later(of(peer));
}

static void free_connection(struct connection *connection)
{
    connections[connection->fd] = NULL;
    outbuf_release(&connection->backlog);
    close(connection->fd);
    free(connection);
}

/* The descriptor is closed when the last operation on it has completed. */
static void end_those(void)
{
    struct connection *connection;
    while ((connection = ending)) {
        ending = connection->next_ending;
        connection->ending = false;
        yardstick_gone(&connection->peer);
        if (connection->backlogged)
            continue; /* until its backlog is sent, or fails */
        if (connection->receiving)
            shutdown(connection->fd, SHUT_RDWR);
        else
            free_connection(connection);
    }
}

static void on_received(const struct io_uring_cqe *cqe)
{
    struct connection *connection = connections[cqe->user_data >> KIND_BITS];
    if (cqe->res > 0) {
        yardstick_received(&connection->peer, ring_buffer(&ring, cqe), (size_t)cqe->res);
        ring_recycle(&ring, cqe);
    }
    if (cqe->flags & IORING_CQE_F_MORE)
        return;
    connection->receiving = cqe->res > 0 || cqe->res == -ENOBUFS;
    if (connection->receiving)
        receive(connection);
    else
        end_later(connection);
}

static void on_backlog_sent(const struct io_uring_cqe *cqe)
{
    struct connection *connection = connections[cqe->user_data >> KIND_BITS];
    if (cqe->res > 0) {
        outbuf_sent(&connection->backlog, (size_t)cqe->res);
        make_room();
        send_backlog(connection);
    } else {
        connection->backlogged = false;
    }
    if (!connection->backlogged && (connection->peer.closing || !connection->receiving))
        end_later(connection);
}

/* ---- the program ---- */

static void handle(const struct io_uring_cqe *cqe)
{
    switch ((enum kind)(cqe->user_data & ((1 << KIND_BITS) - 1))) {
    case ACCEPT:
        on_accepted(cqe);
        break;
    case RECEIVED:
        on_received(cqe);
        break;
    case BACKLOG:
        on_backlog_sent(cqe);
        break;
    case SHORT:
    case DONE:
        break;
    }
}

static void turn(void)
{
    send_dirty();
    io_uring_submit_and_wait(&ring.uring, ending ? 0 : 1);
    settle();
    clean_dirty();
    end_those();
    for (unsigned count = ring_ready(&ring); count > 0; count--) {
        struct io_uring_cqe cqe;
        ring_take(&ring, &cqe);
        handle(&cqe);
    }
}

static void on_signal(int number)
{
    stopped = 1;
}

static void stop_on(int signal_number)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(signal_number, &action, NULL);
}

int main(int argc, char **argv)
{
    stop_on(SIGTERM);
    stop_on(SIGINT);
    struct ring_options options = {
        .sqes = SENDS_AT_ONCE, .cqes = 65536, .buffer_size = 4096, .buffer_count = 1024
    };
    int rc = ring_open(&ring, &options);
    if (rc)
        die("no io_uring here: %s", strerror(-rc));
    memset(arena, 0, sizeof arena); /* touch it now, so that it does not count for a connection */
    listen_fd = yardstick_listen(argc, argv);
    await_connections();
    while (!stopped)
        turn();
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        if (connections[fd])
            free_connection(connections[fd]);
    }
    ring_close(&ring);
    return 0;
}
