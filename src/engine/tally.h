/* The counts of a socket class: of the clients of one mount, transport and version on one loop. Only the loop
 * writes them; any thread reads them. They change when a client comes, sends or goes, never in a fan-out. */
#ifndef PINION_ENGINE_TALLY_H
#define PINION_ENGINE_TALLY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct pinion_shard;
struct pinion_socket;

/* Why a socket ended. */
enum pinion_cause {
    PINION_CAUSE_CLIENT, /* the client closed, or its connection was lost */
    PINION_CAUSE_REFUSED,
    PINION_CAUSE_SILENT,
    PINION_CAUSE_SLOW,
    PINION_CAUSE_MALFORMED,
    PINION_CAUSE_TOO_BIG,
    PINION_CAUSE_RATE,
    PINION_CAUSE_DISCONNECT,
    PINION_CAUSE_SHUTDOWN,
    PINION_CAUSE_EVICTED,
    PINION_CAUSE_APPLICATION,
    PINION_CAUSE_MEMORY,
    PINION_CAUSES
};

/* What became of a join. */
enum pinion_joined {
    PINION_JOINED_OK,
    PINION_JOINED_REFUSED, /* by the application, or by the broker */
    PINION_JOINED_CRASHED,
    PINION_JOINED_UNMATCHED, /* no route takes the topic */
    PINION_JOINED_LIMITED,   /* they came too fast, or were too many */
    PINION_JOINED_OUTCOMES
};

struct pinion_tally {
    atomic_size_t sockets;
    atomic_size_t channels;
    atomic_uint_fast64_t connected; /* sockets that connect has let in */
    atomic_uint_fast64_t received;  /* messages from clients, heartbeats too */
    atomic_uint_fast64_t sent;      /* messages to one client: replies and pushes */
    atomic_uint_fast64_t joins[PINION_JOINED_OUTCOMES];
    atomic_uint_fast64_t ended[PINION_CAUSES];
};

/* Add to a count of the tally. This is cheap, since only one loop writes. */
#define PINION_TALLY(tally, name, n)                                                                         \
    atomic_store_explicit(&(tally)->name, atomic_load_explicit(&(tally)->name, memory_order_relaxed) + (n),  \
                          memory_order_relaxed)

/* The words that the metrics use: "slow", "ok". */
const char *pinion__cause_name(enum pinion_cause cause);
const char *pinion__joined_name(enum pinion_joined outcome);

/* Call it before the call that ends this socket, to say why. The first cause counts. Harmless when the socket
 * has ended, or is NULL. Without it the cause is the client. */
void pinion__socket_because(const struct pinion_socket *socket, enum pinion_cause cause);

/* The socket ends now: count why. */
void pinion__tally_end(const struct pinion_socket *socket);

#endif
