/* A session of long polling: its parts, and how it is found. It lives on one loop, between the engine's
 * socket and the exchanges of the client.
 *
 * What it does has a file each: longpoll_begin.h, longpoll_in.h (what the client sends), longpoll_out.h (what
 * the client is sent), longpoll_polls.h (the polls that wait), longpoll_end.h. */
#ifndef PINION_TRANSPORT_LONGPOLL_SESSION_H
#define PINION_TRANSPORT_LONGPOLL_SESSION_H

#include "base/loops.h"
#include "transport/longpoll_body.h"
#include "transport/longpoll_queue.h"

struct pinion_longpoll_remote;

/* The sessions of one loop. */
struct pinion_longpoll_sessions {
    struct pinion_map by_id;
    unsigned loop;
    struct pinion_longpoll *longpoll;
    struct pinion_turns turns; /* of bodies that take more than one go, and of long answers */
};

/* The sessions of an endpoint. */
struct pinion_longpoll {
    struct pinion_hub *hub;
    struct pinion_longpoll_sessions loops[PINION_LOOPS_MAX]; /* each belongs to its loop */
    struct pinion_longpoll_seats seats;                      /* of all */
    struct pinion_longpoll_remote *remote;                   /* NULL: there are no other nodes */
};

struct pinion_longpoll_session {
    struct pinion_map_node node; /* by id */
    struct pinion_longpoll_sessions *sessions;
    struct pinion_longpoll_seat seat; /* has the session's id; it is taken when connect lets the client in */
    struct pinion_shard *shard;
    const struct pinion_mount *mount;
    struct pinion_socket *socket;              /* NULL: ended */
    struct pinion_longpoll_exchange *beginner; /* waits for connect's answer */
    struct pinion_list polls;                  /* GETs that wait, the latest last */
    struct pinion_longpoll_bodies bodies;      /* from the client */
    struct pinion_longpoll_queue queue;        /* to the client */
    uint64_t due;                              /* until then the client is on its way to its next poll */
    struct pinion_timer inactive;
    struct pinion_turn fetch; /* a poll whose answer is long waits for its turn */
    struct pinion_task work;
    bool working; /* the work task is queued */
    bool paused;  /* the engine holds frames back */
    char token[];
};

void pinion__longpoll_sessions_init(struct pinion_longpoll_sessions *sessions,
                                    struct pinion_longpoll *longpoll, unsigned loop);
void pinion__longpoll_sessions_release(struct pinion_longpoll_sessions *sessions);

/* Find the session of this id. NULL: it does not exist. */
struct pinion_longpoll_session *pinion__longpoll_session_find(const struct pinion_longpoll_sessions *sessions,
                                                              const unsigned char *id);

/* Make a session that is found by the exchange's id, for which the token was made. NULL: out of memory. */
struct pinion_longpoll_session *pinion__longpoll_session_new(struct pinion_longpoll_sessions *sessions,
                                                             const struct pinion_longpoll_exchange *exchange,
                                                             const char *token);

/* No exchange finds the session from here on. */
void pinion__longpoll_session_forget(struct pinion_longpoll_session *session);

/* The session must be forgotten, and have no timer, turn or task that waits. */
void pinion__longpoll_session_free(struct pinion_longpoll_session *session);

/* Go on with the session from the run queue: dispatch, answer polls, or free it when it has ended. */
void pinion__longpoll_session_work_later(struct pinion_longpoll_session *session);

/* How long an exchange may wait in the session, in ms. */
static inline uint32_t pinion__longpoll_session_window(const struct pinion_longpoll_session *session)
{
    return session->mount->limits.longpoll_window_ms;
}

#endif
