#include "endpoint/child.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define SUPERVISOR    "PINION_SUPERVISOR"
#define STATUS_NOEXEC 127

/* ---- between fork and exec: this process has one thread, and nothing to lose ---- */

/* The kernel forgets this when the program's file has capabilities or changes the user: hence once more
 * after exec. A parent that died before is found out by its process id. */
static void die_with_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(128 + SIGKILL);
}

/* To the descriptors from 3 on, by way of copies above those, so that none is overwritten before its turn. */
static bool place_sockets(const struct pinion_inherited *sockets)
{
    int copies[PINION_INHERITED_MAX];
    int above = PINION_INHERITED_FIRST + (int)sockets->count;
    for (unsigned i = 0; i < sockets->count; i++) {
        copies[i] = fcntl(sockets->fds[i], F_DUPFD_CLOEXEC, above);
        if (copies[i] < 0)
            return false;
    }
    for (unsigned i = 0; i < sockets->count; i++) {
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

static bool set_environment(const struct pinion_child *child, pid_t parent)
{
    const char *names = child->sockets->names;
    return set_number(SUPERVISOR, (uint64_t)parent) && set_number("LISTEN_PID", (uint64_t)getpid()) &&
           set_number("LISTEN_FDS", child->sockets->count) &&
           (!names || setenv("LISTEN_FDNAMES", names, 1) == 0) &&
           setenv("NOTIFY_SOCKET", child->notify_socket, 1) == 0 && set_watchdog(child->watchdog_us);
}

/* A file that was taken away is no reason not to run: this process still has it. */
static void execute(const struct pinion_child *child)
{
    execv(child->path, child->argv);
    if (errno == ENOENT)
        execv("/proc/self/exe", child->argv);
}

_Noreturn static void become(const struct pinion_child *child, pid_t parent)
{
    die_with_parent(parent);
    if (set_environment(child, parent) && place_sockets(child->sockets)) {
        sigaction(SIGPIPE, &child->pipe, NULL);
        sigprocmask(SIG_SETMASK, &child->mask, NULL);
        execute(child);
    }
    pinion__log(PINION_LOG_ERROR, "supervisor: cannot execute %s: %s", child->path, strerror(errno));
    _exit(STATUS_NOEXEC);
}

int pinion__child_start(const struct pinion_child *child, pid_t *pid)
{
    pid_t parent = getpid(), started = fork();
    if (started == 0)
        become(child, parent);
    if (started < 0)
        return pinion__fail(PINION_ENOMEM, "cannot start a process: %s", strerror(errno));
    *pid = started;
    return 0;
}

/* ---- in the child ---- */

/* The sockets are for this very process, so whoever set the other variable is its parent, or was. */
static bool is_child(pid_t *parent)
{
    const char *supervisor = getenv(SUPERVISOR), *listen_pid = getenv("LISTEN_PID");
    if (!supervisor || !listen_pid || strtol(listen_pid, NULL, 10) != getpid())
        return false;
    *parent = (pid_t)strtol(supervisor, NULL, 10);
    return true;
}

bool pinion__child_is_this(void)
{
    static bool known, child;
    pid_t parent = 0;
    if (known)
        return child;
    known = true;
    child = is_child(&parent);
    unsetenv(SUPERVISOR);
    if (child)
        die_with_parent(parent);
    return child;
}
