/* The supervisor's child: how it is started, and how it finds out that it is one. */
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
    const char *notify_socket; /* for code in the child that uses sd_notify(3) */
    uint64_t watchdog_us;      /* 0: none */
    sigset_t mask; /* blocked signals, and the action of SIGPIPE, as they were at the parent's start */
    struct sigaction pipe;
};

/* Start a child from this program, a descriptor of builds.h. It gets the sockets as inherit.h describes, and
 * after them its end of a channel, which it uses instead of NOTIFY_SOCKET. It dies with its parent.
 * PINION_SUPERVISOR tells it the parent's process id and the channel's descriptor. *pid is set to its process
 * id, *channel to our end of the channel, which the caller owns. PINION_ENOMEM, with a sentence: no process
 * could be made. If the program cannot be executed, the child sends ERRNO=... and exits with status 127. */
int pinion__child_start(const struct pinion_child *child, int program, pid_t *pid, int *channel);

/* Is this process such a child? Call it before anything else. A child whose parent has died is ended here.
 * From now on the notifications of notify.h go to the parent. */
bool pinion__child_is_this(void);

#endif
