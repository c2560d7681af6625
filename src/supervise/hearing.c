#include "supervise/hearing.h"
#include "base/log.h"
#include "process/passing.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- receiving ---- */

static pid_t sender_of(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
            return ((const struct ucred *)(const void *)CMSG_DATA(c))->pid;
    }
    return 0;
}

/* Receive a message, as recvmsg. *sender is 0 if it is not known, or if the message was too long. There is no
 * room for descriptors that come with it, so the kernel closes them. */
// NOLINTNEXTLINE(readability-non-const-parameter): recvmsg() writes the text
static ssize_t receive(int fd, char *text, pid_t *sender)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec iov = { .iov_base = text, .iov_len = PINION_MESSAGE_MAX };
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    ssize_t len = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    *sender = len < 0 || (message.msg_flags & MSG_TRUNC) ? 0 : sender_of(&message);
    return len;
}

/* True if there is no message, or no memory to receive one; it then stays in the socket. */
static bool nothing_there(void)
{
    return errno == EAGAIN || errno == EINTR || errno == ENOMEM || errno == ENOBUFS;
}

static void close_passed(int *passed)
{
    if (*passed >= 0)
        close(*passed);
    *passed = -1;
}

/* A message that did not fit is left out. */
ssize_t pinion__hear_channel(int fd, char text[PINION_MESSAGE_MAX], int *passed)
{
    ssize_t len;
    while ((len = pinion__receive_passed(fd, text, PINION_MESSAGE_MAX, passed)) > PINION_MESSAGE_MAX)
        close_passed(passed);
    if (len > 0)
        return len;
    return len < 0 && nothing_there() ? 0 : -1;
}

/* ---- the named socket ---- */

/* We give no name, so the kernel chooses an abstract one. */
int pinion__ear_open(struct pinion_ear *ear)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t len = sizeof address.sun_family;
    ear->deaf_for = 0;
    ear->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (ear->fd < 0 || setsockopt(ear->fd, SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int)) != 0 ||
        bind(ear->fd, (struct sockaddr *)&address, len) != 0)
        return pinion__fail(PINION_EIO, "supervisor: cannot open a notification socket: %s", strerror(errno));
    len = sizeof address;
    if (getsockname(ear->fd, (struct sockaddr *)&address, &len) != 0)
        return pinion__fail(PINION_EIO, "supervisor: cannot name the notification socket: %s",
                            strerror(errno));
    snprintf(ear->name, sizeof ear->name, "@%.*s", (int)(len - offsetof(struct sockaddr_un, sun_path) - 1),
             address.sun_path + 1);
    return 0;
}

void pinion__ear_close(struct pinion_ear *ear)
{
    if (ear->fd >= 0)
        close(ear->fd);
    ear->fd = -1;
}

int pinion__ear_fd(const struct pinion_ear *ear, uint64_t now)
{
    return now < ear->deaf_for ? -1 : ear->fd;
}

uint64_t pinion__ear_due(const struct pinion_ear *ear, uint64_t now)
{
    return now < ear->deaf_for ? ear->deaf_for : UINT64_MAX;
}

void pinion__ear_listen(struct pinion_ear *ear, const struct pinion_hearer *hearer, uint64_t now)
{
    char text[PINION_MESSAGE_MAX];
    bool stranger = false;
    int heard = 0;
    if (now < ear->deaf_for)
        return;
    for (; heard < PINION_HEAR_AT_ONCE; heard++) {
        pid_t sender;
        ssize_t len = receive(ear->fd, text, &sender);
        if (len < 0)
            break;
        if (sender && hearer->known(hearer->context, sender))
            hearer->hear(hearer->context, sender, text, (size_t)len);
        else
            stranger = true;
    }
    if (stranger || heard == PINION_HEAR_AT_ONCE)
        ear->deaf_for = now + PINION_HEAR_REST_MS;
}
