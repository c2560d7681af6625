/* The decisions of a supervisor: the lives of its children as a state machine. It is told what happened and
 * when, and returns what to do. It makes no system call and reads no clock; all times are milliseconds of one
 * clock.
 *
 * There is one child that serves, `child`:
 *
 *   WAITING --due--> STARTING --ready--> READY --asked to, or by itself--> STOPPING
 *                       `--no time left--> ABORTING <--the watchdog's time is over--'
 *
 * It may end in any state except WAITING. Then another one is waited for, or all is over. In an upgrade there
 * is a second one, `other`, which is started while the first serves:
 *
 *   NONE --reload--> BESIDE --other is ready--> they change places: RETIRING --other has ended--> NONE
 *                      |`--other has failed--> NONE: the child was never touched
 *                      `--other needs what the child has--> HANDOVER, the child is asked to stop
 *                            |`--child has ended--> other is the child: PROVING --ready--> NONE
 *                            `--other has failed--> GOING_BACK --child has ended--> it is started again: NONE
 *
 * If there must never be two children, the child is asked to stop first (REPLACING), and the new one starts
 * in its place (PROVING). If it fails while PROVING, the program that was ready last is started. */
#ifndef PINION_SUPERVISE_LIVES_H
#define PINION_SUPERVISE_LIVES_H

#include "supervise/restarts.h"
#include <stddef.h>
#include <sys/types.h>

enum pinion_life_state {
    PINION_LIFE_NONE,    /* there is no such child */
    PINION_LIFE_WAITING, /* it will be started when it is due */
    PINION_LIFE_STARTING,
    PINION_LIFE_BEHIND, /* it has started as far as it can while the other one runs */
    PINION_LIFE_READY,
    PINION_LIFE_STOPPING,
    PINION_LIFE_ABORTING
};

/* A child. */
struct pinion_life {
    enum pinion_life_state state;
    pid_t pid;       /* 0: there is none */
    uint64_t began;  /* when it was started */
    uint64_t due;    /* when pinion__lives_tick has something to do; UINT64_MAX: never */
    int stop_signal; /* the signal that asks it to stop */
    int error;       /* the errno if it could not be executed; 0: it was executed */
    bool asked;      /* it was asked to stop */
    bool ready;      /* it is, or was, ready */
};

enum pinion_upgrade {
    PINION_UPGRADE_NONE,
    PINION_UPGRADE_BESIDE,
    PINION_UPGRADE_HANDOVER,
    PINION_UPGRADE_GOING_BACK,
    PINION_UPGRADE_RETIRING,
    PINION_UPGRADE_REPLACING,
    PINION_UPGRADE_PROVING
};

/* What to do, in this order. */
enum pinion_supervision_act {
    PINION_ACT_TELL_STOPPING = 1 << 0, /* tell whoever watches over the supervisor */
    PINION_ACT_TELL_RELOADING = 1 << 1,
    PINION_ACT_TELL_FAILED = 1 << 2, /* an upgrade has failed; .end says why */
    PINION_ACT_TELL_READY = 1 << 3,
    PINION_ACT_KEEP = 1 << 4,    /* the newer program is the one to start from now on */
    PINION_ACT_DROP = 1 << 5,    /* the newer program is not used */
    PINION_ACT_GO_BACK = 1 << 6, /* the program before it is used again */
    PINION_ACT_STOP = 1 << 7,    /* ask the child to stop, with .stop_signal */
    PINION_ACT_ABORT = 1 << 8,   /* end it, with a core to look at */
    PINION_ACT_KILL = 1 << 9,
    PINION_ACT_LET_IN = 1 << 10, /* tell it that it has what it asked for */
    PINION_ACT_START =
        1 << 11, /* start a child of the program that was ready last, then call _started or _start_failed */
    PINION_ACT_UPGRADE = 1 << 12 /* the same, with the program's file as it is now */
};

/* For the acts from _STOP on: the same act for the other child, for example
 * PINION_ACT_OTHER(PINION_ACT_STOP). */
#define PINION_ACT_OTHER(act) ((unsigned)(act) << 8)

/* Set the first five members; all others are zero. */
struct pinion_lives {
    struct pinion_restarts restarts;
    uint32_t start_timeout_ms; /* a child that is not ready in this time is aborted; 0: no limit */
    uint32_t stop_timeout_ms;  /* a child that does not stop in this time is killed */
    uint32_t watchdog_ms; /* the longest time between pings of a child that is ready; 0: it need not ping */
    bool exclusive;       /* there must never be two children */

    struct pinion_life child, other;
    enum pinion_upgrade upgrade;
    unsigned upgrades, failed_upgrades; /* all that have begun, and those that failed */
    unsigned failed_starts;             /* children that ended before they were ready */
    unsigned late_starts;               /* those of them that were aborted because they took too long */
    int exit_status;                    /* the supervisor's exit status when all is over */
    char end[160];                      /* how the last child ended, as text */
    bool over;
    bool ever_ready;
    bool announced;   /* it was said that a child is ready, since the start or the last reload */
    bool again;       /* another upgrade follows this one */
    bool can_go_back; /* set by the supervisor: there is a program before the one that was ready last */
    bool leaving;     /* no child is started any more, however the children end */
    bool concluded;   /* exit_status is set */
};

/* Each function returns what to do, as bits of PINION_ACT_. */
unsigned pinion__lives_begin(struct pinion_lives *lives);
unsigned pinion__lives_tick(struct pinion_lives *lives, uint64_t now);

/* When to call _tick next; UINT64_MAX: never. */
uint64_t pinion__lives_due(const struct pinion_lives *lives);

/* The result of PINION_ACT_START or PINION_ACT_UPGRADE: a child, or .end says why there is none. `other` says
 * which one was to be started. */
unsigned pinion__lives_started(struct pinion_lives *lives, bool other, pid_t pid, uint64_t now);
unsigned pinion__lives_start_failed(struct pinion_lives *lives, bool other, uint64_t now);

/* The child `pid` has ended. `status` is that of waitpid. It is logged how it ended. For this and the next
 * five functions, a process that is neither of the two changes nothing. */
unsigned pinion__lives_ended(struct pinion_lives *lives, pid_t pid, int status, uint64_t now);

/* What a child says: it is ready; it stops; it is alive; it asks for this much time, in milliseconds from
 * now; it could not be executed. */
unsigned pinion__lives_ready(struct pinion_lives *lives, pid_t pid, uint64_t now);
unsigned pinion__lives_stopping(struct pinion_lives *lives, pid_t pid, uint64_t now);
unsigned pinion__lives_ping(struct pinion_lives *lives, pid_t pid, uint64_t now);
unsigned pinion__lives_extend(struct pinion_lives *lives, pid_t pid, uint64_t ms, uint64_t now);
void pinion__lives_not_executed(struct pinion_lives *lives, pid_t pid, int error);

/* A child asks for something that only one child can have; `what` is a text for the log. `held`: the other
 * child has it. */
unsigned pinion__lives_claims(struct pinion_lives *lives, pid_t pid, const char *what, bool held,
                              uint64_t now);

/* The supervisor was stopped, and the children with it: their times begin anew. */
void pinion__lives_slept(struct pinion_lives *lives, uint64_t now);

/* A signal to the supervisor says: stop (the first time gracefully, the second time at once); replace the
 * child by a new one. */
unsigned pinion__lives_stop(struct pinion_lives *lives, int signal, uint64_t now);
unsigned pinion__lives_reload(struct pinion_lives *lives, uint64_t now);

#endif
