#include "supervise/child.h"
#include "base/log.h"
#include "process/notify.h"
#include "supervise/builds.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SUPERVISOR    "PINION_SUPERVISOR"
#define STATUS_NOEXEC 127

/* ---- between fork and exec: this process has one thread, and nothing to lose ---- */

/* Have the kernel kill this process when its parent dies. The kernel forgets this if the program's file has
 * capabilities or changes the user, so the program does it again after exec. If the parent died before, its
 * process id has changed. */
static void die_with_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(128 + SIGKILL);
}

/* Move the sockets to the descriptors from 3 on. They are first copied to higher numbers, so that none is
 * overwritten before it was moved. The channel comes last. */
static bool place_descriptors(const struct pinion_inherited *sockets, int channel)
{
    int copies[PINION_INHERITED_MAX + 1];
    unsigned count = sockets->count + 1;
    int above = PINION_INHERITED_FIRST + (int)count;
    for (unsigned i = 0; i < count; i++) {
        copies[i] = fcntl(i < sockets->count ? sockets->fds[i] : channel, F_DUPFD_CLOEXEC, above);
        if (copies[i] < 0)
            return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if (dup2(copies[i], PINION_INHERITED_FIRST + (int)i) < 0)
            return false;
    }
    return true;
}

static bool set_number(const char *name, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    return setenv(name, text, 1) == 0;
}

static bool set_watchdog(uint64_t watchdog_us)
{
    if (watchdog_us == 0)
        return unsetenv("WATCHDOG_USEC") == 0 && unsetenv("WATCHDOG_PID") == 0;
    return set_number("WATCHDOG_USEC", watchdog_us) && set_number("WATCHDOG_PID", (uint64_t)getpid());
}

/* The value is "1234 7": the parent's process id, and the descriptor of the channel. */
static bool set_supervisor(pid_t parent, int channel)
{
    char text[48];
    snprintf(text, sizeof text, "%d %d", (int)parent, channel);
    return setenv(SUPERVISOR, text, 1) == 0;
}

static bool set_environment(const struct pinion_child *child, pid_t parent)
{
    const char *names = child->sockets->names;
    int channel = PINION_INHERITED_FIRST + (int)child->sockets->count;
    return set_supervisor(parent, channel) && set_number("LISTEN_PID", (uint64_t)getpid()) &&
           set_number("LISTEN_FDS", child->sockets->count) &&
           (!names || setenv("LISTEN_FDNAMES", names, 1) == 0) &&
           setenv("NOTIFY_SOCKET", child->notify_socket, 1) == 0 && set_watchdog(child->watchdog_us);
}

/* The parent gets the reason by the channel, and logs it. */
_Noreturn static void fail(int channel, int error)
{
    char text[24];
    int len = snprintf(text, sizeof text, "ERRNO=%d", error);
    (void)send(channel, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
    _exit(STATUS_NOEXEC);
}

/* The descriptor of the program may be one of those that are moved. */
_Noreturn static void become(const struct pinion_child *child, int program, int channel, pid_t parent)
{
    int above = PINION_INHERITED_FIRST + (int)child->sockets->count + 1;
    die_with_parent(parent);
    program = fcntl(program, F_DUPFD_CLOEXEC, above);
    int mine = fcntl(channel, F_DUPFD_CLOEXEC, above);
    if (program < 0 || mine < 0)
        fail(channel, errno);
    if (set_environment(child, parent) && place_descriptors(child->sockets, mine)) {
        sigaction(SIGPIPE, &child->pipe, NULL);
        sigprocmask(SIG_SETMASK, &child->mask, NULL);
        pinion__builds_execute(child->path, program, child->argv);
    }
    fail(mine, errno);
}

int pinion__child_start(const struct pinion_child *child, int program, pid_t *pid, int *channel)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return pinion__fail(PINION_ENOMEM, "cannot start a child (%s)", strerror(errno));
    pid_t parent = getpid(), started = fork();
    if (started == 0)
        become(child, program, ends[1], parent);
    int error = errno;
    close(ends[1]);
    if (started < 0) {
        close(ends[0]);
        return pinion__fail(PINION_ENOMEM, "cannot start a child (%s)", strerror(error));
    }
    *pid = started;
    *channel = ends[0];
    return 0;
}

/* ---- in the child ---- */

/* The sockets are for exactly this process, so whoever set the other variable is, or was, its parent. */
static bool is_child(pid_t *parent, int *channel)
{
    const char *supervisor = getenv(SUPERVISOR), *listen_pid = getenv("LISTEN_PID");
    char *end;
    if (!supervisor || !listen_pid || strtol(listen_pid, NULL, 10) != getpid())
        return false;
    *parent = (pid_t)strtol(supervisor, &end, 10);
    *channel = *end == ' ' ? (int)strtol(end + 1, NULL, 10) : -1;
    return true;
}

/* The kernel names a process after the file that was executed. For a descriptor, that is a number. */
static void name_after_program(void)
{
    char name[16] = "";
    if (prctl(PR_GET_NAME, name) == 0 && name[strspn(name, "0123456789")] == '\0')
        prctl(PR_SET_NAME, program_invocation_short_name);
}

bool pinion__child_is_this(void)
{
    static bool known, child;
    pid_t parent = 0;
    int channel = -1;
    if (known)
        return child;
    known = true;
    child = is_child(&parent, &channel);
    unsetenv(SUPERVISOR);
    if (child) {
        die_with_parent(parent);
        name_after_program();
        if (channel >= 0)
            pinion__notify_by(channel);
    }
    return child;
}
