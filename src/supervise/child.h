/* The supervisor's child: starting it, and what it does to know that it is one. */
#ifndef PINION_SUPERVISE_CHILD_H
#define PINION_SUPERVISE_CHILD_H

#include "process/inherit.h"
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What a child is started with. */
struct pinion_child {
    const char *path; /* where the program's file may still be found */
    char *const *argv;
    const struct pinion_inherited *sockets;
    const char *notify_socket; /* for code in it that speaks sd_notify(3) */
    uint64_t watchdog_us;      /* 0: none */
    sigset_t mask;             /* signals blocked, and what becomes of SIGPIPE: as at the parent's start */
    struct sigaction pipe;
};

/* Start one from this program, a descriptor of builds.h's. It gets the sockets as inherit.h says, and behind
 * them its end of a channel, on which it says what others say to their NOTIFY_SOCKET; it dies with its
 * parent, and knows its parent's process id and the channel's descriptor from PINION_SUPERVISOR. *pid is its
 * own, *channel our end of the channel, the caller's. PINION_ENOMEM, with a sentence: no process; a program
 * that cannot be executed is a child that says ERRNO=... and exits with status 127. */
int pinion__child_start(const struct pinion_child *child, int program, pid_t *pid, int *channel);

/* Whether this process is such a child, which is asked before anything else. An orphan is ended here; what is
 * said by notify.h goes to the parent from now on. */
bool pinion__child_is_this(void);

#endif
