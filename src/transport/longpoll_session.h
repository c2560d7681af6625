/* A session of long polling, on its loop: what it consists of, and where it is found. It stands between the
 * engine's socket and exchanges.
 *
 * Each of its sides has its file: longpoll_begin.h (from the exchange that begins it), longpoll_in.h (what
 * the client sends), longpoll_out.h (what it is sent), longpoll_polls.h (who waits for that), longpoll_end.h.
 */
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
    struct pinion_turns turns; /* of bodies with more than one go takes, and of long answers */
};

/* Those of an endpoint. */
struct pinion_longpoll {
    struct pinion_hub *hub;
    struct pinion_longpoll_sessions loops[PINION_LOOPS_MAX]; /* each belongs to its loop */
    struct pinion_longpoll_seats seats;                      /* of all */
    struct pinion_longpoll_remote *remote;                   /* NULL: there are no other nodes */
};

struct pinion_longpoll_session {
    struct pinion_map_node node; /* by id */
    struct pinion_longpoll_sessions *sessions;
    struct pinion_longpoll_seat seat; /* its id is the session's; taken once connect has let the client in */
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

/* The session of this id, or NULL. */
struct pinion_longpoll_session *pinion__longpoll_session_find(const struct pinion_longpoll_sessions *sessions,
                                                              const unsigned char *id);

/* A session that is found by the exchange's id. The token was made for it. NULL when out of memory. */
struct pinion_longpoll_session *pinion__longpoll_session_new(struct pinion_longpoll_sessions *sessions,
                                                             const struct pinion_longpoll_exchange *exchange,
                                                             const char *token);

/* No exchange finds it from here on. */
void pinion__longpoll_session_forget(struct pinion_longpoll_session *session);

/* It was forgotten, and has neither timer, turn nor task. */
void pinion__longpoll_session_free(struct pinion_longpoll_session *session);

/* Go on with it from the run queue. */
void pinion__longpoll_session_work_later(struct pinion_longpoll_session *session);

/* ms that an exchange may wait in it. */
static inline uint32_t pinion__longpoll_session_window(const struct pinion_longpoll_session *session)
{
    return session->mount->options.longpoll_window_ms;
}

#endif
