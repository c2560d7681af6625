#include "endpoint/listeners.h"
#include "base/log.h"
#include "endpoint/inherit.h"
#include "endpoint/listen.h"
#include "endpoint/notify.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* One socket of one loop: a descriptor until the loop accepts on it, then a listener. */
struct pinion_listening {
    int fd; /* -1: none */
    struct pinion_listener *listener;
    struct pinion_stream_listener *streams; /* NULL: HTTP */
};

static int add(struct pinion_server_loop *loop, struct pinion_stream_listener *streams, int fd)
{
    struct pinion_listening *array =
        realloc(loop->listening, (loop->listening_count + 1) * sizeof *loop->listening);
    if (!array) {
        close(fd);
        return PINION_ENOMEM;
    }
    loop->listening = array;
    array[loop->listening_count++] = (struct pinion_listening){ .fd = fd, .streams = streams };
    return 0;
}

static int add_copy(struct pinion_server_loop *loop, struct pinion_stream_listener *streams, int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? PINION_EIO : add(loop, streams, copy);
}

static void close_all(struct pinion_server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++)
        pinion__listeners_close(&server->loops[i]);
}

int pinion__listeners_spread(struct pinion_server *server, struct pinion_stream_listener *streams,
                             const int *fds, unsigned count)
{
    int rc = count > 0 ? 0 : PINION_EINVAL;
    for (unsigned i = 0; i < count; i++) {
        if (rc)
            close(fds[i]);
        else
            rc = add(&server->loops[i % server->loop_count], streams, fds[i]);
    }
    for (unsigned i = count; !rc && i < server->loop_count; i++)
        rc = add_copy(&server->loops[i], streams, fds[i % count]);
    if (rc)
        close_all(server);
    return rc;
}

/* A port of ours that the supervisor does not hold: one process of ours at a time can have it, so what this
 * one follows has to be gone. */
static int claim_port(const char *host, uint16_t port)
{
    char what[PINION_CLAIM_MAX];
    if (port == 0)
        return 0;
    snprintf(what, sizeof what, "port %u of %s", port, host ? host : "all addresses");
    return pinion__notify_claim(what);
}

/* Sockets that were passed to the process come before any of our own. */
static int open_sockets(unsigned loops, const char *host, uint16_t port, int *fds, unsigned *count,
                        uint16_t *bound)
{
    int rc = pinion__inherit_take(host, port, fds, count);
    if (rc)
        return rc;
    if (*count) {
        pinion__log(PINION_LOG_INFO, "listening sockets that were passed to this process: %u", *count);
        *bound = pinion__listen_port(fds, *count);
        return 0;
    }
    *count = loops;
    rc = claim_port(host, port);
    return rc ? rc : pinion__listen(host, port, fds, *count, bound);
}

int pinion__listeners_add(struct pinion_server *server, struct pinion_stream_listener *streams,
                          const char *host, uint16_t port, uint16_t *bound)
{
    int fds[PINION_INHERITED_MAX];
    unsigned count = 0;
    int rc = open_sockets(server->loop_count, host, port, fds, &count, bound);
    if (!rc)
        return pinion__listeners_spread(server, streams, fds, count);
    close_all(server);
    return rc;
}

int pinion__listeners_open(struct pinion_server_loop *loop, struct pinion_loop *io)
{
    int rc = 0;
    for (unsigned i = 0; i < loop->listening_count && !rc; i++) {
        struct pinion_listening *listening = &loop->listening[i];
        rc = pinion__loop_listen(io, listening->fd, listening->streams, &listening->listener);
        listening->fd = -1;
    }
    if (rc)
        pinion__listeners_close(loop);
    return rc;
}

void pinion__listeners_close(struct pinion_server_loop *loop)
{
    for (unsigned i = 0; i < loop->listening_count; i++) {
        if (loop->listening[i].listener)
            pinion__listener_close(loop->listening[i].listener);
        else if (loop->listening[i].fd >= 0)
            close(loop->listening[i].fd);
    }
    free(loop->listening);
    loop->listening = NULL;
    loop->listening_count = 0;
}
