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
    pid_t pid; /* of the server; 0: its CPU and memory are not looked at */
    int cpu;   /* to run on; -1: any */
    const char *dialect;
    bool json;

    /* What a scenario leaves at 0 takes that scenario's own default. */
    unsigned connections;
    unsigned topics;
    unsigned payload; /* bytes */
    unsigned burst;
    unsigned stalled;
    unsigned publish_port; /* fanout: of the node that publishers are on; 0: that of the subscribers */
    unsigned group;
    unsigned cycles;
    double rate;    /* per second; 0: as fast as answers come */
    double seconds; /* that are measured */
    double warmup;  /* seconds before */
};

/* Exits with 2 and says why on a mistake, with 0 for --help. */
void options_read(int argc, char **argv, struct options *options);

#endif
