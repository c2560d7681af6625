#include "supervise/lives.h"
#include "base/log.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define ABORT_TIMEOUT_MS 5000 /* to write a core */
#define NEVER            UINT64_MAX
#define GOING_BACK       "going back to the program that was ready last"

/* ---- how a child ended ---- */

/* "was killed by signal 11 (Segmentation fault), core dumped", or "exited with status 3"; status is
 * waitpid's. Gives text. */
static const char *describe_end(int status, char *text, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(text, size, "was killed by signal %d (%s)%s", WTERMSIG(status), strsignal(WTERMSIG(status)),
                 WCOREDUMP(status) ? ", core dumped" : "");
    else
        snprintf(text, size, "exited with status %d", WEXITSTATUS(status));
    return text;
}

/* As a shell puts it. */
static int exit_status_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void note_end(struct pinion_supervision *supervision, const struct pinion_life *life, int status)
{
    char how[128];
    if (life->error)
        snprintf(how, sizeof how, "could not be executed (%s)", strerror(life->error));
    else
        describe_end(status, how, sizeof how);
    snprintf(supervision->end, sizeof supervision->end, "child %d %s", (int)life->pid, how);
}

/* ---- one life ---- */

static const struct pinion_life no_life = { .state = PINION_LIFE_NONE, .due = NEVER };

static void begin_life(struct pinion_life *life)
{
    *life = (struct pinion_life){ .state = PINION_LIFE_STARTING, .due = NEVER };
}

static struct pinion_life *life_of(struct pinion_supervision *supervision, pid_t pid)
{
    if (pid && pid == supervision->child.pid)
        return &supervision->child;
    return pid && pid == supervision->other.pid ? &supervision->other : NULL;
}

static uint64_t in(uint64_t now, uint32_t ms)
{
    return ms ? now + ms : NEVER;
}

/* Once for each child: a second request would mean "at once" to it. */
static bool ask_to_stop(const struct pinion_supervision *supervision, struct pinion_life *life, int signal,
                        uint64_t now)
{
    if (!life->pid || life->state == PINION_LIFE_ABORTING || life->asked)
        return false;
    life->asked = true;
    life->stop_signal = signal;
    life->state = PINION_LIFE_STOPPING;
    life->due = now + supervision->stop_timeout_ms;
    return true;
}

static unsigned stop_child(struct pinion_supervision *supervision, int signal, uint64_t now)
{
    return ask_to_stop(supervision, &supervision->child, signal, now) ? PINION_ACT_STOP : 0;
}

static unsigned stop_other(struct pinion_supervision *supervision, int signal, uint64_t now)
{
    return ask_to_stop(supervision, &supervision->other, signal, now) ? PINION_ACT_OTHER(PINION_ACT_STOP) : 0;
}

/* ---- steps ---- */

static unsigned start(struct pinion_supervision *supervision)
{
    begin_life(&supervision->child);
    return PINION_ACT_START;
}

/* The newer program, in the place of the one before. */
static unsigned replace(struct pinion_supervision *supervision)
{
    supervision->upgrade = PINION_UPGRADE_PROVING;
    begin_life(&supervision->child);
    return PINION_ACT_UPGRADE;
}

static unsigned over(struct pinion_supervision *supervision, int exit_status)
{
    if (!supervision->concluded)
        supervision->exit_status = exit_status;
    supervision->concluded = true;
    supervision->over = true;
    supervision->child = supervision->other = no_life;
    return 0;
}

/* There is to be no child any more. */
static unsigned conclude(struct pinion_supervision *supervision, int exit_status, uint64_t now)
{
    if (!supervision->other.pid)
        return over(supervision, exit_status);
    supervision->leaving = true;
    supervision->concluded = true;
    supervision->exit_status = exit_status;
    return stop_other(supervision, SIGTERM, now);
}

static unsigned announce(struct pinion_supervision *supervision)
{
    if (supervision->announced)
        return 0;
    supervision->announced = true;
    return PINION_ACT_TELL_READY;
}

/* An upgrade is over, one way or the other. */
static unsigned settle(struct pinion_supervision *supervision, uint64_t now)
{
    supervision->upgrade = PINION_UPGRADE_NONE;
    if (!supervision->again)
        return 0;
    supervision->again = false;
    return pinion__supervision_reload(supervision, now);
}

static unsigned upgrade_failed(struct pinion_supervision *supervision, const char *what_now)
{
    supervision->failed_upgrades++;
    pinion__log(PINION_LOG_ERROR, "supervisor: the upgrade failed (%u of %u so far): %s; %s",
                supervision->failed_upgrades, supervision->upgrades, supervision->end, what_now);
    return PINION_ACT_TELL_FAILED | PINION_ACT_DROP;
}

unsigned pinion__supervision_begin(struct pinion_supervision *supervision)
{
    supervision->other = no_life;
    return start(supervision);
}

unsigned pinion__supervision_started(struct pinion_supervision *supervision, bool other, pid_t pid,
                                     uint64_t now)
{
    struct pinion_life *life = other ? &supervision->other : &supervision->child;
    life->pid = pid;
    life->began = now;
    life->due = in(now, supervision->start_timeout_ms);
    return 0;
}

/* ---- an end while the supervisor leaves ---- */

/* Killed by the signal it was asked with: it had no handler for it yet, and did what it was asked. */
static int leaving_status(const struct pinion_life *life, int status)
{
    bool as_asked = WIFSIGNALED(status) && life->asked && WTERMSIG(status) == life->stop_signal;
    return as_asked ? 0 : exit_status_of(status);
}

static unsigned left(struct pinion_supervision *supervision, const struct pinion_life *life, bool serves,
                     int status)
{
    int exit_status = leaving_status(life, status);
    bool last = !supervision->child.pid && !supervision->other.pid;
    pinion__log(exit_status ? PINION_LOG_ERROR : PINION_LOG_INFO, "supervisor: %s", supervision->end);
    if (last)
        return over(supervision, exit_status);
    if (serves && !supervision->concluded) {
        supervision->concluded = true;
        supervision->exit_status = exit_status;
    }
    return 0;
}

/* ---- the end of the one that serves ---- */

static unsigned wait_and_start(struct pinion_supervision *supervision, uint64_t wait, uint64_t now)
{
    if (wait == 0) {
        pinion__log(PINION_LOG_ERROR, "supervisor: %s; starting it again", supervision->end);
        return start(supervision);
    }
    pinion__log(PINION_LOG_ERROR, "supervisor: %s; starting it again in %u ms", supervision->end,
                (unsigned)wait);
    supervision->child.state = PINION_LIFE_WAITING;
    supervision->child.due = now + wait;
    return 0;
}

/* What it follows was ready: whatever keeps it from starting may pass, as a broker that is away does. */
static unsigned failed_again(struct pinion_supervision *supervision, uint64_t began, uint64_t now)
{
    uint64_t wait = pinion__restarts_wait(&supervision->restarts, began, now);
    return wait_and_start(supervision, wait ? wait : supervision->restarts.min_ms, now);
}

/* Whoever had what it waits for has ended. */
static unsigned let_in(struct pinion_supervision *supervision, uint64_t now)
{
    if (supervision->child.state != PINION_LIFE_BEHIND)
        return 0;
    supervision->child.state = PINION_LIFE_STARTING;
    supervision->child.due = in(now, supervision->start_timeout_ms);
    return PINION_ACT_LET_IN;
}

/* The other one has the place of the child from now on. */
static unsigned take_over(struct pinion_supervision *supervision, uint64_t now)
{
    supervision->child = supervision->other;
    supervision->other = no_life;
    supervision->upgrade = PINION_UPGRADE_PROVING;
    return let_in(supervision, now);
}

static unsigned give_up(struct pinion_supervision *supervision, int exit_status, uint64_t now)
{
    const struct pinion_restarts *restarts = &supervision->restarts;
    if (supervision->upgrade == PINION_UPGRADE_BESIDE) {
        pinion__log(PINION_LOG_ERROR, "supervisor: %s; the next takes over", supervision->end);
        return take_over(supervision, now);
    }
    if (!supervision->can_go_back) {
        pinion__log(PINION_LOG_ERROR, "supervisor: %s; giving up after %u restarts within %u ms",
                    supervision->end, restarts->limit, restarts->period_ms);
        return conclude(supervision, exit_status, now);
    }
    pinion__log(PINION_LOG_ERROR,
                "supervisor: %s; after %u restarts within %u ms going back to the program before the upgrade",
                supervision->end, restarts->limit, restarts->period_ms);
    supervision->can_go_back = false;
    pinion__restarts_forget(&supervision->restarts);
    return PINION_ACT_GO_BACK | start(supervision);
}

static unsigned crashed(struct pinion_supervision *supervision, uint64_t began, int exit_status, uint64_t now)
{
    uint64_t wait;
    if (now - began >= supervision->restarts.period_ms)
        supervision->can_go_back = false; /* it has proven itself */
    if (pinion__restarts_next(&supervision->restarts, began, now, &wait))
        return wait_and_start(supervision, wait, now);
    return give_up(supervision, exit_status, now);
}

/* An upgrade failed in the place of the old one: another, where one was asked for, or what was ready last. */
static unsigned next_or_last(struct pinion_supervision *supervision)
{
    supervision->upgrade = PINION_UPGRADE_NONE;
    if (!supervision->again)
        return start(supervision);
    supervision->again = false;
    supervision->upgrades++;
    return replace(supervision);
}

static unsigned fall_back(struct pinion_supervision *supervision)
{
    unsigned acts = upgrade_failed(supervision, GOING_BACK);
    return acts | next_or_last(supervision);
}

/* One that ended for a new one to come. */
static unsigned made_room(struct pinion_supervision *supervision, uint64_t now)
{
    switch (supervision->upgrade) {
    case PINION_UPGRADE_PROVING:
        return fall_back(supervision);
    case PINION_UPGRADE_GOING_BACK:
        pinion__log(PINION_LOG_INFO, "supervisor: %s; starting the program that was ready last",
                    supervision->end);
        return next_or_last(supervision);
    case PINION_UPGRADE_REPLACING:
        pinion__log(PINION_LOG_INFO, "supervisor: %s; starting the next", supervision->end);
        return replace(supervision);
    default:
        pinion__log(PINION_LOG_INFO, "supervisor: %s; the next takes over", supervision->end);
        return take_over(supervision, now);
    }
}

static bool makes_room(const struct pinion_supervision *supervision, int status)
{
    switch (supervision->upgrade) {
    case PINION_UPGRADE_BESIDE:
        return WIFEXITED(status) && WEXITSTATUS(status) == 0; /* it stopped by itself */
    case PINION_UPGRADE_NONE:
    case PINION_UPGRADE_RETIRING:
        return false;
    default:
        return true;
    }
}

static unsigned failed_to_start(struct pinion_supervision *supervision, uint64_t began, int status,
                                uint64_t now)
{
    supervision->failed_starts++;
    if (supervision->ever_ready)
        return failed_again(supervision, began, now);
    if (!WIFEXITED(status))
        return crashed(supervision, began, exit_status_of(status), now);
    pinion__log(PINION_LOG_ERROR, "supervisor: %s before it was ready, and is not started again",
                supervision->end);
    return conclude(supervision, WEXITSTATUS(status), now);
}

static unsigned child_ended(struct pinion_supervision *supervision, int status, uint64_t now)
{
    struct pinion_life life = supervision->child;
    supervision->child = no_life;
    if (supervision->leaving)
        return left(supervision, &life, true, status);
    if (makes_room(supervision, status))
        return made_room(supervision, now);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        pinion__log(PINION_LOG_INFO, "supervisor: %s", supervision->end);
        return conclude(supervision, 0, now);
    }
    if (!life.ready)
        return failed_to_start(supervision, life.began, status, now);
    return crashed(supervision, life.began, exit_status_of(status), now);
}

/* ---- the end of the other ---- */

static unsigned next_failed(struct pinion_supervision *supervision, uint64_t now)
{
    supervision->failed_starts++;
    if (supervision->upgrade == PINION_UPGRADE_HANDOVER) {
        supervision->upgrade = PINION_UPGRADE_GOING_BACK; /* the child has been asked to stop */
        return upgrade_failed(supervision, GOING_BACK);
    }
    unsigned acts = upgrade_failed(supervision, "the program as it was goes on");
    acts |= let_in(supervision, now);
    if (supervision->child.state == PINION_LIFE_READY)
        acts |= announce(supervision);
    return acts | settle(supervision, now);
}

static unsigned other_ended(struct pinion_supervision *supervision, int status, uint64_t now)
{
    struct pinion_life life = supervision->other;
    supervision->other = no_life;
    if (supervision->leaving)
        return left(supervision, &life, false, status);
    if (supervision->upgrade != PINION_UPGRADE_RETIRING)
        return next_failed(supervision, now);
    pinion__log(leaving_status(&life, status) ? PINION_LOG_ERROR : PINION_LOG_INFO,
                "supervisor: %s; the next has taken over", supervision->end);
    unsigned acts = let_in(supervision, now);
    return acts | settle(supervision, now);
}

unsigned pinion__supervision_ended(struct pinion_supervision *supervision, pid_t pid, int status,
                                   uint64_t now)
{
    struct pinion_life *life = life_of(supervision, pid);
    if (!life)
        return 0;
    note_end(supervision, life, status);
    return life == &supervision->child ? child_ended(supervision, status, now)
                                       : other_ended(supervision, status, now);
}

/* The reason stands in .end already. */
unsigned pinion__supervision_start_failed(struct pinion_supervision *supervision, bool other, uint64_t now)
{
    if (other) {
        supervision->other = no_life;
        return next_failed(supervision, now);
    }
    supervision->child = no_life;
    if (supervision->upgrade == PINION_UPGRADE_PROVING)
        return fall_back(supervision);
    supervision->failed_starts++;
    return supervision->ever_ready ? failed_again(supervision, now, now) : crashed(supervision, now, 1, now);
}

/* ---- the children's words ---- */

static void is_ready(struct pinion_supervision *supervision, struct pinion_life *life, uint64_t now)
{
    pinion__log(PINION_LOG_INFO, "supervisor: child %d is ready", (int)life->pid);
    life->state = PINION_LIFE_READY;
    life->ready = true;
    life->due = in(now, supervision->watchdog_ms);
    supervision->ever_ready = true;
}

/* The next serves, so the child may go. */
static unsigned change_places(struct pinion_supervision *supervision, uint64_t now)
{
    struct pinion_life next = supervision->other;
    supervision->other = supervision->child.pid ? supervision->child : no_life;
    supervision->child = next;
    supervision->upgrade = PINION_UPGRADE_RETIRING;
    unsigned acts = PINION_ACT_KEEP | announce(supervision) | stop_other(supervision, SIGTERM, now);
    return supervision->other.pid ? acts : acts | settle(supervision, now);
}

/* It has said that it stops, though nobody asked it to: one endpoint of it has ended, and the next one runs.
 */
static bool is_ready_again(const struct pinion_life *life)
{
    return life && life->state == PINION_LIFE_STOPPING && !life->asked && life->ready;
}

unsigned pinion__supervision_ready(struct pinion_supervision *supervision, pid_t pid, uint64_t now)
{
    struct pinion_life *life = life_of(supervision, pid);
    if (is_ready_again(life)) {
        is_ready(supervision, life, now);
        return 0;
    }
    if (!life || (life->state != PINION_LIFE_STARTING && life->state != PINION_LIFE_BEHIND))
        return 0;
    is_ready(supervision, life, now);
    if (life == &supervision->other)
        return change_places(supervision, now);
    unsigned acts = announce(supervision);
    if (supervision->upgrade == PINION_UPGRADE_PROVING)
        acts |= PINION_ACT_KEEP;
    else if (supervision->upgrade != PINION_UPGRADE_NONE)
        return acts;
    return acts | settle(supervision, now);
}

unsigned pinion__supervision_stopping(struct pinion_supervision *supervision, pid_t pid, uint64_t now)
{
    struct pinion_life *life = life_of(supervision, pid);
    if (life && life->state >= PINION_LIFE_STARTING && life->state <= PINION_LIFE_READY) {
        life->state = PINION_LIFE_STOPPING;
        life->due = now + supervision->stop_timeout_ms;
    }
    return 0;
}

/* One that pings before it is ready works, at least: perhaps it never says that it is. An upgrade must say
 * it, as there is no other way to know when the old one may go. */
unsigned pinion__supervision_ping(struct pinion_supervision *supervision, pid_t pid, uint64_t now)
{
    struct pinion_life *life = life_of(supervision, pid);
    if (life && life->state == PINION_LIFE_READY)
        life->due = in(now, supervision->watchdog_ms);
    else if (life && life->state == PINION_LIFE_STARTING && supervision->upgrade == PINION_UPGRADE_NONE &&
             supervision->start_timeout_ms)
        pinion__supervision_extend(supervision, pid, supervision->start_timeout_ms, now);
    return 0;
}

/* As systemd has it: never less time than there was. */
unsigned pinion__supervision_extend(struct pinion_supervision *supervision, pid_t pid, uint64_t ms,
                                    uint64_t now)
{
    struct pinion_life *life = life_of(supervision, pid);
    bool counts = life && (life->state == PINION_LIFE_STARTING || life->state == PINION_LIFE_STOPPING);
    if (counts && ms < NEVER - now && life->due < now + ms)
        life->due = now + ms;
    return 0;
}

void pinion__supervision_not_executed(struct pinion_supervision *supervision, pid_t pid, int error)
{
    struct pinion_life *life = life_of(supervision, pid);
    if (life && life->state == PINION_LIFE_STARTING)
        life->error = error;
}

static unsigned next_needs_the_place(struct pinion_supervision *supervision, const char *what, uint64_t now)
{
    supervision->upgrade = PINION_UPGRADE_HANDOVER;
    if (!supervision->child.pid)
        return take_over(supervision, now);
    pinion__log(PINION_LOG_INFO,
                "supervisor: child %d can go on when child %d has ended: only one can have %s",
                (int)supervision->other.pid, (int)supervision->child.pid, what);
    return stop_child(supervision, SIGTERM, now);
}

unsigned pinion__supervision_claims(struct pinion_supervision *supervision, pid_t pid, const char *what,
                                    bool held, uint64_t now)
{
    struct pinion_life *life = life_of(supervision, pid);
    if (!life)
        return 0;
    bool other = life == &supervision->other;
    if (!held || life->state != PINION_LIFE_STARTING)
        return other ? PINION_ACT_OTHER(PINION_ACT_LET_IN) : PINION_ACT_LET_IN;
    life->state = PINION_LIFE_BEHIND;
    life->due = NEVER;
    return other ? next_needs_the_place(supervision, what, now) : 0;
}

void pinion__supervision_slept(struct pinion_supervision *supervision, uint64_t now)
{
    if (supervision->child.state == PINION_LIFE_READY)
        supervision->child.due = in(now, supervision->watchdog_ms);
}

/* ---- time ---- */

static unsigned abort_child(struct pinion_life *life, uint64_t now)
{
    life->state = PINION_LIFE_ABORTING;
    life->due = now + ABORT_TIMEOUT_MS;
    return PINION_ACT_ABORT;
}

static unsigned kill_child(struct pinion_life *life, const char *why)
{
    pinion__log(PINION_LOG_ERROR, "supervisor: child %d %s: killing it", (int)life->pid, why);
    life->due = NEVER;
    return PINION_ACT_KILL;
}

static unsigned tick_life(struct pinion_supervision *supervision, struct pinion_life *life, uint64_t now)
{
    if (now < life->due)
        return 0;
    switch (life->state) {
    case PINION_LIFE_WAITING:
        return start(supervision);
    case PINION_LIFE_STARTING:
        supervision->late_starts++;
        pinion__log(PINION_LOG_ERROR, "supervisor: child %d was not ready within %u ms: aborting it",
                    (int)life->pid, supervision->start_timeout_ms);
        return abort_child(life, now);
    case PINION_LIFE_READY:
        pinion__log(PINION_LOG_ERROR, "supervisor: child %d has given no sign of life for %u ms: aborting it",
                    (int)life->pid, supervision->watchdog_ms);
        return abort_child(life, now);
    case PINION_LIFE_STOPPING:
        return kill_child(life, "did not stop in time");
    case PINION_LIFE_ABORTING:
        return kill_child(life, "did not end when aborted");
    case PINION_LIFE_NONE:
    case PINION_LIFE_BEHIND:
        break;
    }
    return 0;
}

unsigned pinion__supervision_tick(struct pinion_supervision *supervision, uint64_t now)
{
    unsigned acts = tick_life(supervision, &supervision->child, now);
    return acts | PINION_ACT_OTHER(tick_life(supervision, &supervision->other, now));
}

uint64_t pinion__supervision_due(const struct pinion_supervision *supervision)
{
    uint64_t one = supervision->child.due, other = supervision->other.due;
    return one < other ? one : other;
}

/* ---- signals ---- */

static unsigned stop_at_once(struct pinion_supervision *supervision, int signal)
{
    unsigned acts = 0;
    supervision->exit_status = 128 + signal;
    supervision->concluded = true;
    if (supervision->child.pid)
        acts |= kill_child(&supervision->child, "is to stop at once");
    if (supervision->other.pid)
        acts |= PINION_ACT_OTHER(kill_child(&supervision->other, "is to stop at once"));
    return acts;
}

unsigned pinion__supervision_stop(struct pinion_supervision *supervision, int signal, uint64_t now)
{
    if (supervision->over)
        return 0;
    if (supervision->leaving)
        return stop_at_once(supervision, signal);
    supervision->leaving = true;
    if (!supervision->child.pid && !supervision->other.pid) {
        over(supervision, 0);
        return PINION_ACT_TELL_STOPPING;
    }
    if (!supervision->child.pid)
        supervision->child = no_life;
    return PINION_ACT_TELL_STOPPING | stop_child(supervision, signal, now) |
           stop_other(supervision, signal, now);
}

/* Not while one is under way, nor before the first child was ready: there is nothing to go back to then. */
static bool must_wait(const struct pinion_supervision *supervision)
{
    return supervision->upgrade != PINION_UPGRADE_NONE ||
           (!supervision->ever_ready && supervision->child.pid);
}

unsigned pinion__supervision_reload(struct pinion_supervision *supervision, uint64_t now)
{
    if (supervision->leaving || supervision->over)
        return 0;
    if (must_wait(supervision)) {
        supervision->again = true;
        pinion__log(PINION_LOG_INFO, "supervisor: a child is being started; an upgrade follows it");
        return 0;
    }
    supervision->upgrades++;
    supervision->announced = false;
    if (!supervision->child.pid)
        return PINION_ACT_TELL_RELOADING | replace(supervision);
    if (supervision->exclusive) {
        supervision->upgrade = PINION_UPGRADE_REPLACING;
        return PINION_ACT_TELL_RELOADING | stop_child(supervision, SIGTERM, now);
    }
    supervision->upgrade = PINION_UPGRADE_BESIDE;
    begin_life(&supervision->other);
    return PINION_ACT_TELL_RELOADING | PINION_ACT_OTHER(PINION_ACT_UPGRADE);
}
