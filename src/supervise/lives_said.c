/* What a supervisor's children say, and what follows from it. */
#include "base/log.h"
#include "supervise/lives_int.h"
#include <signal.h>

static void is_ready(struct pinion_lives *lives, struct pinion_life *life, uint64_t now)
{
    pinion__log(PINION_LOG_INFO, "supervisor: child %d is ready", (int)life->pid);
    life->state = PINION_LIFE_READY;
    life->ready = true;
    life->due = pinion__lives_in(now, lives->watchdog_ms);
    lives->ever_ready = true;
}

/* The other child serves, so the child may go. */
static unsigned change_places(struct pinion_lives *lives, uint64_t now)
{
    struct pinion_life next = lives->other;
    lives->other = lives->child.pid ? lives->child : pinion__no_life;
    lives->child = next;
    lives->upgrade = PINION_UPGRADE_RETIRING;
    unsigned acts =
        PINION_ACT_KEEP | pinion__lives_announce(lives) | pinion__lives_stop_other(lives, SIGTERM, now);
    return lives->other.pid ? acts : acts | pinion__lives_settle(lives, now);
}

/* It has said that it stops, but nobody has asked it to: one of its endpoints has ended, and the next one
 * runs. */
static bool is_ready_again(const struct pinion_life *life)
{
    return life && life->state == PINION_LIFE_STOPPING && !life->asked && life->ready;
}

unsigned pinion__lives_ready(struct pinion_lives *lives, pid_t pid, uint64_t now)
{
    struct pinion_life *life = pinion__lives_of(lives, pid);
    if (is_ready_again(life)) {
        is_ready(lives, life, now);
        return 0;
    }
    if (!life || (life->state != PINION_LIFE_STARTING && life->state != PINION_LIFE_BEHIND))
        return 0;
    is_ready(lives, life, now);
    if (life == &lives->other)
        return change_places(lives, now);
    unsigned acts = pinion__lives_announce(lives);
    if (lives->upgrade == PINION_UPGRADE_PROVING)
        acts |= PINION_ACT_KEEP;
    else if (lives->upgrade != PINION_UPGRADE_NONE)
        return acts;
    return acts | pinion__lives_settle(lives, now);
}

unsigned pinion__lives_stopping(struct pinion_lives *lives, pid_t pid, uint64_t now)
{
    struct pinion_life *life = pinion__lives_of(lives, pid);
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
    struct pinion_life *life = pinion__lives_of(lives, pid);
    if (life && life->state == PINION_LIFE_READY)
        life->due = pinion__lives_in(now, lives->watchdog_ms);
    else if (life && life->state == PINION_LIFE_STARTING && lives->upgrade == PINION_UPGRADE_NONE &&
             lives->start_timeout_ms)
        pinion__lives_extend(lives, pid, lives->start_timeout_ms, now);
    return 0;
}

/* As in systemd, it never gets less time than it had. */
unsigned pinion__lives_extend(struct pinion_lives *lives, pid_t pid, uint64_t ms, uint64_t now)
{
    struct pinion_life *life = pinion__lives_of(lives, pid);
    bool counts = life && (life->state == PINION_LIFE_STARTING || life->state == PINION_LIFE_STOPPING);
    if (counts && ms < PINION_NEVER - now && life->due < now + ms)
        life->due = now + ms;
    return 0;
}

void pinion__lives_not_executed(struct pinion_lives *lives, pid_t pid, int error)
{
    struct pinion_life *life = pinion__lives_of(lives, pid);
    if (life && life->state == PINION_LIFE_STARTING)
        life->error = error;
}

static unsigned next_needs_the_place(struct pinion_lives *lives, const char *what, uint64_t now)
{
    lives->upgrade = PINION_UPGRADE_HANDOVER;
    if (!lives->child.pid)
        return pinion__lives_take_over(lives, now);
    pinion__log(PINION_LOG_INFO,
                "supervisor: child %d can go on when child %d has ended: only one can have %s",
                (int)lives->other.pid, (int)lives->child.pid, what);
    return pinion__lives_stop_child(lives, SIGTERM, now);
}

unsigned pinion__lives_claims(struct pinion_lives *lives, pid_t pid, const char *what, bool held,
                              uint64_t now)
{
    struct pinion_life *life = pinion__lives_of(lives, pid);
    if (!life)
        return 0;
    bool other = life == &lives->other;
    if (!held || life->state != PINION_LIFE_STARTING)
        return other ? PINION_ACT_OTHER(PINION_ACT_LET_IN) : PINION_ACT_LET_IN;
    life->state = PINION_LIFE_BEHIND;
    life->due = PINION_NEVER;
    return other ? next_needs_the_place(lives, what, now) : 0;
}

void pinion__lives_slept(struct pinion_lives *lives, uint64_t now)
{
    if (lives->child.state == PINION_LIFE_READY)
        lives->child.due = pinion__lives_in(now, lives->watchdog_ms);
}
