/* The supervisor holds the sockets, starts the children, receives signals and the children's messages, and
 * does what lives.h decides. It has one thread, which waits in poll. */
#include "supervise/supervisor.h"
#include "base/clock.h"
#include "base/log.h"
#include "process/signals.h"
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST_WORDS_MAX 256 /* messages of a child that has ended; about as many as its channel can hold */

static uint64_t real_ms(void)
{
    return pinion__clock_us() / 1000;
}

/* ---- processes ---- */

static struct pinion_process *process_of(struct pinion_supervisor *supervisor, pid_t pid)
{
    for (int i = 0; i < 2; i++) {
        if (supervisor->processes[i].pid == pid)
            return &supervisor->processes[i];
    }
    return NULL;
}

static struct pinion_process *other_than(struct pinion_supervisor *supervisor,
                                         const struct pinion_process *process)
{
    return &supervisor->processes[process == &supervisor->processes[0]];
}

static void close_channel(struct pinion_process *process)
{
    if (process->channel >= 0)
        close(process->channel);
    process->channel = -1;
}

static void forget(struct pinion_process *process)
{
    close_channel(process);
    pinion__siblings_close(&process->lines);
    process->pid = 0;
    process->claim_count = 0;
    process->wanted[0] = '\0';
}

static bool has(const struct pinion_process *process, const char *claim)
{
    for (unsigned i = 0; i < process->claim_count; i++) {
        if (strcmp(process->claims[i], claim) == 0)
            return true;
    }
    return false;
}

/* It has what it has waited for. */
static void let_in(struct pinion_process *process)
{
    static const char granted[] = PINION_CLAIM_GRANTED;
    if (process->claim_count < PINION_CLAIMS_MAX && !has(process, process->wanted))
        memcpy(process->claims[process->claim_count++], process->wanted, sizeof process->wanted);
    process->wanted[0] = '\0';
    (void)send(process->channel, granted, sizeof granted - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* ---- acts ---- */

static void tell(const struct pinion_supervisor *supervisor, const char *state)
{
    (void)pinion__notifier_send(&supervisor->above, state, false);
}

static void tell_reloading(const struct pinion_supervisor *supervisor)
{
    char text[64];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)pinion__clock_us());
    tell(supervisor, text);
}

static void tell_failed(const struct pinion_supervisor *supervisor)
{
    char text[sizeof supervisor->state.end + 64];
    snprintf(text, sizeof text, "STATUS=upgrade failed (%u of %u so far): %s",
             supervisor->state.failed_upgrades, supervisor->state.upgrades, supervisor->state.end);
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

static void tell_above(struct pinion_supervisor *supervisor, unsigned acts)
{
    if (acts & PINION_ACT_TELL_STOPPING) {
        tell(supervisor, "STOPPING=1");
        pinion__inherited_release(&supervisor->sockets); /* no child that could accept will follow */
    }
    if (acts & PINION_ACT_TELL_RELOADING)
        tell_reloading(supervisor);
    if (acts & PINION_ACT_TELL_FAILED)
        tell_failed(supervisor);
    if (acts & PINION_ACT_TELL_READY)
        tell_ready(supervisor);
}

static void choose_build(struct pinion_supervisor *supervisor, unsigned acts)
{
    if (acts & PINION_ACT_KEEP)
        pinion__builds_keep(&supervisor->builds);
    if (acts & PINION_ACT_DROP)
        pinion__builds_drop(&supervisor->builds);
    if (acts & PINION_ACT_GO_BACK)
        pinion__builds_go_back(&supervisor->builds);
    if (acts & (PINION_ACT_KEEP | PINION_ACT_GO_BACK))
        supervisor->state.can_go_back = pinion__builds_can_go_back(&supervisor->builds);
}

static void signal_child(struct pinion_supervisor *supervisor, const struct pinion_life *life, unsigned acts)
{
    union sigval value = { .sival_int = PINION_SIGNAL_PASSED_ON };
    if (!life->pid)
        return;
    if (acts & PINION_ACT_STOP)
        sigqueue(life->pid, life->stop_signal, value);
    if (acts & PINION_ACT_ABORT) {
        kill(life->pid, SIGABRT);
        kill(life->pid, SIGCONT); /* a stopped process receives no other signal */
    }
    if (acts & PINION_ACT_KILL)
        kill(life->pid, SIGKILL);
    if (acts & PINION_ACT_LET_IN)
        let_in(process_of(supervisor, life->pid));
}

static int start_process(struct pinion_supervisor *supervisor, bool newer, pid_t *pid)
{
    struct pinion_process *process = process_of(supervisor, 0);
    struct pinion_builds *builds = &supervisor->builds;
    int rc = newer ? pinion__builds_try(builds) : 0;
    if (!rc)
        rc = pinion__child_start(&supervisor->child, newer ? builds->newer : builds->ready, pid,
                                 &process->channel);
    if (!rc)
        process->pid = *pid;
    return rc;
}

/* Returns the acts that follow. */
static unsigned start_child(struct pinion_supervisor *supervisor, bool other, unsigned acts)
{
    pid_t pid;
    if (start_process(supervisor, acts & PINION_ACT_UPGRADE, &pid) != 0) {
        snprintf(supervisor->state.end, sizeof supervisor->state.end, "%s", pinion_error_detail());
        return pinion__lives_start_failed(&supervisor->state, other, supervisor->clock.now);
    }
    pinion__log(PINION_LOG_INFO, "supervisor: started child %d", (int)pid);
    return pinion__lives_started(&supervisor->state, other, pid, supervisor->clock.now);
}

/* Returns the acts that follow. */
static unsigned act_once(struct pinion_supervisor *supervisor, unsigned acts)
{
    unsigned starts = PINION_ACT_START | PINION_ACT_UPGRADE, others = acts / PINION_ACT_OTHER(1), next = 0;
    tell_above(supervisor, acts);
    choose_build(supervisor, acts);
    signal_child(supervisor, &supervisor->state.child, acts);
    signal_child(supervisor, &supervisor->state.other, others);
    if (acts & starts)
        next |= start_child(supervisor, false, acts);
    if (others & starts)
        next |= start_child(supervisor, true, others);
    return next;
}

static void act(struct pinion_supervisor *supervisor, unsigned acts)
{
    while (acts)
        acts = act_once(supervisor, acts);
}

/* ---- what the children say ---- */

static void hear_claim(struct pinion_supervisor *supervisor, struct pinion_process *process,
                       const char *claim)
{
    bool held = has(other_than(supervisor, process), claim);
    snprintf(process->wanted, sizeof process->wanted, "%s", claim);
    act(supervisor,
        pinion__lives_claims(&supervisor->state, process->pid, claim, held, supervisor->clock.now));
}

static void hear(void *context, pid_t pid, const char *text, size_t len)
{
    struct pinion_supervisor *supervisor = context;
    struct pinion_lives *state = &supervisor->state;
    struct pinion_notification said;
    uint64_t now = supervisor->clock.now;
    pinion__notification_parse(&said, text, len);
    if (said.relay[0])
        tell(supervisor, said.relay);
    if (said.error)
        pinion__lives_not_executed(state, pid, said.error);
    if (said.extend_us)
        act(supervisor, pinion__lives_extend(state, pid, said.extend_us / 1000, now));
    if (said.ready)
        act(supervisor, pinion__lives_ready(state, pid, now));
    if (said.ping)
        act(supervisor, pinion__lives_ping(state, pid, now));
    if (said.stopping)
        act(supervisor, pinion__lives_stopping(state, pid, now));
    if (said.claim[0])
        hear_claim(supervisor, process_of(supervisor, pid), said.claim);
}

static bool is_child(void *context, pid_t pid)
{
    return pid && process_of(context, pid);
}

static void hear_process(struct pinion_supervisor *supervisor, struct pinion_process *process, int most)
{
    char text[PINION_MESSAGE_MAX];
    ssize_t len = 1;
    int passed;
    while (process->channel >= 0 && len > 0 && most-- > 0) {
        len = pinion__hear_channel(process->channel, text, &passed);
        if (passed >= 0)
            pinion__siblings_hear(&process->lines, &other_than(supervisor, process)->lines,
                                  supervisor->secret, text, (size_t)len, passed);
        else if (len > 0)
            hear(supervisor, process->pid, text, (size_t)len);
        else if (len < 0)
            close_channel(process);
    }
}

static void hear_all(struct pinion_supervisor *supervisor)
{
    const struct pinion_hearer hearer = { .known = is_child, .hear = hear, .context = supervisor };
    for (int i = 0; i < 2; i++)
        hear_process(supervisor, &supervisor->processes[i], PINION_HEAR_AT_ONCE);
    pinion__ear_listen(&supervisor->ear, &hearer, real_ms());
}

/* ---- signals ---- */

/* What it said before its end counts, and has arrived by now. */
static void child_ended(struct pinion_supervisor *supervisor, struct pinion_process *process, int status)
{
    char text[sizeof supervisor->state.end + 8];
    hear_process(supervisor, process, LAST_WORDS_MAX);
    hear_all(supervisor);
    pid_t pid = process->pid;
    forget(process);
    unsigned acts = pinion__lives_ended(&supervisor->state, pid, status, supervisor->clock.now);
    snprintf(text, sizeof text, "STATUS=%s", supervisor->state.end);
    tell(supervisor, text);
    act(supervisor, acts);
}

/* As process 1 of a container, this process also gets orphans, which only have to be reaped. */
static void reap(struct pinion_supervisor *supervisor)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct pinion_process *process = process_of(supervisor, pid);
        if (process)
            child_ended(supervisor, process, status);
    }
}

static void pass_on(const struct pinion_supervisor *supervisor, int number)
{
    for (int i = 0; i < 2; i++) {
        if (supervisor->processes[i].pid)
            kill(supervisor->processes[i].pid, number);
    }
}

static void take_signal(struct pinion_supervisor *supervisor, int number)
{
    uint64_t now = supervisor->clock.now;
    switch (number) {
    case SIGCHLD:
        reap(supervisor);
        break;
    case SIGTERM:
    case SIGINT:
        act(supervisor, pinion__lives_stop(&supervisor->state, number, now));
        break;
    case SIGHUP:
        act(supervisor, pinion__lives_reload(&supervisor->state, now));
        break;
    default:
        pass_on(supervisor, number);
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

/* Our own watchdog counts all time, so these pings follow the real clock. */
static void ping_above(struct pinion_supervisor *supervisor)
{
    uint64_t now = supervisor->clock.real;
    if (now < supervisor->above_due)
        return;
    tell(supervisor, "WATCHDOG=1");
    supervisor->above_due = now + supervisor->above_ms;
}

static void take_time(struct pinion_supervisor *supervisor)
{
    act(supervisor, pinion__lives_tick(&supervisor->state, supervisor->clock.now));
    ping_above(supervisor);
}

/* When the next thing is due by the real clock, converted to the state's clock. */
static uint64_t due_here(const struct pinion_supervisor *supervisor)
{
    uint64_t real = supervisor->clock.real;
    uint64_t due = pinion__earlier(supervisor->above_due, pinion__ear_due(&supervisor->ear, real));
    if (due == UINT64_MAX)
        return due;
    return supervisor->clock.now + (due > real ? due - real : 0);
}

static void await_event(struct pinion_supervisor *supervisor)
{
    struct pollfd fds[] = { { .fd = supervisor->signals, .events = POLLIN },
                            { .fd = supervisor->processes[0].channel, .events = POLLIN },
                            { .fd = supervisor->processes[1].channel, .events = POLLIN },
                            { .fd = pinion__ear_fd(&supervisor->ear, supervisor->clock.real),
                              .events = POLLIN } };
    uint64_t due = pinion__earlier(pinion__lives_due(&supervisor->state), due_here(supervisor));
    uint64_t wait = pinion__awake_wait(&supervisor->clock, due, supervisor->slice);
    (void)poll(fds, sizeof fds / sizeof *fds, (int)wait);
    if (pinion__awake_again(&supervisor->clock, real_ms(), supervisor->slice))
        pinion__lives_slept(&supervisor->state, supervisor->clock.now);
}

int pinion__supervisor_run(struct pinion_supervisor *supervisor)
{
    pinion__awake_begin(&supervisor->clock, real_ms());
    act(supervisor, pinion__lives_begin(&supervisor->state));
    while (!supervisor->state.over) {
        await_event(supervisor);
        hear_all(supervisor);
        take_signals(supervisor);
        take_time(supervisor);
    }
    return supervisor->state.exit_status;
}
