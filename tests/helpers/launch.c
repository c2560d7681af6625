/* Starts a program as systemd would: with listening sockets passed to it, and somewhere to notify.
 *
 *   launch [--tcp] [--unix PATH] [--names A:B] [--notify] [--watchdog USEC] -- PROGRAM [ARGUMENT...]
 *
 * --tcp and --unix open one socket each, in the order given. Says on stdout, a line each: "socket PORT" or
 * "socket PATH"; "notify PID LINE" for what is said to the notification socket, and by whom. SIGTERM, SIGINT
 * and SIGHUP are passed on. Exits with the program's status, or 128 + the signal that killed it. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST 3
#define MAX   16
#define ABOVE 64 /* our own descriptors are from here on, out of the way of those that are passed */

static int sockets[MAX], socket_count;
static int notifications = -1;
static char notify_socket[32];
static const char *names, *watchdog;
static pid_t child;

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    exit(99);
}

static int moved_above(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, ABOVE);
    must(moved >= 0, "F_DUPFD_CLOEXEC");
    close(fd);
    return moved;
}

static void keep(int fd)
{
    must(socket_count < MAX && listen(fd, 1000) == 0, "listen");
    sockets[socket_count++] = moved_above(fd);
}

static void open_tcp(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(bind(fd, (struct sockaddr *)&address, len) == 0, "bind");
    must(getsockname(fd, (struct sockaddr *)&address, &len) == 0, "getsockname");
    printf("socket %d\n", ntohs(address.sin_port));
    keep(fd);
}

static void open_unix(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    must(strlen(path) < sizeof address.sun_path, path);
    strcpy(address.sun_path, path);
    must(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, path);
    printf("socket %s\n", path);
    keep(fd);
}

static void open_notifications(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t len = sizeof address.sun_family;
    notifications = moved_above(socket(AF_UNIX, SOCK_DGRAM, 0));
    must(setsockopt(notifications, SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int)) == 0, "SO_PASSCRED");
    must(bind(notifications, (struct sockaddr *)&address, len) == 0, "bind");
    len = sizeof address;
    must(getsockname(notifications, (struct sockaddr *)&address, &len) == 0, "getsockname");
    snprintf(notify_socket, sizeof notify_socket, "@%.*s",
             (int)(len - offsetof(struct sockaddr_un, sun_path) - 1), address.sun_path + 1);
}

static void set_number(const char *name, long value)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", value);
    setenv(name, text, 1);
}

static void become(char **argv, const sigset_t *mask)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < socket_count; i++)
        must(dup2(sockets[i], FIRST + i) == FIRST + i, "dup2");
    if (socket_count > 0) {
        set_number("LISTEN_PID", getpid());
        set_number("LISTEN_FDS", socket_count);
    }
    if (names)
        setenv("LISTEN_FDNAMES", names, 1);
    if (notifications >= 0)
        setenv("NOTIFY_SOCKET", notify_socket, 1);
    if (watchdog) {
        setenv("WATCHDOG_USEC", watchdog, 1);
        set_number("WATCHDOG_PID", getpid());
    }
    sigprocmask(SIG_SETMASK, mask, NULL);
    execv(argv[0], argv);
    must(false, argv[0]);
}

static void take_notification(void)
{
    char text[4096], control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec iov = { .iov_base = text, .iov_len = sizeof text - 1 };
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
    };
    struct ucred sender;
    ssize_t len = recvmsg(notifications, &message, 0);
    must(len >= 0 && CMSG_FIRSTHDR(&message), "recvmsg");
    memcpy(&sender, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof sender);
    text[len] = '\0';
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        printf("notify %d %s\n", (int)sender.pid, line);
}

static void take_signal(int signals)
{
    struct signalfd_siginfo info;
    int status;
    must(read(signals, &info, sizeof info) == (ssize_t)sizeof info, "signalfd");
    if (info.ssi_signo != SIGCHLD) {
        kill(child, (int)info.ssi_signo);
        return;
    }
    if (waitpid(child, &status, WNOHANG) == child)
        exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* Signals come last: what was said before the end is said. */
static void serve(int signals)
{
    struct pollfd fds[] = { { .fd = notifications, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
    for (;;) {
        must(poll(fds, 2, -1) > 0, "poll");
        if (fds[0].revents)
            take_notification();
        else if (fds[1].revents)
            take_signal(signals);
    }
}

static void set_option(int option)
{
    switch (option) {
    case 't':
        open_tcp();
        break;
    case 'u':
        open_unix(optarg);
        break;
    case 'n':
        open_notifications();
        break;
    case 'w':
        watchdog = optarg;
        break;
    case 'm':
        names = optarg;
        break;
    default:
        exit(99);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "tcp", no_argument, NULL, 't' },         { "unix", required_argument, NULL, 'u' },
        { "notify", no_argument, NULL, 'n' },      { "watchdog", required_argument, NULL, 'w' },
        { "names", required_argument, NULL, 'm' }, { NULL, 0, NULL, 0 },
    };
    sigset_t set, mask;
    int option;
    setvbuf(stdout, NULL, _IOLBF, 0);
    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1)
        set_option(option);
    must(optind < argc, "a program");
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, &mask);
    int signals = moved_above(signalfd(-1, &set, 0));
    fflush(stdout);
    child = fork();
    must(child >= 0, "fork");
    if (child == 0)
        become(argv + optind, &mask);
    serve(signals);
}
