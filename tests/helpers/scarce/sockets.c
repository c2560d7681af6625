#include "scarce.h"
#include <poll.h>
#include <sys/socket.h>

int __real_socket(int family, int type, int protocol);
int __real_socketpair(int family, int type, int protocol, int ends[2]);
int __real_bind(int fd, const struct sockaddr *address, socklen_t len);
int __real_listen(int fd, int backlog);
int __real_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int __real_getpeername(int fd, struct sockaddr *address, socklen_t *len);
int __real_getsockname(int fd, struct sockaddr *address, socklen_t *len);
int __real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out);
ssize_t __real_recv(int fd, void *bytes, size_t len, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __real_send(int fd, const void *bytes, size_t len, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __real_sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to,
                      socklen_t to_len);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);

int __wrap_socket(int family, int type, int protocol);
int __wrap_socketpair(int family, int type, int protocol, int ends[2]);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_listen(int fd, int backlog);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int __wrap_getpeername(int fd, struct sockaddr *address, socklen_t *len);
int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *len);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out);
ssize_t __wrap_recv(int fd, void *bytes, size_t len, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to,
                      socklen_t to_len);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);

/* ---- making and asking ---- */

int __wrap_socket(int family, int type, int protocol)
{
    return scarce_errno(SCARCE_socket) ? -1 : __real_socket(family, type, protocol);
}

int __wrap_socketpair(int family, int type, int protocol, int ends[2])
{
    return scarce_errno(SCARCE_socketpair) ? -1 : __real_socketpair(family, type, protocol, ends);
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len)
{
    return scarce_errno(SCARCE_bind) ? -1 : __real_bind(fd, address, len);
}

int __wrap_listen(int fd, int backlog)
{
    return scarce_errno(SCARCE_listen) ? -1 : __real_listen(fd, backlog);
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    return scarce_errno(SCARCE_accept4) ? -1 : __real_accept4(fd, address, len, flags);
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    return scarce_errno(SCARCE_setsockopt) ? -1 : __real_setsockopt(fd, level, name, value, len);
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    return scarce_errno(SCARCE_getsockopt) ? -1 : __real_getsockopt(fd, level, name, value, len);
}

int __wrap_getpeername(int fd, struct sockaddr *address, socklen_t *len)
{
    return scarce_errno(SCARCE_getpeername) ? -1 : __real_getpeername(fd, address, len);
}

int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *len)
{
    return scarce_errno(SCARCE_getsockname) ? -1 : __real_getsockname(fd, address, len);
}

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out)
{
    int error = scarce(SCARCE_getaddrinfo);
    return error ? error : __real_getaddrinfo(node, service, hints, out);
}

/* ---- moving bytes: what keeps messages apart is never short ---- */

static bool is_stream(int fd)
{
    int type = 0;
    socklen_t len = sizeof type;
    return __real_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* How much may be moved; 0: it fails, with errno. */
static size_t moved(enum scarce_kind kind, int fd, size_t len)
{
    int error = scarce(kind);
    if (error == SHORT && is_stream(fd))
        return 1;
    if (!error)
        return len;
    errno = error == SHORT ? EINTR : error;
    return 0;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t len, int flags)
{
    size_t most = moved(SCARCE_recv, fd, len);
    return most ? __real_recv(fd, bytes, most, flags) : -1;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
    return scarce_errno(SCARCE_recvmsg) ? -1 : __real_recvmsg(fd, message, flags);
}

ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags)
{
    size_t most = moved(SCARCE_send, fd, len);
    return most ? __real_send(fd, bytes, most, flags) : -1;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return scarce_errno(SCARCE_sendmsg) ? -1 : __real_sendmsg(fd, message, flags);
}

ssize_t __wrap_sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to,
                      socklen_t to_len)
{
    return scarce_errno(SCARCE_sendto) ? -1 : __real_sendto(fd, bytes, len, flags, to, to_len);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    return scarce_errno(SCARCE_poll) ? -1 : __real_poll(fds, count, timeout);
}
