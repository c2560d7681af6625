#include "process/bind.h"
#include "base/log.h"
#include "process/address.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 1000
#define NAP_MS      5

/* Keeps errno. */
static void close_all(const int *fds, unsigned count)
{
    int error = errno;
    while (count--)
        close(fds[count]);
    errno = error;
}

static int open_socket(const struct pinion_address *address, bool shared)
{
    int on = 1, off = 0;
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* connections inherit it */
    if (address->storage.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if ((shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) ||
        bind(fd, (const struct sockaddr *)&address->storage, address->len) != 0 ||
        listen(fd, SOMAXCONN) != 0) {
        close_all(&fd, 1);
        return -1;
    }
    return fd;
}

static int fail_listen(const char *host, uint16_t port)
{
    const char *where = host ? host : "all addresses";
    switch (errno) {
    case EADDRINUSE:
        return pinion__fail(PINION_EADDRINUSE,
                            "cannot listen on %s, port %u: another program has it; stop that program "
                            "(ss -ltnp shows it), or choose another port",
                            where, port);
    case EACCES:
        return pinion__fail(PINION_EACCES,
                            "cannot listen on %s, port %u: permission denied; ports below 1024 need the "
                            "capability CAP_NET_BIND_SERVICE, or choose a higher one",
                            where, port);
    case EADDRNOTAVAIL:
        return pinion__fail(PINION_EINVAL, "cannot listen on %s: this machine has no such address", where);
    default:
        return pinion__fail_system(errno, "cannot listen on %s, port %u", where, port);
    }
}

/* Returns -1 and sets errno if the kernel does not say. */
static int get_port(int fd, uint16_t *port)
{
    struct pinion_address address;
    *port = 0;
    if (pinion__address_of(fd, &address) != 0)
        return -1;
    *port = pinion__address_port(&address);
    return 0;
}

int pinion__bound_port(const int *fds, unsigned count, uint16_t *port)
{
    *port = 0;
    for (unsigned i = 0; i < count && *port == 0; i++) {
        if (get_port(fds[i], port) != 0)
            return pinion__fail_system(errno, "cannot ask for the port of a socket");
    }
    return 0;
}

/* Several sockets on one port need SO_REUSEPORT, which would also share a port with another server of the
 * same user that uses it. So a socket without it is tried first: it fails if somebody has the port. */
static int open_all(struct pinion_address *address, int *fds, unsigned count)
{
    int probe = open_socket(address, false);
    if (probe < 0)
        return -1;
    if (count == 1) {
        fds[0] = probe;
        return 0;
    }
    uint16_t port;
    int rc = get_port(probe, &port);
    close_all(&probe, 1);
    if (rc)
        return -1;
    pinion__address_set_port(address, port);
    for (unsigned i = 0; i < count; i++) {
        fds[i] = open_socket(address, true);
        if (fds[i] < 0) {
            close_all(fds, i);
            return -1;
        }
    }
    return 0;
}

/* The process that had the port may be dead already. The kernel ends the io_uring of a killed process some
 * time later, and its sockets live until then (measured: 12 ms without connections, 100 ms with 9,000).
 * Nothing reports when that is done. */
static int open_patiently(struct pinion_address *address, int *fds, unsigned count)
{
    int rc = open_all(address, fds, count);
    for (int waited = 0; rc != 0 && errno == EADDRINUSE && waited < PATIENCE_MS; waited += NAP_MS) {
        nanosleep(&(struct timespec){ .tv_nsec = NAP_MS * 1000000L }, NULL);
        rc = open_all(address, fds, count);
    }
    return rc;
}

int pinion__bind(const char *host, uint16_t port, int *fds, unsigned count, uint16_t *bound)
{
    struct pinion_address addresses[PINION_ADDRESSES]; /* the first one is used */
    unsigned found;
    int rc = 0;
    if (host)
        rc = pinion__address_resolve(host, addresses, &found);
    else
        pinion__address_any(&addresses[0]);
    if (rc)
        return rc;
    pinion__address_set_port(&addresses[0], port);
    if (open_patiently(&addresses[0], fds, count) != 0)
        return fail_listen(host, port);
    if (get_port(fds[0], bound) != 0) {
        close_all(fds, count);
        return fail_listen(host, port);
    }
    return 0;
}
