/* The supervisor's child: starting it, and what it does to know that it is one. */
#ifndef PINION_ENDPOINT_CHILD_H
#define PINION_ENDPOINT_CHILD_H

#include "endpoint/inherit.h"
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What a child is started with. */
struct pinion_child {
    const char *path; /* the program's file */
    char *const *argv;
    const struct pinion_inherited *sockets;
    const char *notify_socket;
    uint64_t watchdog_us; /* 0: none */
    sigset_t mask;        /* signals blocked, and what becomes of SIGPIPE: as at the parent's start */
    struct sigaction pipe;
};

/* Start one. It gets the sockets as inherit.h says, dies with its parent, and knows its parent's process id
 * from PINION_SUPERVISOR. *pid is its own. PINION_ENOMEM: no process; a program that cannot be executed is a
 * child that exits with status 127. */
int pinion__child_start(const struct pinion_child *child, pid_t *pid);

/* Whether this process is such a child, which is asked before anything else. An orphan is ended here. */
bool pinion__child_is_this(void);

#endif
