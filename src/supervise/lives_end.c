/* The ends of a supervisor's children, and what follows from them. */
#include "base/log.h"
#include "supervise/lives_int.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define GOING_BACK "going back to the program that was ready last"

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
        return pinion__lives_over(lives, exit_status);
    if (serves && !lives->concluded) {
        lives->concluded = true;
        lives->exit_status = exit_status;
    }
    return 0;
}

/* ---- the end of the one that serves ---- */

static unsigned upgrade_failed(struct pinion_lives *lives, const char *what_now)
{
    lives->failed_upgrades++;
    pinion__log(PINION_LOG_ERROR, "supervisor: the upgrade failed (%u of %u so far): %s; %s",
                lives->failed_upgrades, lives->upgrades, lives->end, what_now);
    return PINION_ACT_TELL_FAILED | PINION_ACT_DROP;
}

static unsigned wait_and_start(struct pinion_lives *lives, uint64_t wait, uint64_t now)
{
    if (wait == 0) {
        pinion__log(PINION_LOG_ERROR, "supervisor: %s; starting it again", lives->end);
        return pinion__lives_start(lives);
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

static unsigned give_up(struct pinion_lives *lives, int exit_status, uint64_t now)
{
    const struct pinion_restarts *restarts = &lives->restarts;
    if (lives->upgrade == PINION_UPGRADE_BESIDE) {
        pinion__log(PINION_LOG_ERROR, "supervisor: %s; the next takes over", lives->end);
        return pinion__lives_take_over(lives, now);
    }
    if (!lives->can_go_back) {
        pinion__log(PINION_LOG_ERROR, "supervisor: %s; giving up after %u restarts within %u ms", lives->end,
                    restarts->limit, restarts->period_ms);
        return pinion__lives_conclude(lives, exit_status, now);
    }
    pinion__log(PINION_LOG_ERROR,
                "supervisor: %s; after %u restarts within %u ms going back to the program before the upgrade",
                lives->end, restarts->limit, restarts->period_ms);
    lives->can_go_back = false;
    pinion__restarts_forget(&lives->restarts);
    return PINION_ACT_GO_BACK | pinion__lives_start(lives);
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
        return pinion__lives_start(lives);
    lives->again = false;
    lives->upgrades++;
    return pinion__lives_replace(lives);
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
        return pinion__lives_replace(lives);
    default:
        pinion__log(PINION_LOG_INFO, "supervisor: %s; the next takes over", lives->end);
        return pinion__lives_take_over(lives, now);
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
    return pinion__lives_conclude(lives, WEXITSTATUS(status), now);
}

static unsigned child_ended(struct pinion_lives *lives, int status, uint64_t now)
{
    struct pinion_life life = lives->child;
    lives->child = pinion__no_life;
    if (lives->leaving)
        return left(lives, &life, true, status);
    if (makes_room(lives, status))
        return made_room(lives, now);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        pinion__log(PINION_LOG_INFO, "supervisor: %s", lives->end);
        return pinion__lives_conclude(lives, 0, now);
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
    unsigned acts = upgrade_failed(lives, "the old program keeps running");
    acts |= pinion__lives_let_in(lives, now);
    if (lives->child.state == PINION_LIFE_READY)
        acts |= pinion__lives_announce(lives);
    return acts | pinion__lives_settle(lives, now);
}

static unsigned other_ended(struct pinion_lives *lives, int status, uint64_t now)
{
    struct pinion_life life = lives->other;
    lives->other = pinion__no_life;
    if (lives->leaving)
        return left(lives, &life, false, status);
    if (lives->upgrade != PINION_UPGRADE_RETIRING)
        return next_failed(lives, now);
    pinion__log(leaving_status(&life, status) ? PINION_LOG_ERROR : PINION_LOG_INFO,
                "supervisor: %s; the next has taken over", lives->end);
    unsigned acts = pinion__lives_let_in(lives, now);
    return acts | pinion__lives_settle(lives, now);
}

unsigned pinion__lives_ended(struct pinion_lives *lives, pid_t pid, int status, uint64_t now)
{
    struct pinion_life *life = pinion__lives_of(lives, pid);
    if (!life)
        return 0;
    note_end(lives, life, status);
    return life == &lives->child ? child_ended(lives, status, now) : other_ended(lives, status, now);
}

/* .end has the reason already. */
unsigned pinion__lives_start_failed(struct pinion_lives *lives, bool other, uint64_t now)
{
    if (other) {
        lives->other = pinion__no_life;
        return next_failed(lives, now);
    }
    lives->child = pinion__no_life;
    if (lives->upgrade == PINION_UPGRADE_PROVING)
        return fall_back(lives);
    lives->failed_starts++;
    return lives->ever_ready ? failed_again(lives, now, now) : crashed(lives, now, 1, now);
}
