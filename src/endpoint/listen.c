#include "endpoint/listen.h"
#include "base/log.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct address {
    struct sockaddr_storage storage;
    socklen_t len;
};

static bool have_ipv6(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    bool works = fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0;
    if (fd >= 0)
        close(fd);
    return works;
}

static void any_address(struct address *address)
{
    memset(address, 0, sizeof *address);
    if (have_ipv6()) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->storage;
        in6->sin6_family = AF_INET6;
        in6->sin6_addr = in6addr_any;
        address->len = sizeof *in6;
    } else {
        struct sockaddr_in *in = (struct sockaddr_in *)&address->storage;
        in->sin_family = AF_INET;
        in->sin_addr.s_addr = htonl(INADDR_ANY);
        address->len = sizeof *in;
    }
}

static int resolve(const char *host, struct address *address)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &found);
    if (rc != 0)
        return pinion__fail(PINION_EINVAL, "cannot listen on \"%s\": %s", host, gai_strerror(rc));
    memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
    address->len = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

/* The port is at the same place for both families. */
static void set_port(struct address *address, uint16_t port)
{
    ((struct sockaddr_in *)&address->storage)->sin_port = htons(port);
}

static int open_socket(const struct address *address, bool shared)
{
    int on = 1, off = 0;
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->storage.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if ((shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) ||
        bind(fd, (const struct sockaddr *)&address->storage, address->len) != 0 ||
        listen(fd, SOMAXCONN) != 0) {
        int error = errno;
        close(fd);
        errno = error;
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
                            "cannot listen on %s, port %u: another program has it; stop that one "
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
        return pinion__fail(PINION_EIO, "cannot listen on %s, port %u: %s", where, port, strerror(errno));
    }
}

static uint16_t port_of(int fd)
{
    struct address address = { .len = sizeof address.storage };
    if (getsockname(fd, (struct sockaddr *)&address.storage, &address.len) != 0)
        return 0;
    return ntohs(((struct sockaddr_in *)&address.storage)->sin_port);
}

/* Several sockets on one port need SO_REUSEPORT, which would also join a port that another server of the same
 * user listens on in the same way. A socket without it, first, finds that out. */
static int open_all(struct address *address, int *fds, unsigned count)
{
    int probe = open_socket(address, false);
    if (probe < 0)
        return -1;
    if (count == 1) {
        fds[0] = probe;
        return 0;
    }
    set_port(address, port_of(probe));
    close(probe);
    for (unsigned i = 0; i < count; i++) {
        fds[i] = open_socket(address, true);
        if (fds[i] < 0) {
            int error = errno;
            while (i--)
                close(fds[i]);
            errno = error;
            return -1;
        }
    }
    return 0;
}

int pinion__listen(const char *host, uint16_t port, int *fds, unsigned count, uint16_t *bound)
{
    struct address address = { .len = 0 };
    int rc = 0;
    if (host)
        rc = resolve(host, &address);
    else
        any_address(&address);
    if (rc)
        return rc;
    set_port(&address, port);
    if (open_all(&address, fds, count) != 0)
        return fail_listen(host, port);
    *bound = port_of(fds[0]);
    return 0;
}
