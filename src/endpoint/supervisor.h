/* The supervisor's process. What it decides is supervision.h's, what it is started with supervise.c's. */
#ifndef PINION_ENDPOINT_SUPERVISOR_H
#define PINION_ENDPOINT_SUPERVISOR_H

#include "endpoint/child.h"
#include "endpoint/notify.h"
#include "endpoint/supervision.h"
#include <limits.h>

struct pinion_supervisor {
    struct pinion_supervision state;
    struct pinion_child child;
    struct pinion_inherited sockets;
    struct pinion_notifier above;    /* whoever watches over this process */
    uint64_t above_ms, above_due;    /* how often it wants a ping, and when next; 0, UINT64_MAX: never */
    int signals;                     /* a signalfd */
    int notifications;               /* what the child says */
    char notify_socket[16];          /* the name of that: "@" and five digits, which the kernel chose */
    char path[PATH_MAX];             /* the program's file */
    void (*ready)(uint16_t, void *); /* NULL: called, or not wanted */
    void *ready_data;
    uint16_t port;
};

/* Start the child, and see to it until the supervision is over. Returns what to exit with. */
int pinion__supervisor_run(struct pinion_supervisor *supervisor);

#endif
