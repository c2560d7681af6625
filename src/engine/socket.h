/* A socket: one client, over any transport. It owns the client's channels. Its life is in connect.h,
 * receive.h and socket_end.h.
 *
 *   CONNECTING --connect says ok--> OPEN --either side ends it--> ENDED --last channel gone--> freed
 *        `------------refused, or the transport went--------------'
 *
 * The memory lives until the last hold is dropped. The transport has one hold, until the end has run; each
 * channel has one as long as its memory lives. */
#ifndef PINION_ENGINE_SOCKET_H
#define PINION_ENGINE_SOCKET_H

#include "base/frame.h"
#include "base/list.h"
#include "base/misuse.h"
#include "base/quarantine.h"
#include "engine/anchor.h"
#include "engine/assigns.h"
#include "engine/hub.h"
#include "engine/mount.h"
#include "engine/socket_class.h"
#include "proto/serializer.h"
#include <pinion/transport.h>

struct pinion_channel;
struct pinion_socket_extra;
struct pinion_socket_rates;

enum pinion_socket_state { PINION_SOCKET_CONNECTING, PINION_SOCKET_OPEN, PINION_SOCKET_ENDED };

struct pinion_socket {
    const struct pinion_socket_class *class; /* its mount, its transport, its serializer */
    void *conn; /* the transport's connection; NULL once either side has ended it */
    struct pinion_shard *shard;
    union {
        struct pinion_channel *only;     /* all its channels, where there is one bucket */
        struct pinion_channel **buckets; /* of channels by topic */
    };
    union {
        struct pinion_list node;     /* in its sweep, until the socket ends */
        struct pinion_task end_task; /* then: does the rest of the end, from the run queue */
    };
    struct pinion_socket_extra *extra; /* see socket_extra.h; NULL: it has nothing of this */
    struct pinion_assigns *assigns;
    void *user_state;
    void (*destroy_state)(void *state);
    uint32_t channel_count;
    uint32_t holds;
    uint32_t waiting;    /* how many reasons there are to hold the client's frames back */
    uint32_t last_seen;  /* pinion__socket_seen_at, modulo 2 ^ 32 */
    uint32_t overhead;   /* the time until which its overhead is paid for, see rates.c */
    uint8_t bucket_bits; /* there are 2 ^ bucket_bits buckets */
    uint8_t state;       /* enum pinion_socket_state */
    uint8_t reason;      /* once it has ended: the pinion_reason for its channels */
    bool started : 1;    /* a raw socket's init has been called */
    bool unread : 1;     /* see pinion__socket_unread */
    bool gathered : 1;   /* in its class's gather */
    bool working : 1;    /* work of its connect is under way: socket_work.c */
    bool behind : 1;     /* much waits for its client, or did until a moment ago: behind.h */
    bool due : 1;        /* it is looked at soon, because it is or was behind */
};

/* ---- who may call ---- */

#define PINION_ELSEWHERE                                                                                     \
    "called on a thread that is not the loop of its connection: there, use a ref (pinion_ref_new)"

/* For public functions: the caller must be on the loop that the socket lives on. */
#define PINION_ON_LOOP(socket, otherwise)                                                                    \
    PINION_NOT_GONE(socket, "the socket has ended: keep a ref (pinion_ref_new_socket)");                     \
    PINION_RULE(pinion__scheduler_on_thread((socket)->shard->scheduler), otherwise, PINION_ELSEWHERE)

/* The same for a channel. */
#define PINION_ON_LOOP_OF(channel, otherwise)                                                                \
    PINION_NOT_GONE(channel, "the channel has ended: keep a ref (pinion_ref_new)");                          \
    PINION_ON_LOOP((channel)->socket, otherwise)

/* The same for functions that return no code. Only builds with checks look. */
#ifdef PINION_CHECKS
#define PINION_CHECK_ON_LOOP(socket)     PINION_ON_LOOP(socket, (void)0)
#define PINION_CHECK_ON_LOOP_OF(channel) PINION_ON_LOOP_OF(channel, (void)0)
#else
#define PINION_CHECK_ON_LOOP(socket)     ((void)0)
#define PINION_CHECK_ON_LOOP_OF(channel) ((void)0)
#endif

/* ---- for the engine ---- */

/* A sign of life came: a frame, or a part of one. */
static inline void pinion__socket_seen(struct pinion_socket *socket)
{
    socket->last_seen = (uint32_t)pinion__scheduler_roughly(socket->shard->scheduler);
}

/* When the last sign of life came, on the scheduler's clock, ms. Of silences over 49 days it sees 49 less. */
static inline uint64_t pinion__socket_seen_at(const struct pinion_socket *socket)
{
    uint64_t now = pinion__scheduler_roughly(socket->shard->scheduler);
    return now - ((uint32_t)now - socket->last_seen);
}

void pinion__socket_unhold(struct pinion_socket *socket);

/* The transport has stopped reading, since too much waits here, or reads again. In between no sign of life
 * can come: silence does not count, and begins anew after it. */
static inline void pinion__socket_unread(struct pinion_socket *socket, bool unread)
{
    if (socket->unread && !unread)
        pinion__socket_seen(socket);
    socket->unread = unread;
}

/* Hold the client's frames back, or let them go. Each wait needs its unwait. */
void pinion__socket_wait(struct pinion_socket *socket);
void pinion__socket_unwait(struct pinion_socket *socket);

#endif
