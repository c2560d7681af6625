/* One session of long polling, on its loop. Between the engine's socket and the exchanges (longpoll.h). */
#ifndef PINION_TRANSPORT_LONGPOLL_SESSION_H
#define PINION_TRANSPORT_LONGPOLL_SESSION_H

#include "base/map.h"
#include "base/turns.h"
#include "transport/longpoll.h"
#include "transport/longpoll_queue.h"
#include "transport/longpoll_token.h"

/* The sessions of one loop. */
struct pinion_longpoll_sessions {
    struct pinion_map by_id;
    unsigned loop;
    struct pinion_longpoll *longpoll;
    struct pinion_longpoll_seats *seats; /* of all loops */
    struct pinion_turns turns;           /* of bodies with more than one go takes, and of long answers */
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
    struct pinion_list batches;                /* bodies that came and are not dispatched yet */
    size_t batch_bytes;                        /* of those bodies */
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
                                    struct pinion_longpoll *longpoll, unsigned loop,
                                    struct pinion_scheduler *scheduler, struct pinion_longpoll_seats *seats);
void pinion__longpoll_sessions_release(struct pinion_longpoll_sessions *sessions);

/* Open a session for a client that connects; the exchange is answered now or when the application has
 * decided. token was made for the exchange's id. */
void pinion__longpoll_session_open(struct pinion_longpoll_sessions *sessions,
                                   struct pinion_longpoll_exchange *exchange, const char *token,
                                   const pinion_payload *params, const pinion_connect_info *info);

/* The session of this id and mount, or NULL. */
struct pinion_longpoll_session *pinion__longpoll_session_find(const struct pinion_longpoll_sessions *sessions,
                                                              const unsigned char *id,
                                                              const struct pinion_mount *mount);

/* The same for a request from another node, which names the mount's path. */
struct pinion_longpoll_session *pinion__longpoll_session_at(const struct pinion_longpoll_sessions *sessions,
                                                            const unsigned char *id,
                                                            struct pinion_slice path);

void pinion__longpoll_session_poll(struct pinion_longpoll_session *session,
                                   struct pinion_longpoll_exchange *exchange);
void pinion__longpoll_session_publish(struct pinion_longpoll_session *session,
                                      struct pinion_longpoll_exchange *exchange);

/* The exchange, which may wait in a session, is no longer wanted. */
void pinion__longpoll_session_cancel(struct pinion_longpoll_exchange *exchange);

/* End the session, if it is still there: another one has its seat. */
void pinion__longpoll_session_evict(struct pinion_longpoll_sessions *sessions, const unsigned char *id);

/* longpoll.c: have a session that lost its seat ended, on whichever loop it is. */
void pinion__longpoll_evict(struct pinion_longpoll *longpoll, struct pinion_shard *from,
                            const struct pinion_longpoll_evicted *evicted);

/* longpoll.c: the exchange's answer is ready: send it home. */
void pinion__longpoll_exchange_return(struct pinion_longpoll_exchange *exchange);

#endif
