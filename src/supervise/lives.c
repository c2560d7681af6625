#include "supervise/lives.h"
#include "base/log.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define ABORT_TIMEOUT_MS 5000 /* time to write a core */
#define NEVER            UINT64_MAX
#define GOING_BACK       "going back to the program that was ready last"

/* ---- how a child ended ---- */

/* "was killed by signal 11 (Segmentation fault), core dumped", or "exited with status 3". `status` is that of
 * waitpid. Returns `text`. */
static const char *describe_end(int status, char *text, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(text, size, "was killed by signal %d (%s)%s", WTERMSIG(status), strsignal(WTERMSIG(status)),
                 WCOREDUMP(status) ? ", core dumped" : "");
    else
        snprintf(text, size, "exited with status %d", WEXITSTATUS(status));
    return text;
}

/* The status a shell would show. */
static int exit_status_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void note_end(struct pinion_lives *lives, const struct pinion_life *life, int status)
{
    char how[128];
    if (life->error)
        snprintf(how, sizeof how, "could not be executed (%s)", strerror(life->error));
    else
        describe_end(status, how, sizeof how);
    snprintf(lives->end, sizeof lives->end, "child %d %s", (int)life->pid, how);
}

/* ---- one life ---- */

static const struct pinion_life no_life = { .state = PINION_LIFE_NONE, .due = NEVER };

static void begin_life(struct pinion_life *life)
{
    *life = (struct pinion_life){ .state = PINION_LIFE_STARTING, .due = NEVER };
}

static struct pinion_life *life_of(struct pinion_lives *lives, pid_t pid)
{
    if (pid && pid == lives->child.pid)
        return &lives->child;
    return pid && pid == lives->other.pid ? &lives->other : NULL;
}

static uint64_t in(uint64_t now, uint32_t ms)
{
    return ms ? now + ms : NEVER;
}

/* A child is asked once: a second request would mean "at once" to it. */
static bool ask_to_stop(const struct pinion_lives *lives, struct pinion_life *life, int signal, uint64_t now)
{
    if (!life->pid || life->state == PINION_LIFE_ABORTING || life->asked)
        return false;
    life->asked = true;
    life->stop_signal = signal;
    life->state = PINION_LIFE_STOPPING;
    life->due = now + lives->stop_timeout_ms;
    return true;
}

static unsigned stop_child(struct pinion_lives *lives, int signal, uint64_t now)
{
    return ask_to_stop(lives, &lives->child, signal, now) ? PINION_ACT_STOP : 0;
}

static unsigned stop_other(struct pinion_lives *lives, int signal, uint64_t now)
{
    return ask_to_stop(lives, &lives->other, signal, now) ? PINION_ACT_OTHER(PINION_ACT_STOP) : 0;
}

/* ---- steps ---- */

static unsigned start(struct pinion_lives *lives)
{
    begin_life(&lives->child);
    return PINION_ACT_START;
}

/* Start the newer program in the place of the one before. */
static unsigned replace(struct pinion_lives *lives)
{
    lives->upgrade = PINION_UPGRADE_PROVING;
    begin_life(&lives->child);
    return PINION_ACT_UPGRADE;
}

static unsigned over(struct pinion_lives *lives, int exit_status)
{
    if (!lives->concluded)
        lives->exit_status = exit_status;
    lives->concluded = true;
    lives->over = true;
    lives->child = lives->other = no_life;
    return 0;
}

/* No child will be started any more. */
static unsigned conclude(struct pinion_lives *lives, int exit_status, uint64_t now)
{
    if (!lives->other.pid)
        return over(lives, exit_status);
    lives->leaving = true;
    lives->concluded = true;
    lives->exit_status = exit_status;
    return stop_other(lives, SIGTERM, now);
}

static unsigned announce(struct pinion_lives *lives)
{
    if (lives->announced)
        return 0;
    lives->announced = true;
    return PINION_ACT_TELL_READY;
}

/* An upgrade is over, with or without success. */
static unsigned settle(struct pinion_lives *lives, uint64_t now)
{
    lives->upgrade = PINION_UPGRADE_NONE;
    if (!lives->again)
        return 0;
    lives->again = false;
    return pinion__lives_reload(lives, now);
}

static unsigned upgrade_failed(struct pinion_lives *lives, const char *what_now)
{
    lives->failed_upgrades++;
    pinion__log(PINION_LOG_ERROR, "supervisor: the upgrade failed (%u of %u so far): %s; %s",
                lives->failed_upgrades, lives->upgrades, lives->end, what_now);
    return PINION_ACT_TELL_FAILED | PINION_ACT_DROP;
}

unsigned pinion__lives_begin(struct pinion_lives *lives)
{
    lives->other = no_life;
    return start(lives);
}

unsigned pinion__lives_started(struct pinion_lives *lives, bool other, pid_t pid, uint64_t now)
{
    struct pinion_life *life = other ? &lives->other : &lives->child;
    life->pid = pid;
    life->began = now;
    life->due = in(now, lives->start_timeout_ms);
    return 0;
}

/* ---- an end while the supervisor leaves ---- */

/* A child that was killed by the very signal that asked it to stop had no handler for it yet: it did what it
 * was asked. */
static int leaving_status(const struct pinion_life *life, int status)
{
    bool as_asked = WIFSIGNALED(status) && life->asked && WTERMSIG(status) == life->stop_signal;
    return as_asked ? 0 : exit_status_of(status);
}

static unsigned left(struct pinion_lives *lives, const struct pinion_life *life, bool serves, int status)
{
    int exit_status = leaving_status(life, status);
    bool last = !lives->child.pid && !lives->other.pid;
    pinion__log(exit_status ? PINION_LOG_ERROR : PINION_LOG_INFO, "supervisor: %s", lives->end);
    if (last)
        return over(lives, exit_status);
    if (serves && !lives->concluded) {
        lives->concluded = true;
        lives->exit_status = exit_status;
    }
    return 0;
}

/* ---- the end of the one that serves ---- */

static unsigned wait_and_start(struct pinion_lives *lives, uint64_t wait, uint64_t now)
{
    if (wait == 0) {
        pinion__log(PINION_LOG_ERROR, "supervisor: %s; starting it again", lives->end);
        return start(lives);
    }
    pinion__log(PINION_LOG_ERROR, "supervisor: %s; starting it again in %u ms", lives->end, (unsigned)wait);
    lives->child.state = PINION_LIFE_WAITING;
    lives->child.due = now + wait;
    return 0;
}

/* The program was ready before. What keeps it from starting now may pass, for example when a broker is
 * away. */
static unsigned failed_again(struct pinion_lives *lives, uint64_t began, uint64_t now)
{
    uint64_t wait = pinion__restarts_wait(&lives->restarts, began, now);
    return wait_and_start(lives, wait ? wait : lives->restarts.min_ms, now);
}

/* The child that had what the other waits for has ended. */
static unsigned let_in(struct pinion_lives *lives, uint64_t now)
{
    if (lives->child.state != PINION_LIFE_BEHIND)
        return 0;
    lives->child.state = PINION_LIFE_STARTING;
    lives->child.due = in(now, lives->start_timeout_ms);
    return PINION_ACT_LET_IN;
}

/* The other child becomes the child. */
static unsigned take_over(struct pinion_lives *lives, uint64_t now)
{
    lives->child = lives->other;
    lives->other = no_life;
    lives->upgrade = PINION_UPGRADE_PROVING;
    return let_in(lives, now);
}

static unsigned give_up(struct pinion_lives *lives, int exit_status, uint64_t now)
{
    const struct pinion_restarts *restarts = &lives->restarts;
    if (lives->upgrade == PINION_UPGRADE_BESIDE) {
        pinion__log(PINION_LOG_ERROR, "supervisor: %s; the next takes over", lives->end);
        return take_over(lives, now);
    }
    if (!lives->can_go_back) {
        pinion__log(PINION_LOG_ERROR, "supervisor: %s; giving up after %u restarts within %u ms", lives->end,
                    restarts->limit, restarts->period_ms);
        return conclude(lives, exit_status, now);
    }
    pinion__log(PINION_LOG_ERROR,
                "supervisor: %s; after %u restarts within %u ms going back to the program before the upgrade",
                lives->end, restarts->limit, restarts->period_ms);
    lives->can_go_back = false;
    pinion__restarts_forget(&lives->restarts);
    return PINION_ACT_GO_BACK | start(lives);
}

static unsigned crashed(struct pinion_lives *lives, uint64_t began, int exit_status, uint64_t now)
{
    uint64_t wait;
    if (now - began >= lives->restarts.period_ms)
        lives->can_go_back = false; /* it was ready after the upgrade */
    if (pinion__restarts_next(&lives->restarts, began, now, &wait))
        return wait_and_start(lives, wait, now);
    return give_up(lives, exit_status, now);
}

/* An upgrade failed after the old child had ended. Start another upgrade if one was asked for, otherwise the
 * program that was ready last. */
static unsigned next_or_last(struct pinion_lives *lives)
{
    lives->upgrade = PINION_UPGRADE_NONE;
    if (!lives->again)
        return start(lives);
    lives->again = false;
    lives->upgrades++;
    return replace(lives);
}

static unsigned fall_back(struct pinion_lives *lives)
{
    unsigned acts = upgrade_failed(lives, GOING_BACK);
    return acts | next_or_last(lives);
}

/* The child ended to make room for a new one. */
static unsigned made_room(struct pinion_lives *lives, uint64_t now)
{
    switch (lives->upgrade) {
    case PINION_UPGRADE_PROVING:
        return fall_back(lives);
    case PINION_UPGRADE_GOING_BACK:
        pinion__log(PINION_LOG_INFO, "supervisor: %s; starting the program that was ready last", lives->end);
        return next_or_last(lives);
    case PINION_UPGRADE_REPLACING:
        pinion__log(PINION_LOG_INFO, "supervisor: %s; starting the next", lives->end);
        return replace(lives);
    default:
        pinion__log(PINION_LOG_INFO, "supervisor: %s; the next takes over", lives->end);
        return take_over(lives, now);
    }
}

static bool makes_room(const struct pinion_lives *lives, int status)
{
    switch (lives->upgrade) {
    case PINION_UPGRADE_BESIDE:
        return WIFEXITED(status) && WEXITSTATUS(status) == 0; /* it stopped by itself */
    case PINION_UPGRADE_NONE:
    case PINION_UPGRADE_RETIRING:
        return false;
    default:
        return true;
    }
}

static unsigned failed_to_start(struct pinion_lives *lives, uint64_t began, int status, uint64_t now)
{
    lives->failed_starts++;
    if (lives->ever_ready)
        return failed_again(lives, began, now);
    if (!WIFEXITED(status))
        return crashed(lives, began, exit_status_of(status), now);
    pinion__log(PINION_LOG_ERROR, "supervisor: %s before it was ready, and is not started again", lives->end);
    return conclude(lives, WEXITSTATUS(status), now);
}

static unsigned child_ended(struct pinion_lives *lives, int status, uint64_t now)
{
    struct pinion_life life = lives->child;
    lives->child = no_life;
    if (lives->leaving)
        return left(lives, &life, true, status);
    if (makes_room(lives, status))
        return made_room(lives, now);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        pinion__log(PINION_LOG_INFO, "supervisor: %s", lives->end);
        return conclude(lives, 0, now);
    }
    if (!life.ready)
        return failed_to_start(lives, life.began, status, now);
    return crashed(lives, life.began, exit_status_of(status), now);
}

/* ---- the end of the other child ---- */

static unsigned next_failed(struct pinion_lives *lives, uint64_t now)
{
    lives->failed_starts++;
    if (lives->upgrade == PINION_UPGRADE_HANDOVER) {
        lives->upgrade = PINION_UPGRADE_GOING_BACK; /* the child was asked to stop already */
        return upgrade_failed(lives, GOING_BACK);
    }
    unsigned acts = upgrade_failed(lives, "the program as it was goes on");
    acts |= let_in(lives, now);
    if (lives->child.state == PINION_LIFE_READY)
        acts |= announce(lives);
    return acts | settle(lives, now);
}

static unsigned other_ended(struct pinion_lives *lives, int status, uint64_t now)
{
    struct pinion_life life = lives->other;
    lives->other = no_life;
    if (lives->leaving)
        return left(lives, &life, false, status);
    if (lives->upgrade != PINION_UPGRADE_RETIRING)
        return next_failed(lives, now);
    pinion__log(leaving_status(&life, status) ? PINION_LOG_ERROR : PINION_LOG_INFO,
                "supervisor: %s; the next has taken over", lives->end);
    unsigned acts = let_in(lives, now);
    return acts | settle(lives, now);
}

unsigned pinion__lives_ended(struct pinion_lives *lives, pid_t pid, int status, uint64_t now)
{
    struct pinion_life *life = life_of(lives, pid);
    if (!life)
        return 0;
    note_end(lives, life, status);
    return life == &lives->child ? child_ended(lives, status, now) : other_ended(lives, status, now);
}

/* .end has the reason already. */
unsigned pinion__lives_start_failed(struct pinion_lives *lives, bool other, uint64_t now)
{
    if (other) {
        lives->other = no_life;
        return next_failed(lives, now);
    }
    lives->child = no_life;
    if (lives->upgrade == PINION_UPGRADE_PROVING)
        return fall_back(lives);
    lives->failed_starts++;
    return lives->ever_ready ? failed_again(lives, now, now) : crashed(lives, now, 1, now);
}

/* ---- what the children say ---- */

static void is_ready(struct pinion_lives *lives, struct pinion_life *life, uint64_t now)
{
    pinion__log(PINION_LOG_INFO, "supervisor: child %d is ready", (int)life->pid);
    life->state = PINION_LIFE_READY;
    life->ready = true;
    life->due = in(now, lives->watchdog_ms);
    lives->ever_ready = true;
}

/* The other child serves, so the child may go. */
static unsigned change_places(struct pinion_lives *lives, uint64_t now)
{
    struct pinion_life next = lives->other;
    lives->other = lives->child.pid ? lives->child : no_life;
    lives->child = next;
    lives->upgrade = PINION_UPGRADE_RETIRING;
    unsigned acts = PINION_ACT_KEEP | announce(lives) | stop_other(lives, SIGTERM, now);
    return lives->other.pid ? acts : acts | settle(lives, now);
}

/* It has said that it stops, but nobody has asked it to: one of its endpoints has ended, and the next one
 * runs. */
static bool is_ready_again(const struct pinion_life *life)
{
    return life && life->state == PINION_LIFE_STOPPING && !life->asked && life->ready;
}

unsigned pinion__lives_ready(struct pinion_lives *lives, pid_t pid, uint64_t now)
{
    struct pinion_life *life = life_of(lives, pid);
    if (is_ready_again(life)) {
        is_ready(lives, life, now);
        return 0;
    }
    if (!life || (life->state != PINION_LIFE_STARTING && life->state != PINION_LIFE_BEHIND))
        return 0;
    is_ready(lives, life, now);
    if (life == &lives->other)
        return change_places(lives, now);
    unsigned acts = announce(lives);
    if (lives->upgrade == PINION_UPGRADE_PROVING)
        acts |= PINION_ACT_KEEP;
    else if (lives->upgrade != PINION_UPGRADE_NONE)
        return acts;
    return acts | settle(lives, now);
}

unsigned pinion__lives_stopping(struct pinion_lives *lives, pid_t pid, uint64_t now)
{
    struct pinion_life *life = life_of(lives, pid);
    if (life && life->state >= PINION_LIFE_STARTING && life->state <= PINION_LIFE_READY) {
        life->state = PINION_LIFE_STOPPING;
        life->due = now + lives->stop_timeout_ms;
    }
    return 0;
}

/* A child that pings before it is ready works, and perhaps never says that it is ready. In an upgrade it must
 * say so: there is no other way to know when the old one may go. */
unsigned pinion__lives_ping(struct pinion_lives *lives, pid_t pid, uint64_t now)
{
    struct pinion_life *life = life_of(lives, pid);
    if (life && life->state == PINION_LIFE_READY)
        life->due = in(now, lives->watchdog_ms);
    else if (life && life->state == PINION_LIFE_STARTING && lives->upgrade == PINION_UPGRADE_NONE &&
             lives->start_timeout_ms)
        pinion__lives_extend(lives, pid, lives->start_timeout_ms, now);
    return 0;
}

/* As in systemd, it never gets less time than it had. */
unsigned pinion__lives_extend(struct pinion_lives *lives, pid_t pid, uint64_t ms, uint64_t now)
{
    struct pinion_life *life = life_of(lives, pid);
    bool counts = life && (life->state == PINION_LIFE_STARTING || life->state == PINION_LIFE_STOPPING);
    if (counts && ms < NEVER - now && life->due < now + ms)
        life->due = now + ms;
    return 0;
}

void pinion__lives_not_executed(struct pinion_lives *lives, pid_t pid, int error)
{
    struct pinion_life *life = life_of(lives, pid);
    if (life && life->state == PINION_LIFE_STARTING)
        life->error = error;
}

static unsigned next_needs_the_place(struct pinion_lives *lives, const char *what, uint64_t now)
{
    lives->upgrade = PINION_UPGRADE_HANDOVER;
    if (!lives->child.pid)
        return take_over(lives, now);
    pinion__log(PINION_LOG_INFO,
                "supervisor: child %d can go on when child %d has ended: only one can have %s",
                (int)lives->other.pid, (int)lives->child.pid, what);
    return stop_child(lives, SIGTERM, now);
}

unsigned pinion__lives_claims(struct pinion_lives *lives, pid_t pid, const char *what, bool held,
                              uint64_t now)
{
    struct pinion_life *life = life_of(lives, pid);
    if (!life)
        return 0;
    bool other = life == &lives->other;
    if (!held || life->state != PINION_LIFE_STARTING)
        return other ? PINION_ACT_OTHER(PINION_ACT_LET_IN) : PINION_ACT_LET_IN;
    life->state = PINION_LIFE_BEHIND;
    life->due = NEVER;
    return other ? next_needs_the_place(lives, what, now) : 0;
}

void pinion__lives_slept(struct pinion_lives *lives, uint64_t now)
{
    if (lives->child.state == PINION_LIFE_READY)
        lives->child.due = in(now, lives->watchdog_ms);
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

static unsigned tick_life(struct pinion_lives *lives, struct pinion_life *life, uint64_t now)
{
    if (now < life->due)
        return 0;
    switch (life->state) {
    case PINION_LIFE_WAITING:
        return start(lives);
    case PINION_LIFE_STARTING:
        lives->late_starts++;
        pinion__log(PINION_LOG_ERROR, "supervisor: child %d was not ready within %u ms: aborting it",
                    (int)life->pid, lives->start_timeout_ms);
        return abort_child(life, now);
    case PINION_LIFE_READY:
        pinion__log(PINION_LOG_ERROR, "supervisor: child %d has given no sign of life for %u ms: aborting it",
                    (int)life->pid, lives->watchdog_ms);
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

unsigned pinion__lives_tick(struct pinion_lives *lives, uint64_t now)
{
    unsigned acts = tick_life(lives, &lives->child, now);
    return acts | PINION_ACT_OTHER(tick_life(lives, &lives->other, now));
}

uint64_t pinion__lives_due(const struct pinion_lives *lives)
{
    uint64_t one = lives->child.due, other = lives->other.due;
    return one < other ? one : other;
}

/* ---- signals ---- */

static unsigned stop_at_once(struct pinion_lives *lives, int signal)
{
    unsigned acts = 0;
    lives->exit_status = 128 + signal;
    lives->concluded = true;
    if (lives->child.pid)
        acts |= kill_child(&lives->child, "is to stop at once");
    if (lives->other.pid)
        acts |= PINION_ACT_OTHER(kill_child(&lives->other, "is to stop at once"));
    return acts;
}

unsigned pinion__lives_stop(struct pinion_lives *lives, int signal, uint64_t now)
{
    if (lives->over)
        return 0;
    if (lives->leaving)
        return stop_at_once(lives, signal);
    lives->leaving = true;
    if (!lives->child.pid && !lives->other.pid) {
        over(lives, 0);
        return PINION_ACT_TELL_STOPPING;
    }
    if (!lives->child.pid)
        lives->child = no_life;
    return PINION_ACT_TELL_STOPPING | stop_child(lives, signal, now) | stop_other(lives, signal, now);
}

/* An upgrade must wait while another is under way, and until the first child was ready: before, there is no
 * program to go back to. */
static bool must_wait(const struct pinion_lives *lives)
{
    return lives->upgrade != PINION_UPGRADE_NONE || (!lives->ever_ready && lives->child.pid);
}

unsigned pinion__lives_reload(struct pinion_lives *lives, uint64_t now)
{
    if (lives->leaving || lives->over)
        return 0;
    if (must_wait(lives)) {
        lives->again = true;
        pinion__log(PINION_LOG_INFO, "supervisor: a child is being started; an upgrade follows it");
        return 0;
    }
    lives->upgrades++;
    lives->announced = false;
    if (!lives->child.pid)
        return PINION_ACT_TELL_RELOADING | replace(lives);
    if (lives->exclusive) {
        lives->upgrade = PINION_UPGRADE_REPLACING;
        return PINION_ACT_TELL_RELOADING | stop_child(lives, SIGTERM, now);
    }
    lives->upgrade = PINION_UPGRADE_BESIDE;
    begin_life(&lives->other);
    return PINION_ACT_TELL_RELOADING | PINION_ACT_OTHER(PINION_ACT_UPGRADE);
}
