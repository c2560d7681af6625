/* A server for which memory and system calls fail when a test wants it: the conformance server, in which what
 * is wrapped (--wrap) is linked in place of what it is. It serves the files of PINION_SCARCE_FILES under
 * /files, too.
 *
 * What fails, by file:
 *
 *   memory.c   mappings; which allocations: helpers/memory_calls.h
 *   sockets.c  making, accepting, receiving, sending, asking; poll
 *   files.c    opening, reading, writing (the log too), descriptors of every kind
 *   threads.c  threads and processes; random numbers
 *   uv.c       what is asked of libuv
 *   uring.c    the ring itself, and the outcome of what is handed to it
 *
 * calls.h has the table of all calls but allocations. What libuv, liburing, OpenSSL and the C library ask the
 * system for on their own is not meant: how these take it is theirs. Nor is what does not fail when it is
 * used in order: clocks, locks, signals, close, shutdown, and eventfds once there is room in them.
 *
 * PINION_SCARCE names a file that test and server share, and their children, all of whose calls count
 * together. */
#ifndef PINION_TESTS_SCARCE_H
#define PINION_TESTS_SCARCE_H

#include "calls.h"
#include <stdatomic.h>
#include <stdbool.h>

/* tests/helpers/scarce.mjs has these by their places. */
struct scarce_control {
    atomic_uint memory;         /* of a million allocations, how many fail */
    atomic_uint calls;          /* of a million calls, how many fail */
    atomic_uint the_allocation; /* the one that fails; 0: none */
    atomic_uint the_call;
    atomic_uint way; /* in which of its ways, modulo how many it has */
    atomic_uint seed;
    atomic_uint allocations; /* so far */
    atomic_uint called;
    atomic_uint failed; /* allocations */
    atomic_uint failed_calls;
    atomic_uint ways; /* that the call which failed last has */
    char name[64];    /* its name, the error, and whose it was */
};

/* What becomes of a call: 0 (all is well), SHORT, FAILED, or an error number. */
int scarce(enum scarce_kind kind);

/* The same for one that is to return -1 with errno. True when it fails. */
bool scarce_errno(enum scarce_kind kind);

/* Below a million; the same ones for the same seed. */
unsigned scarce_chance(void);

#endif
