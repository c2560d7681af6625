/* A socket: one client, whatever carries it. Decodes what comes, routes it by topic, owns the channels.
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

struct pinion_connect {
    const struct pinion_mount *mount;
    const struct pinion_transport *transport;
    void *conn;
    const pinion_payload *params; /* JSON object of the query */
    const pinion_connect_info *info;
    pinion_payload *reason; /* out: why it was refused, or NULL; the caller's to unref */
};

/* A client connects. 0: *out is an open socket; PINION_EPENDING: *out is a socket that will be answered by
 * ->connected; PINION_EACCES: refused (HTTP 403); PINION_ECLOSED: the server goes down (HTTP 503);
 * PINION_ENOMEM. On an error there is no socket. */
int pinion__socket_connect(struct pinion_shard *shard, struct pinion_connect *connect,
                           struct pinion_socket **out);

/* A whole frame came (text need not be checked for UTF-8). May end the socket, or pause it. `bytes` are
 * borrowed for the call. */
void pinion__socket_receive(struct pinion_socket *socket, bool binary, struct pinion_slice bytes);

/* A sign of life that is no whole message. */
void pinion__socket_seen(struct pinion_socket *socket);

/* A frame of the transport's own came (a ping). Counts against the rates: may pause the socket, or end it. */
void pinion__socket_control(struct pinion_socket *socket);

/* The transport's connection is over, or about to be closed by it: PINION_REASON_CLOSED or _INACTIVE. */
void pinion__socket_ended(struct pinion_socket *socket, pinion_reason reason);

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

/* End it from our side, with a close code. Harmless when it has ended. */
void pinion__socket_close(struct pinion_socket *socket, uint16_t code);

/* As above; its channels' terminate gets this reason. */
void pinion__socket_close_for(struct pinion_socket *socket, uint16_t code, pinion_reason reason);

/* A message for its client found no memory, and the client would never know what it missed: it is closed, and
 * may begin anew. Gives PINION_ENOMEM. */
int pinion__socket_starved(struct pinion_socket *socket);

void pinion__socket_unhold(struct pinion_socket *socket);

/* Hold frames from the client back, or let them go; counts. */
void pinion__socket_wait(struct pinion_socket *socket);
void pinion__socket_unwait(struct pinion_socket *socket);

/* Encode, frame and send. Errors as the serializer's and the transport's; PINION_ECLOSED after the end;
 * after PINION_ENOMEM it is closed. */
int pinion__socket_send(struct pinion_socket *socket, const struct pinion_message *message);

/* Make the frame for sockets of this serializer and transport. */
int pinion__encode(const struct pinion_serializer *serializer, const struct pinion_transport *transport,
                   const struct pinion_message *message, struct pinion_frame **out);

/* The result of a connect that was answered later. Consumes it. Harmless when nobody waits for it. */
void pinion__socket_answer(struct pinion_socket *socket, pinion_result result);

/* Channels by topic name. */
struct pinion_channel *pinion__socket_channel(const struct pinion_socket *socket, struct pinion_slice topic);
void pinion__socket_add_channel(struct pinion_socket *socket, struct pinion_channel *channel);
void pinion__socket_remove_channel(struct pinion_socket *socket, struct pinion_channel *channel);

/* dispatch.c: act on a decoded message. */
void pinion__dispatch(struct pinion_socket *socket, const struct pinion_message *message);

#endif
