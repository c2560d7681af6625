/* What a supervisor decides: the lives of its children as a state machine. It is told what happened and when,
 * and says what to do; it makes no system call and reads no clock (all times are milliseconds of one clock).
 *
 * There is one child that serves, `child`:
 *
 *   WAITING --due--> STARTING --ready--> READY --asked to, or by itself--> STOPPING
 *                       `--no time left--> ABORTING <--the watchdog's time is over--'
 *
 * It may end in any state but WAITING; then another is waited for, or all is over. An upgrade has a second
 * one, `other`, which is started while the first serves:
 *
 *   NONE --reload--> BESIDE --other is ready--> they change places: RETIRING --other has ended--> NONE
 *                      |`--other has failed--> NONE: the child has never been touched
 *                      `--other needs what the child holds--> HANDOVER, the child is asked to stop
 *                            |`--child has ended--> other is the child: PROVING --ready--> NONE
 *                            `--other has failed--> GOING_BACK --child has ended--> it is started again: NONE
 *
 * Where there must never be two of them the child is asked to stop first (REPLACING), and the new one starts
 * in its place (PROVING). One that fails while it is PROVING is followed by the program that was ready last.
 */
#ifndef PINION_SUPERVISE_LIVES_H
#define PINION_SUPERVISE_LIVES_H

#include "supervise/restarts.h"
#include <stddef.h>
#include <sys/types.h>

enum pinion_life_state {
    PINION_LIFE_NONE,    /* there is no such child */
    PINION_LIFE_WAITING, /* nor here, but one is started when it is due */
    PINION_LIFE_STARTING,
    PINION_LIFE_BEHIND, /* it has started as far as it can before the other has ended */
    PINION_LIFE_READY,
    PINION_LIFE_STOPPING,
    PINION_LIFE_ABORTING
};

/* One child. */
struct pinion_life {
    enum pinion_life_state state;
    pid_t pid;       /* 0: there is none */
    uint64_t began;  /* when it was started */
    uint64_t due;    /* when _tick has something to do, UINT64_MAX: never */
    int stop_signal; /* what it is asked to stop with */
    int error;       /* the errno with which it could not be executed; 0: it was */
    bool asked;      /* it has been asked to stop */
    bool ready;      /* it is, or was */
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
    PINION_ACT_TELL_STOPPING = 1 << 0, /* whoever watches over the supervisor */
    PINION_ACT_TELL_RELOADING = 1 << 1,
    PINION_ACT_TELL_FAILED = 1 << 2, /* an upgrade has, .end says of what */
    PINION_ACT_TELL_READY = 1 << 3,
    PINION_ACT_KEEP = 1 << 4,    /* the newer program is the one to start from now on */
    PINION_ACT_DROP = 1 << 5,    /* it is not */
    PINION_ACT_GO_BACK = 1 << 6, /* the one before it is */
    PINION_ACT_STOP = 1 << 7,    /* ask the child to stop, by .stop_signal */
    PINION_ACT_ABORT = 1 << 8,   /* end it, with a core to look at */
    PINION_ACT_KILL = 1 << 9,
    PINION_ACT_LET_IN = 1 << 10, /* tell it that what it asked for is its own */
    PINION_ACT_START = 1 << 11,  /* start one of the program that was ready last, then say _started or
                                  * _start_failed */
    PINION_ACT_UPGRADE = 1 << 12 /* the same with the program's file as it is now */
};

/* The acts from _STOP on, for the other child: PINION_ACT_OTHER(PINION_ACT_STOP). */
#define PINION_ACT_OTHER(act) ((unsigned)(act) << 8)

/* All zero but for the first five to begin with. */
struct pinion_lives {
    struct pinion_restarts restarts;
    uint32_t start_timeout_ms; /* a child that is not ready by then is aborted; 0: it has any time */
    uint32_t stop_timeout_ms;  /* a child that stops is killed then */
    uint32_t watchdog_ms;      /* between pings of a child that is ready; 0: it need not ping */
    bool exclusive;            /* there are never two children */

    struct pinion_life child, other;
    enum pinion_upgrade upgrade;
    unsigned upgrades, failed_upgrades; /* all that have begun, and those of them that failed */
    unsigned failed_starts;             /* children that ended before they were ready */
    unsigned late_starts;               /* those of them that were aborted for it */
    int exit_status;                    /* what to leave with, once over */
    char end[160];                      /* how the last child ended, for people */
    bool over;
    bool ever_ready;
    bool announced;   /* that a child is ready, since the start or since the last reload */
    bool again;       /* another upgrade follows this one */
    bool can_go_back; /* there is a program before the one that was ready last: set by the supervisor */
    bool leaving;     /* whatever the children's ends, none is started */
    bool concluded;   /* exit_status is set */
};

/* Each answers with what to do, PINION_ACT_ bits. */
unsigned pinion__lives_begin(struct pinion_lives *lives);
unsigned pinion__lives_tick(struct pinion_lives *lives, uint64_t now);

/* When to _tick next; UINT64_MAX: never. */
uint64_t pinion__lives_due(const struct pinion_lives *lives);

/* What came of PINION_ACT_START or PINION_ACT_UPGRADE: a child, or .end says why there is none. `other` says
 * which was to be started. */
unsigned pinion__lives_started(struct pinion_lives *lives, bool other, pid_t pid, uint64_t now);
unsigned pinion__lives_start_failed(struct pinion_lives *lives, bool other, uint64_t now);

/* The child `pid` ended; status is waitpid's. Says in the log what it died of. As for the next five, a
 * process that is none of the two changes nothing. */
unsigned pinion__lives_ended(struct pinion_lives *lives, pid_t pid, int status, uint64_t now);

/* What a child says of itself: it is ready; it stops; it is alive; it asks for so much time, in milliseconds
 * from now; it could not be executed. */
unsigned pinion__lives_ready(struct pinion_lives *lives, pid_t pid, uint64_t now);
unsigned pinion__lives_stopping(struct pinion_lives *lives, pid_t pid, uint64_t now);
unsigned pinion__lives_ping(struct pinion_lives *lives, pid_t pid, uint64_t now);
unsigned pinion__lives_extend(struct pinion_lives *lives, pid_t pid, uint64_t ms, uint64_t now);
void pinion__lives_not_executed(struct pinion_lives *lives, pid_t pid, int error);

/* It asks for something that only one can have, for people: `what`; the other child has it, or has not. */
unsigned pinion__lives_claims(struct pinion_lives *lives, pid_t pid, const char *what, bool held,
                              uint64_t now);

/* The supervisor has been stopped itself, and with it the children: their watch begins anew. */
void pinion__lives_slept(struct pinion_lives *lives, uint64_t now);

/* A signal to the supervisor says: stop (the first time gracefully, the second time at once); replace the
 * child by a new one. */
unsigned pinion__lives_stop(struct pinion_lives *lives, int signal, uint64_t now);
unsigned pinion__lives_reload(struct pinion_lives *lives, uint64_t now);

#endif
