/* It holds the sockets, starts the child, hears signals and what the child says, and does what supervision.h
 * decides. One thread, which waits in poll. */
#include "endpoint/supervisor.h"
#include "base/log.h"
#include "endpoint/signals.h"
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX 4096 /* bytes of one notification, as systemd has it */

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t now_ms(void)
{
    return now_us() / 1000;
}

/* ---- acts ---- */

static void tell(const struct pinion_supervisor *supervisor, const char *state)
{
    (void)pinion__notifier_send(&supervisor->above, state, false);
}

static void tell_reloading(const struct pinion_supervisor *supervisor)
{
    char text[64];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)now_us());
    tell(supervisor, text);
}

static void tell_ready(struct pinion_supervisor *supervisor)
{
    void (*ready)(uint16_t, void *) = supervisor->ready;
    supervisor->ready = NULL;
    if (ready)
        ready(supervisor->port, supervisor->ready_data);
    tell(supervisor, "READY=1");
}

static void ask_to_stop(const struct pinion_supervisor *supervisor)
{
    union sigval value = { .sival_int = PINION_SIGNAL_PASSED_ON };
    sigqueue(supervisor->state.pid, supervisor->state.stop_signal, value);
}

static unsigned start_child(struct pinion_supervisor *supervisor)
{
    pid_t pid;
    if (pinion__child_start(&supervisor->child, &pid) != 0) {
        pinion__log(PINION_LOG_ERROR, "supervisor: %s", pinion_error_detail());
        return pinion__supervision_start_failed(&supervisor->state, now_ms());
    }
    pinion__log(PINION_LOG_INFO, "supervisor: started child %d", (int)pid);
    return pinion__supervision_started(&supervisor->state, pid, now_ms());
}

/* Gives what that leads to. */
static unsigned act_once(struct pinion_supervisor *supervisor, unsigned acts)
{
    if (acts & PINION_ACT_TELL_STOPPING) {
        tell(supervisor, "STOPPING=1");
        pinion__inherited_release(&supervisor->sockets); /* no child follows that could accept */
    }
    if (acts & PINION_ACT_TELL_RELOADING)
        tell_reloading(supervisor);
    if (acts & PINION_ACT_TELL_READY)
        tell_ready(supervisor);
    if (acts & PINION_ACT_STOP)
        ask_to_stop(supervisor);
    if (acts & PINION_ACT_ABORT) {
        kill(supervisor->state.pid, SIGABRT);
        kill(supervisor->state.pid, SIGCONT); /* one that is stopped takes nothing else */
    }
    if (acts & PINION_ACT_KILL)
        kill(supervisor->state.pid, SIGKILL);
    return acts & PINION_ACT_START ? start_child(supervisor) : 0;
}

static void act(struct pinion_supervisor *supervisor, unsigned acts)
{
    while (acts)
        acts = act_once(supervisor, acts);
}

/* ---- what the child says ---- */

static pid_t sender_of(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
            return ((const struct ucred *)(const void *)CMSG_DATA(c))->pid;
    }
    return 0;
}

/* One message; len -1: there is none. Descriptors that come with it find no room: the kernel closes them. */
static ssize_t receive(int fd, void *text, size_t size, pid_t *sender)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec iov = { .iov_base = text, .iov_len = size };
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    ssize_t len = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    *sender = len < 0 || (message.msg_flags & MSG_TRUNC) ? 0 : sender_of(&message);
    return len;
}

static void hear(struct pinion_supervisor *supervisor, const char *text, size_t len)
{
    struct pinion_notification said;
    pinion__notification_parse(&said, text, len);
    if (said.relay[0])
        tell(supervisor, said.relay);
    if (said.ready)
        act(supervisor, pinion__supervision_ready(&supervisor->state, now_ms()));
    if (said.ping)
        act(supervisor, pinion__supervision_ping(&supervisor->state, now_ms()));
    if (said.stopping)
        act(supervisor, pinion__supervision_stopping(&supervisor->state, now_ms()));
}

/* Anybody may send to the socket: only the child counts. */
static void take_notifications(struct pinion_supervisor *supervisor)
{
    char text[MESSAGE_MAX];
    pid_t sender;
    ssize_t len;
    while ((len = receive(supervisor->notifications, text, sizeof text, &sender)) >= 0) {
        if (sender && sender == supervisor->state.pid)
            hear(supervisor, text, (size_t)len);
    }
}

/* ---- signals ---- */

/* What it said before its end counts, and is there by now. */
static void child_ended(struct pinion_supervisor *supervisor, int status)
{
    char text[sizeof supervisor->state.end + 8];
    take_notifications(supervisor);
    unsigned acts = pinion__supervision_ended(&supervisor->state, status, now_ms());
    snprintf(text, sizeof text, "STATUS=%s", supervisor->state.end);
    tell(supervisor, text);
    act(supervisor, acts);
}

/* As process 1 of a container this one also gets orphans, which only have to be reaped. */
static void reap(struct pinion_supervisor *supervisor)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == supervisor->state.pid)
            child_ended(supervisor, status);
    }
}

static void take_signal(struct pinion_supervisor *supervisor, int number)
{
    switch (number) {
    case SIGCHLD:
        reap(supervisor);
        break;
    case SIGTERM:
    case SIGINT:
        act(supervisor, pinion__supervision_stop(&supervisor->state, number, now_ms()));
        break;
    case SIGHUP:
        act(supervisor, pinion__supervision_reload(&supervisor->state, now_ms()));
        break;
    default:
        if (supervisor->state.pid)
            kill(supervisor->state.pid, number);
        break;
    }
}

static void take_signals(struct pinion_supervisor *supervisor)
{
    struct signalfd_siginfo info;
    while (read(supervisor->signals, &info, sizeof info) == (ssize_t)sizeof info)
        take_signal(supervisor, (int)info.ssi_signo);
}

/* ---- the loop ---- */

static void take_time(struct pinion_supervisor *supervisor)
{
    uint64_t now = now_ms();
    act(supervisor, pinion__supervision_tick(&supervisor->state, now));
    if (now >= supervisor->above_due) {
        tell(supervisor, "WATCHDOG=1");
        supervisor->above_due = now + supervisor->above_ms;
    }
}

static void await_event(const struct pinion_supervisor *supervisor)
{
    struct pollfd fds[] = { { .fd = supervisor->signals, .events = POLLIN },
                            { .fd = supervisor->notifications, .events = POLLIN } };
    uint64_t now = now_ms(), due = supervisor->state.due;
    if (supervisor->above_due < due)
        due = supervisor->above_due;
    uint64_t wait = due > now ? due - now : 0;
    (void)poll(fds, 2, due == UINT64_MAX ? -1 : wait < INT_MAX ? (int)wait : INT_MAX);
}

int pinion__supervisor_run(struct pinion_supervisor *supervisor)
{
    act(supervisor, pinion__supervision_begin(&supervisor->state));
    while (supervisor->state.state != PINION_SUPERVISION_OVER) {
        await_event(supervisor);
        take_notifications(supervisor);
        take_signals(supervisor);
        take_time(supervisor);
    }
    return supervisor->state.exit_status;
}
