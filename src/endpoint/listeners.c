#include "endpoint/listeners.h"
#include "base/log.h"
#include "process/bind.h"
#include "process/inherit.h"
#include "process/notify.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* One listening socket of one loop. It is a descriptor until the loop accepts on it; then it is a listener.
 */
struct pinion_listening {
    int fd;         /* -1 once the loop accepts on it */
    bool inherited; /* it was passed to the process */
    struct pinion_listener *listener;
    struct pinion_stream_listener *streams; /* what its connections are for; NULL: HTTP */
};

static int add(struct pinion_endpoint_loop *loop, struct pinion_listening listening)
{
    struct pinion_listening *array =
        realloc(loop->listening, (loop->listening_count + 1) * sizeof *loop->listening);
    if (!array)
        return PINION_ENOMEM;
    loop->listening = array;
    array[loop->listening_count++] = listening;
    return 0;
}

static int add_copy(struct pinion_endpoint_loop *loop, struct pinion_stream_listener *streams, int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return pinion__fail_system(errno, "loops cannot share a listening socket");
    int rc = add(loop, (struct pinion_listening){ .fd = copy, .streams = streams });
    if (rc)
        close(copy);
    return rc;
}

/* Give the socket back if it was passed to the process; else close it. */
static void let_go(int fd, bool inherited)
{
    if (fd >= 0 && !(inherited && pinion__inherit_give_back(fd)))
        close(fd);
}

int pinion__listeners_spread(struct pinion_endpoint *endpoint, struct pinion_stream_listener *streams,
                             const int *fds, unsigned count, bool inherited)
{
    int rc = count > 0 ? 0 : PINION_EINVAL;
    for (unsigned i = 0; i < count; i++) {
        struct pinion_listening listening = { .fd = fds[i], .inherited = inherited, .streams = streams };
        if (!rc)
            rc = add(&endpoint->loops[i % endpoint->loop_count], listening);
        if (rc)
            let_go(fds[i], inherited);
    }
    for (unsigned i = count; !rc && i < endpoint->loop_count; i++)
        rc = add_copy(&endpoint->loops[i], streams, fds[i % count]);
    if (rc)
        pinion__listeners_undo(endpoint);
    return rc;
}

/* The supervisor does not hold this port, so only one of its processes can have it at a time: wait until the
 * process before this one is gone. */
static int claim_port(const struct pinion_endpoint *endpoint, const char *host, uint16_t port)
{
    char what[PINION_CLAIM_MAX];
    if (port == 0)
        return 0;
    snprintf(what, sizeof what, "port %u of %s", port, host ? host : "all addresses");
    return pinion__notify_claim(what, &endpoint->stop_requested);
}

/* Take the sockets that were passed to the process. If none fits, open new ones. */
static int open_sockets(struct pinion_endpoint *endpoint, const char *host, uint16_t port, int *fds,
                        unsigned *count, uint16_t *bound, bool *inherited)
{
    int rc = pinion__inherit_take(host, port, fds, count);
    if (rc)
        return rc;
    if (*count) {
        pinion__log(PINION_LOG_INFO, "listening sockets that were passed to this process: %u", *count);
        *inherited = true;
        pinion__sibling_shares(endpoint, fds[0]);
        rc = pinion__bound_port(fds, *count, bound);
        for (unsigned i = 0; rc && i < *count; i++)
            let_go(fds[i], true);
        return rc;
    }
    *count = endpoint->loop_count;
    rc = claim_port(endpoint, host, port);
    return rc ? rc : pinion__bind(host, port, fds, *count, bound);
}

int pinion__listeners_add(struct pinion_endpoint *endpoint, struct pinion_stream_listener *streams,
                          const char *host, uint16_t port, uint16_t *bound)
{
    int fds[PINION_INHERITED_MAX];
    unsigned count = 0;
    bool inherited = false;
    int rc = open_sockets(endpoint, host, port, fds, &count, bound, &inherited);
    if (!rc)
        return pinion__listeners_spread(endpoint, streams, fds, count, inherited);
    pinion__listeners_undo(endpoint);
    return rc;
}

int pinion__listeners_open(struct pinion_endpoint_loop *loop, struct pinion_loop *io)
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

void pinion__listeners_close(struct pinion_endpoint_loop *loop)
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

void pinion__listeners_give_up(struct pinion_endpoint_loop *loop)
{
    if (loop->listening_count > 0 && loop->listening[0].listener)
        pinion__listeners_close(loop);
}

static void let_go_of_waiting(struct pinion_endpoint_loop *loop)
{
    for (unsigned i = 0; i < loop->listening_count; i++) {
        struct pinion_listening *listening = &loop->listening[i];
        let_go(listening->fd, listening->inherited);
        listening->fd = -1;
    }
}

void pinion__listeners_undo(struct pinion_endpoint *endpoint)
{
    for (unsigned i = 0; i < endpoint->loop_count; i++) {
        let_go_of_waiting(&endpoint->loops[i]);
        pinion__listeners_close(&endpoint->loops[i]);
    }
}

bool pinion__listeners_any(const struct pinion_endpoint *endpoint)
{
    return endpoint->loops[0].listening_count > 0;
}
