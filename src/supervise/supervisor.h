/* The supervisor's process. lives.h makes its decisions, and prepare.c what it starts with. */
#ifndef PINION_SUPERVISE_SUPERVISOR_H
#define PINION_SUPERVISE_SUPERVISOR_H

#include "process/notify.h"
#include "supervise/awake.h"
#include "supervise/builds.h"
#include "supervise/child.h"
#include "supervise/hearing.h"
#include "supervise/lives.h"
#include "supervise/siblings.h"

#define PINION_CLAIMS_MAX 16 /* of one child; more are granted, but not remembered */

/* A child that runs. */
struct pinion_process {
    pid_t pid;   /* 0: none */
    int channel; /* -1: none, or the child has closed its end */
    unsigned claim_count;
    char claims[PINION_CLAIMS_MAX][PINION_CLAIM_MAX]; /* what it has */
    char wanted[PINION_CLAIM_MAX];                    /* what it waits for */
    struct pinion_lines lines;                        /* by which it is joined with the other */
};

struct pinion_supervisor {
    struct pinion_lives state;
    struct pinion_awake clock; /* the clock of the state */
    uint64_t slice;            /* the longest wait, ms */
    struct pinion_process processes[2];
    struct pinion_builds builds;
    struct pinion_child child;
    struct pinion_inherited sockets;
    unsigned char secret[PINION_SIBLING_SECRET]; /* which the children share */
    struct pinion_notifier above;                /* whoever watches over this process */
    uint64_t above_ms,
        above_due; /* how often it wants a ping, and when the next is due; 0, UINT64_MAX: never */
    int signals;   /* a signalfd */
    struct pinion_ear ear;
    void (*ready)(uint16_t, void *); /* NULL: it was called, or is not wanted */
    void *ready_data;
    uint16_t port;
};

/* Start the child, and run until all is over. Returns the exit status. */
int pinion__supervisor_run(struct pinion_supervisor *supervisor);

#endif
