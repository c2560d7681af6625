/* What a supervisor decides: the life of its child as a state machine. It is told what happened and when, and
 * says what to do; it makes no system call and reads no clock (all times are milliseconds of one clock).
 *
 *   WAITING --due--> STARTING --ready--> READY --asked to, or by itself--> STOPPING
 *                                          `--the watchdog's time is over--> ABORTING
 *
 * A child may end in any state but WAITING; then a new one is waited for, or all is OVER.
 */
#ifndef PINION_ENDPOINT_SUPERVISION_H
#define PINION_ENDPOINT_SUPERVISION_H

#include "endpoint/restarts.h"
#include <stddef.h>
#include <sys/types.h>

enum pinion_supervision_state {
    PINION_SUPERVISION_WAITING, /* there is no child */
    PINION_SUPERVISION_STARTING,
    PINION_SUPERVISION_READY,
    PINION_SUPERVISION_STOPPING,
    PINION_SUPERVISION_ABORTING,
    PINION_SUPERVISION_OVER
};

/* What to do, in this order. */
enum pinion_supervision_act {
    PINION_ACT_TELL_STOPPING = 1 << 0, /* whoever watches over the supervisor */
    PINION_ACT_TELL_RELOADING = 1 << 1,
    PINION_ACT_TELL_READY = 1 << 2,
    PINION_ACT_STOP = 1 << 3,  /* ask the child to stop, by .stop_signal */
    PINION_ACT_ABORT = 1 << 4, /* end it, with a core to look at */
    PINION_ACT_KILL = 1 << 5,
    PINION_ACT_START = 1 << 6 /* start one, then say _started or _start_failed */
};

/* All zero but for the first three to begin with. */
struct pinion_supervision {
    struct pinion_restarts restarts;
    uint32_t stop_timeout_ms; /* a child that stops is killed then */
    uint32_t watchdog_ms;     /* between pings of a child that is ready; 0: it need not ping */
    enum pinion_supervision_state state;
    pid_t pid;       /* the child's; 0: there is none */
    uint64_t began;  /* when it was started */
    uint64_t due;    /* when _tick has something to do, UINT64_MAX: never */
    int stop_signal; /* what the child is asked to stop with */
    int exit_status; /* what to leave with, once OVER */
    char end[160];   /* how the last child ended, for people */
    bool ever_ready;
    bool announced; /* that a child is ready, since the start or since the last reload */
    bool asked;     /* the child has been asked to stop */
    bool reloading; /* whatever the child's end, the next one is started */
    bool leaving;   /* whatever the child's end, none is started */
};

/* Each answers with what to do, PINION_ACT_ bits. */
unsigned pinion__supervision_begin(struct pinion_supervision *supervision);
unsigned pinion__supervision_tick(struct pinion_supervision *supervision, uint64_t now);

unsigned pinion__supervision_started(struct pinion_supervision *supervision, pid_t pid, uint64_t now);
unsigned pinion__supervision_start_failed(struct pinion_supervision *supervision, uint64_t now);

/* The child ended; status is waitpid's. Says in the log what it died of. */
unsigned pinion__supervision_ended(struct pinion_supervision *supervision, int status, uint64_t now);

/* What the child says of itself: it is ready; it stops; it is alive. */
unsigned pinion__supervision_ready(struct pinion_supervision *supervision, uint64_t now);
unsigned pinion__supervision_stopping(struct pinion_supervision *supervision, uint64_t now);
unsigned pinion__supervision_ping(struct pinion_supervision *supervision, uint64_t now);

/* A signal to the supervisor says: stop (the first time gracefully, the second time at once); replace the
 * child by a new one. */
unsigned pinion__supervision_stop(struct pinion_supervision *supervision, int signal, uint64_t now);
unsigned pinion__supervision_reload(struct pinion_supervision *supervision, uint64_t now);

/* "was killed by signal 11 (Segmentation fault), core dumped", or "exited with status 3"; status is
 * waitpid's. Gives text. */
const char *pinion__describe_end(int status, char *text, size_t size);

#endif
