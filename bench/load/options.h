/* The command line of the load generator. */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/types.h>

struct scenario;

struct options {
    const struct scenario *scenario;
    const char *host; /* an IPv4 address */
    uint16_t port;
    pid_t pid; /* of the server; 0: do not look at its CPU time and memory */
    int cpu;   /* the processor to run on; -1: any */
    const char *dialect;
    bool json;

    /* 0 means the scenario's own default. */
    unsigned connections;
    unsigned topics;
    unsigned payload; /* bytes */
    unsigned burst;
    unsigned stalled;
    unsigned publish_port; /* fanout: the port of the publishers' node; 0: the same node */
    unsigned group;
    unsigned cycles;
    double rate;    /* messages a second; 0: the next one leaves when the answer has come */
    double seconds; /* how long to measure */
    double warmup;  /* how long to run before; seconds */
};

/* Read the command line. On a mistake it prints why, and exits with 2. --help exits with 0. */
void options_read(int argc, char **argv, struct options *options);

#endif
