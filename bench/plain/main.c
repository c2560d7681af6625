/* The yardstick that works in the usual way: epoll, and a send() for each frame and subscriber. */
#include "die.h"
#include "yardstick.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS       512
#define ACCEPT_BATCH 64

struct connection {
    struct peer peer; /* first, so that a pointer to one is a pointer to the other */
    struct connection *next;
    struct connection *previous;
    int fd;
    bool blocked; /* the kernel took no more; the rest is in `out` */
    struct outbuf out;
};

static int epoll_fd;
static int listen_fd;
static struct connection connections = { .next = &connections, .previous = &connections };
static volatile sig_atomic_t stopped;
static uint8_t received[64 * 1024];

static struct connection *of(struct peer *peer)
{
    return (struct connection *)peer;
}

static void watch(struct connection *connection, int operation, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = connection };
    if (epoll_ctl(epoll_fd, operation, connection ? connection->fd : listen_fd, &event) < 0)
        die("epoll_ctl: %s", strerror(errno));
}

/* ---- sending ---- */

/* Returns how many bytes the kernel took. If the peer is gone, all count as taken: an event tells of its end.
 */
static size_t try_send(const struct connection *connection, const uint8_t *bytes, size_t len)
{
    ssize_t sent = send(connection->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN ? 0 : len;
    return (size_t)sent;
}

void server_send(struct peer *peer, const void *bytes, size_t len)
{
    struct connection *connection = of(peer);
    size_t sent = connection->blocked ? 0 : try_send(connection, bytes, len);
    if (sent == len)
        return;
    outbuf_append(&connection->out, (const uint8_t *)bytes + sent, len - sent);
    if (!connection->blocked)
        watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    connection->blocked = true;
}

void server_publish(struct topic *topic, const void *bytes, size_t len)
{
    for (uint32_t i = 0; i < topic->count; i++)
        server_send(topic->subscribers[i], bytes, len);
}

void server_close(struct peer *peer)
{
    /* on_event() looks at peer->closing. */
}

static void on_writable(struct connection *connection)
{
    const uint8_t *bytes;
    size_t len;
    while (outbuf_next(&connection->out, &bytes, &len)) {
        size_t sent = try_send(connection, bytes, len);
        outbuf_sent(&connection->out, sent);
        if (sent < len)
            return;
    }
    connection->blocked = false;
    watch(connection, EPOLL_CTL_MOD, EPOLLIN);
}

/* ---- connections ---- */

static void accept_some(void)
{
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && errno == EAGAIN)
            return;
        if (fd < 0)
            die("accept: %s", strerror(errno));
        struct connection *connection = must_calloc(1, sizeof *connection);
        connection->fd = fd;
        connection->next = connections.next;
        connection->previous = &connections;
        connections.next->previous = connection;
        connections.next = connection;
        watch(connection, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void end(struct connection *connection)
{
    yardstick_gone(&connection->peer);
    connection->next->previous = connection->previous;
    connection->previous->next = connection->next;
    outbuf_release(&connection->out);
    close(connection->fd);
    free(connection);
}

static void on_event(struct connection *connection, uint32_t events)
{
    if (events & EPOLLOUT)
        on_writable(connection);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        ssize_t len = recv(connection->fd, received, sizeof received, 0);
        if (len == 0 || (len < 0 && errno != EAGAIN)) {
            end(connection);
            return;
        }
        if (len > 0)
            yardstick_received(&connection->peer, received, (size_t)len);
    }
    if (connection->peer.closing && !connection->blocked)
        end(connection);
}

/* ---- the program ---- */

static void on_signal(int number)
{
    stopped = 1;
}

static void stop_on(int signal_number)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(signal_number, &action, NULL);
}

static void serve(void)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll_fd, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr)
            on_event(events[i].data.ptr, events[i].events);
        else
            accept_some();
    }
}

int main(int argc, char **argv)
{
    stop_on(SIGTERM);
    stop_on(SIGINT);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listen_fd = yardstick_listen(argc, argv);
    fcntl(listen_fd, F_SETFL, O_NONBLOCK);
    watch(NULL, EPOLL_CTL_ADD, EPOLLIN);
    while (!stopped)
        serve();
    while (connections.next != &connections)
        end(connections.next);
    return 0;
}
