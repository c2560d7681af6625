#include "endpoint/supervision.h"
#include "base/log.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define ABORT_TIMEOUT_MS 5000 /* to write a core */
#define NEVER            UINT64_MAX

/* ---- how a child ended ---- */

const char *pinion__describe_end(int status, char *text, size_t size)
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

/* ---- steps ---- */

static unsigned over(struct pinion_supervision *supervision, int exit_status)
{
    supervision->state = PINION_SUPERVISION_OVER;
    supervision->due = NEVER;
    supervision->exit_status = exit_status;
    return 0;
}

static unsigned start(struct pinion_supervision *supervision)
{
    supervision->state = PINION_SUPERVISION_STARTING;
    supervision->due = NEVER;
    supervision->asked = false;
    supervision->reloading = false;
    return PINION_ACT_START;
}

static void await_stop(struct pinion_supervision *supervision, uint64_t now)
{
    supervision->state = PINION_SUPERVISION_STOPPING;
    supervision->due = now + supervision->stop_timeout_ms;
}

/* Once for each child: a second request would mean "at once" to it. */
static unsigned ask_to_stop(struct pinion_supervision *supervision, int signal, uint64_t now)
{
    if (supervision->state == PINION_SUPERVISION_ABORTING || supervision->asked)
        return 0;
    supervision->asked = true;
    supervision->stop_signal = signal;
    await_stop(supervision, now);
    return PINION_ACT_STOP;
}

unsigned pinion__supervision_begin(struct pinion_supervision *supervision)
{
    return start(supervision);
}

unsigned pinion__supervision_started(struct pinion_supervision *supervision, pid_t pid, uint64_t now)
{
    supervision->pid = pid;
    supervision->began = now;
    return 0;
}

/* ---- the child's end ---- */

static unsigned crashed(struct pinion_supervision *supervision, int exit_status, uint64_t now)
{
    const struct pinion_restarts *restarts = &supervision->restarts;
    uint64_t wait;
    if (!pinion__restarts_next(&supervision->restarts, supervision->began, now, &wait)) {
        pinion__log(PINION_LOG_ERROR, "supervisor: %s; giving up after %u restarts within %u ms",
                    supervision->end, restarts->limit, restarts->period_ms);
        return over(supervision, exit_status);
    }
    if (wait == 0) {
        pinion__log(PINION_LOG_ERROR, "supervisor: %s; starting it again", supervision->end);
        return start(supervision);
    }
    pinion__log(PINION_LOG_ERROR, "supervisor: %s; starting it again in %u ms", supervision->end,
                (unsigned)wait);
    supervision->state = PINION_SUPERVISION_WAITING;
    supervision->due = now + wait;
    return 0;
}

unsigned pinion__supervision_start_failed(struct pinion_supervision *supervision, uint64_t now)
{
    supervision->began = now;
    snprintf(supervision->end, sizeof supervision->end, "no child could be started");
    return crashed(supervision, 1, now);
}

/* Killed by the signal it was asked with: it had no handler for it yet, and did what it was asked. */
static int leaving_status(const struct pinion_supervision *supervision, int status)
{
    if (supervision->exit_status)
        return supervision->exit_status;
    if (WIFSIGNALED(status) && WTERMSIG(status) == supervision->stop_signal)
        return 0;
    return exit_status_of(status);
}

static unsigned left(struct pinion_supervision *supervision, int status)
{
    int exit_status = leaving_status(supervision, status);
    pinion__log(exit_status ? PINION_LOG_ERROR : PINION_LOG_INFO, "supervisor: %s", supervision->end);
    return over(supervision, exit_status);
}

unsigned pinion__supervision_ended(struct pinion_supervision *supervision, int status, uint64_t now)
{
    char how[128];
    bool first_failed = supervision->state == PINION_SUPERVISION_STARTING && !supervision->ever_ready;
    snprintf(supervision->end, sizeof supervision->end, "child %d %s", (int)supervision->pid,
             pinion__describe_end(status, how, sizeof how));
    supervision->pid = 0;
    if (supervision->leaving)
        return left(supervision, status);
    if (supervision->reloading) {
        pinion__log(PINION_LOG_INFO, "supervisor: %s; starting the next", supervision->end);
        return start(supervision);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return left(supervision, status);
    if (WIFEXITED(status) && first_failed) {
        pinion__log(PINION_LOG_ERROR, "supervisor: %s before it was ready, and is not started again",
                    supervision->end);
        return over(supervision, WEXITSTATUS(status));
    }
    return crashed(supervision, exit_status_of(status), now);
}

/* ---- the child's words ---- */

unsigned pinion__supervision_ready(struct pinion_supervision *supervision, uint64_t now)
{
    if (supervision->state != PINION_SUPERVISION_STARTING)
        return 0;
    pinion__log(PINION_LOG_INFO, "supervisor: child %d is ready", (int)supervision->pid);
    supervision->state = PINION_SUPERVISION_READY;
    supervision->ever_ready = true;
    pinion__supervision_ping(supervision, now);
    if (supervision->announced)
        return 0;
    supervision->announced = true;
    return PINION_ACT_TELL_READY;
}

unsigned pinion__supervision_stopping(struct pinion_supervision *supervision, uint64_t now)
{
    if (supervision->state == PINION_SUPERVISION_STARTING || supervision->state == PINION_SUPERVISION_READY)
        await_stop(supervision, now);
    return 0;
}

unsigned pinion__supervision_ping(struct pinion_supervision *supervision, uint64_t now)
{
    if (supervision->state == PINION_SUPERVISION_READY)
        supervision->due = supervision->watchdog_ms ? now + supervision->watchdog_ms : NEVER;
    return 0;
}

/* ---- time ---- */

/* A supervisor that is so late has been stopped itself, by a terminal for instance, and the child with it. */
static bool overslept(const struct pinion_supervision *supervision, uint64_t now)
{
    return now - supervision->due > supervision->watchdog_ms / 2;
}

static unsigned abort_child(struct pinion_supervision *supervision, uint64_t now)
{
    pinion__log(PINION_LOG_ERROR, "supervisor: child %d has given no sign of life for %u ms: aborting it",
                (int)supervision->pid, supervision->watchdog_ms);
    supervision->state = PINION_SUPERVISION_ABORTING;
    supervision->due = now + ABORT_TIMEOUT_MS;
    return PINION_ACT_ABORT;
}

static unsigned kill_child(struct pinion_supervision *supervision, const char *why)
{
    pinion__log(PINION_LOG_ERROR, "supervisor: child %d %s: killing it", (int)supervision->pid, why);
    supervision->due = NEVER;
    return PINION_ACT_KILL;
}

unsigned pinion__supervision_tick(struct pinion_supervision *supervision, uint64_t now)
{
    if (now < supervision->due)
        return 0;
    switch (supervision->state) {
    case PINION_SUPERVISION_WAITING:
        return start(supervision);
    case PINION_SUPERVISION_READY:
        return overslept(supervision, now) ? pinion__supervision_ping(supervision, now)
                                           : abort_child(supervision, now);
    case PINION_SUPERVISION_STOPPING:
        return kill_child(supervision, "did not stop in time");
    case PINION_SUPERVISION_ABORTING:
        return kill_child(supervision, "did not end when aborted");
    case PINION_SUPERVISION_STARTING:
    case PINION_SUPERVISION_OVER:
        break;
    }
    return 0;
}

/* ---- signals ---- */

static unsigned stop_at_once(struct pinion_supervision *supervision, int signal)
{
    supervision->exit_status = 128 + signal;
    return supervision->pid ? kill_child(supervision, "is to stop at once") : 0;
}

unsigned pinion__supervision_stop(struct pinion_supervision *supervision, int signal, uint64_t now)
{
    if (supervision->state == PINION_SUPERVISION_OVER)
        return 0;
    if (supervision->leaving)
        return stop_at_once(supervision, signal);
    supervision->leaving = true;
    if (supervision->state != PINION_SUPERVISION_WAITING)
        return PINION_ACT_TELL_STOPPING | ask_to_stop(supervision, signal, now);
    over(supervision, 0);
    return PINION_ACT_TELL_STOPPING;
}

unsigned pinion__supervision_reload(struct pinion_supervision *supervision, uint64_t now)
{
    if (supervision->leaving || supervision->state == PINION_SUPERVISION_OVER)
        return 0;
    if (supervision->state == PINION_SUPERVISION_WAITING) {
        supervision->announced = false;
        return PINION_ACT_TELL_RELOADING | start(supervision);
    }
    if (supervision->reloading)
        return 0;
    supervision->reloading = true;
    supervision->announced = false;
    return PINION_ACT_TELL_RELOADING | ask_to_stop(supervision, SIGTERM, now);
}
