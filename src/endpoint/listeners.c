#include "endpoint/listeners.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* One socket of one loop: a descriptor until the loop accepts on it, then a listener. */
struct pinion_listening {
    int fd; /* -1: none */
    struct pinion_listener *listener;
};

static int add(struct pinion_server_loop *loop, int fd)
{
    struct pinion_listening *array =
        realloc(loop->listening, (loop->listening_count + 1) * sizeof *loop->listening);
    if (!array) {
        close(fd);
        return PINION_ENOMEM;
    }
    loop->listening = array;
    array[loop->listening_count++] = (struct pinion_listening){ .fd = fd };
    return 0;
}

static int add_copy(struct pinion_server_loop *loop, int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? PINION_EIO : add(loop, copy);
}

int pinion__listeners_spread(struct pinion_server *server, const int *fds, unsigned count)
{
    int rc = count > 0 ? 0 : PINION_EINVAL;
    for (unsigned i = 0; i < count; i++) {
        if (rc)
            close(fds[i]);
        else
            rc = add(&server->loops[i % server->loop_count], fds[i]);
    }
    for (unsigned i = count; !rc && i < server->loop_count; i++)
        rc = add_copy(&server->loops[i], fds[i % count]);
    for (unsigned i = 0; i < server->loop_count && rc; i++)
        pinion__listeners_close(&server->loops[i]);
    return rc;
}

int pinion__listeners_open(struct pinion_server_loop *loop, struct pinion_loop *io)
{
    int rc = 0;
    for (unsigned i = 0; i < loop->listening_count && !rc; i++) {
        rc = pinion__loop_listen(io, loop->listening[i].fd, &loop->listening[i].listener);
        loop->listening[i].fd = -1;
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
