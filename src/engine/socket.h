/* A socket: one client, whatever carries it. It owns the channels. What reaches it, in the order of its life:
 * connect.h, receive.h, socket_end.h.
 *
 *   CONNECTING --connect says ok--> OPEN --either side ends it--> ENDED --last channel gone--> freed
 *        `------------refused, or the transport went--------------'
 *
 * The memory lives until the last hold is dropped: one for the transport's side, one for each
 * channel's memory.
 */
#ifndef PINION_ENGINE_SOCKET_H
#define PINION_ENGINE_SOCKET_H

#include "base/frame.h"
#include "base/list.h"
#include "base/misuse.h"
#include "engine/anchor.h"
#include "engine/assigns.h"
#include "engine/hub.h"
#include "engine/mount.h"
#include "proto/serializer.h"
#include <pinion/transport.h>

struct pinion_channel;
struct pinion_socket_more;
struct pinion_socket_rates;

enum pinion_socket_state { PINION_SOCKET_CONNECTING, PINION_SOCKET_OPEN, PINION_SOCKET_ENDED };

struct pinion_socket {
    const struct pinion_serializer *serializer; /* NULL: raw */
    const struct pinion_transport *transport;
    void *conn; /* the transport's; NULL once either side has ended */
    struct pinion_shard *shard;
    const struct pinion_mount *mount;
    struct pinion_channel *single_bucket;
    struct pinion_channel **buckets; /* of channels by topic: &single_bucket, or an array */
    uint32_t bucket_count;           /* a power of two */
    uint32_t channel_count;
    uint32_t holds;
    uint32_t waiting;            /* reasons why frames from the client are held back */
    uint8_t state;               /* enum pinion_socket_state */
    uint8_t reason;              /* pinion_reason for its channels, once it has ended */
    bool started;                /* a raw one whose init was called */
    uint32_t overhead;           /* until when it is paid for, see rates.c */
    struct pinion_subscriber id; /* to the topic of its name */
    union {
        struct pinion_list node;     /* in its sweep, until it ends */
        struct pinion_task end_task; /* what is left to do then, deferred */
    };
    uint64_t last_seen;              /* when a frame last came, ms */
    struct pinion_socket_more *more; /* see socket_more.h; NULL: nothing of it */
    struct pinion_assigns *assigns;
    void *user_state;
    void (*destroy_state)(void *state);
    struct pinion_anchor *anchor;
};

/* ---- who may call ---- */

#define PINION_ELSEWHERE                                                                                     \
    "called on a thread that is not the loop of its connection: there, use a ref (pinion_ref_new)"

/* In a public function: the caller is on the loop that the socket lives on. */
#define PINION_ON_LOOP(socket, otherwise)                                                                    \
    PINION_RULE(pinion__scheduler_on_thread((socket)->shard->scheduler), otherwise, PINION_ELSEWHERE)

/* The same for functions that return no code: only builds with checks look. */
#ifdef PINION_CHECKS
#define PINION_CHECK_ON_LOOP(socket) PINION_ON_LOOP(socket, (void)0)
#else
#define PINION_CHECK_ON_LOOP(socket) ((void)0)
#endif

/* ---- for the engine ---- */

/* A sign of life: a frame, or that one is on its way. */
static inline void pinion__socket_seen(struct pinion_socket *socket)
{
    socket->last_seen = pinion__scheduler_roughly(socket->shard->scheduler);
}

void pinion__socket_unhold(struct pinion_socket *socket);

/* Hold frames from the client back, or let them go; counts. */
void pinion__socket_wait(struct pinion_socket *socket);
void pinion__socket_unwait(struct pinion_socket *socket);

#endif
