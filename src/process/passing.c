#include "process/passing.h"
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

ssize_t pinion__pass(int socket, const void *bytes, size_t len, int fd)
{
    union control control = { .bytes = { 0 } };
    struct iovec iov = { .iov_base = (void *)bytes, .iov_len = len };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof fd),
                                    .cmsg_level = SOL_SOCKET,
                                    .cmsg_type = SCM_RIGHTS };
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* There is room for one descriptor. The kernel closes further ones. */
ssize_t pinion__receive_passed(int socket, void *bytes, size_t size, int *fd)
{
    union control control;
    struct iovec iov = { .iov_base = bytes, .iov_len = size };
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    ssize_t len = recvmsg(socket, &message, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = len < 0 ? NULL : CMSG_FIRSTHDR(&message);
    *fd = -1;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof *fd))
        memcpy(fd, CMSG_DATA(header), sizeof *fd);
    return len;
}
