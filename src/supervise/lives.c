/* The steps of the state machine: see lives_int.h. */
#include "base/log.h"
#include "supervise/lives_int.h"
#include <signal.h>

#define ABORT_TIMEOUT_MS 5000 /* time to write a core */

/* ---- one life ---- */

static void begin_life(struct pinion_life *life)
{
    *life = (struct pinion_life){ .state = PINION_LIFE_STARTING, .due = PINION_NEVER };
}

struct pinion_life *pinion__lives_of(struct pinion_lives *lives, pid_t pid)
{
    if (pid && pid == lives->child.pid)
        return &lives->child;
    return pid && pid == lives->other.pid ? &lives->other : NULL;
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

unsigned pinion__lives_stop_child(struct pinion_lives *lives, int signal, uint64_t now)
{
    return ask_to_stop(lives, &lives->child, signal, now) ? PINION_ACT_STOP : 0;
}

unsigned pinion__lives_stop_other(struct pinion_lives *lives, int signal, uint64_t now)
{
    return ask_to_stop(lives, &lives->other, signal, now) ? PINION_ACT_OTHER(PINION_ACT_STOP) : 0;
}

/* ---- steps ---- */

unsigned pinion__lives_start(struct pinion_lives *lives)
{
    begin_life(&lives->child);
    return PINION_ACT_START;
}

unsigned pinion__lives_replace(struct pinion_lives *lives)
{
    lives->upgrade = PINION_UPGRADE_PROVING;
    begin_life(&lives->child);
    return PINION_ACT_UPGRADE;
}

unsigned pinion__lives_over(struct pinion_lives *lives, int exit_status)
{
    if (!lives->concluded)
        lives->exit_status = exit_status;
    lives->concluded = true;
    lives->over = true;
    lives->child = lives->other = pinion__no_life;
    return 0;
}

unsigned pinion__lives_conclude(struct pinion_lives *lives, int exit_status, uint64_t now)
{
    if (!lives->other.pid)
        return pinion__lives_over(lives, exit_status);
    lives->leaving = true;
    lives->concluded = true;
    lives->exit_status = exit_status;
    return pinion__lives_stop_other(lives, SIGTERM, now);
}

unsigned pinion__lives_announce(struct pinion_lives *lives)
{
    if (lives->announced)
        return 0;
    lives->announced = true;
    return PINION_ACT_TELL_READY;
}

unsigned pinion__lives_settle(struct pinion_lives *lives, uint64_t now)
{
    lives->upgrade = PINION_UPGRADE_NONE;
    if (!lives->again)
        return 0;
    lives->again = false;
    return pinion__lives_reload(lives, now);
}

unsigned pinion__lives_let_in(struct pinion_lives *lives, uint64_t now)
{
    if (lives->child.state != PINION_LIFE_BEHIND)
        return 0;
    lives->child.state = PINION_LIFE_STARTING;
    lives->child.due = pinion__lives_in(now, lives->start_timeout_ms);
    return PINION_ACT_LET_IN;
}

unsigned pinion__lives_take_over(struct pinion_lives *lives, uint64_t now)
{
    lives->child = lives->other;
    lives->other = pinion__no_life;
    lives->upgrade = PINION_UPGRADE_PROVING;
    return pinion__lives_let_in(lives, now);
}

unsigned pinion__lives_begin(struct pinion_lives *lives)
{
    lives->other = pinion__no_life;
    return pinion__lives_start(lives);
}

unsigned pinion__lives_started(struct pinion_lives *lives, bool other, pid_t pid, uint64_t now)
{
    struct pinion_life *life = other ? &lives->other : &lives->child;
    life->pid = pid;
    life->began = now;
    life->due = pinion__lives_in(now, lives->start_timeout_ms);
    return 0;
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
    life->due = PINION_NEVER;
    return PINION_ACT_KILL;
}

static unsigned tick_life(struct pinion_lives *lives, struct pinion_life *life, uint64_t now)
{
    if (now < life->due)
        return 0;
    switch (life->state) {
    case PINION_LIFE_WAITING:
        return pinion__lives_start(lives);
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
        pinion__lives_over(lives, 0);
        return PINION_ACT_TELL_STOPPING;
    }
    if (!lives->child.pid)
        lives->child = pinion__no_life;
    return PINION_ACT_TELL_STOPPING | pinion__lives_stop_child(lives, signal, now) |
           pinion__lives_stop_other(lives, signal, now);
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
        return PINION_ACT_TELL_RELOADING | pinion__lives_replace(lives);
    if (lives->exclusive) {
        lives->upgrade = PINION_UPGRADE_REPLACING;
        return PINION_ACT_TELL_RELOADING | pinion__lives_stop_child(lives, SIGTERM, now);
    }
    lives->upgrade = PINION_UPGRADE_BESIDE;
    begin_life(&lives->other);
    return PINION_ACT_TELL_RELOADING | PINION_ACT_OTHER(PINION_ACT_UPGRADE);
}
