/* A request of long polling and its answer. Whoever makes one, on its own loop, sends it to a session, which
 * may live on another loop or another node. It comes back with its answer. */
#ifndef PINION_TRANSPORT_LONGPOLL_EXCHANGE_H
#define PINION_TRANSPORT_LONGPOLL_EXCHANGE_H

#include "base/buf.h"
#include "base/map.h"
#include "engine/hub.h"
#include "engine/mount.h"
#include "transport/longpoll_seats.h"

struct pinion_longpoll; /* of one endpoint */
struct pinion_longpoll_asked;

/* The numbers of polls and publishes travel between nodes. */
enum pinion_longpoll_kind {
    PINION_LONGPOLL_BEGIN,
    PINION_LONGPOLL_POLL,
    PINION_LONGPOLL_PUBLISH,
    PINION_LONGPOLL_FIND
};

struct pinion_longpoll_exchange {
    /* Of the maker; read on its loop only. */
    void *owner; /* NULL: it has gone, and ->answered is not called */
    void (*answered)(struct pinion_longpoll_exchange *exchange); /* from the run queue; the exchange is freed
                                                                    after it */
    const struct pinion_mount *mount;
    struct pinion_buf body;               /* to be published */
    bool ndjson;                          /* its frames are one a line */
    struct pinion_longpoll_client client; /* who begins a session */

    /* The answer. */
    struct pinion_buf answer; /* JSON; empty when `gone` or `refused` */
    bool gone;                /* there is no such session (any more) */
    bool found;               /* of a _find: there is */
    bool refused;             /* there are too many sessions, or the server goes down */

    /* Of the transport. */
    struct pinion_task task;   /* its way there and back */
    struct pinion_task cancel; /* the way of its cancellation */
    atomic_uint refs;
    enum pinion_longpoll_kind kind;
    struct pinion_longpoll *longpoll;
    struct pinion_shard *home;
    struct pinion_shard *there; /* the session's */
    char *elsewhere;            /* the session's node, where it is another one; owned */
    unsigned loop;              /* the session's, there */
    struct pinion_longpoll_asked *asked_by;
    struct pinion_map_node asked; /* while that node is asked */
    uint64_t number;
    unsigned char id[PINION_LONGPOLL_ID_LEN];
    struct pinion_list node;    /* in the session's polls, while it waits there */
    struct pinion_timer window; /* to wait there */
    void *waits_for;            /* the session's body, or the session */
};

/* An exchange from this loop about sockets of this mount; whoever makes it has a reference. NULL when out of
 * memory. */
struct pinion_longpoll_exchange *pinion__longpoll_exchange_new(struct pinion_longpoll *longpoll,
                                                               struct pinion_shard *home,
                                                               const struct pinion_mount *mount);

/* From any thread. Sending an exchange off hands a reference on, which is dropped when it has come back. */
struct pinion_longpoll_exchange *pinion__longpoll_exchange_ref(struct pinion_longpoll_exchange *exchange);
void pinion__longpoll_exchange_unref(struct pinion_longpoll_exchange *exchange);

/* The index of the loop that it is from. */
unsigned pinion__longpoll_exchange_home(const struct pinion_longpoll_exchange *exchange);

/* Hand a task, and so many bytes with it, from one loop to another. Always by a queue, on the same loop too,
 * so that nothing comes back while it is still being sent off. Errors as pinion__scheduler_post. */
int pinion__longpoll_post(struct pinion_shard *from, struct pinion_shard *to, struct pinion_task *task,
                          size_t bytes);

/* The answer is ready: send it home. */
void pinion__longpoll_exchange_return(struct pinion_longpoll_exchange *exchange);

/* The same for an exchange that may wait in a session: it waits there no more. `failed`: what `answer` has is
 * not whole, so it is answered 500. */
void pinion__longpoll_exchange_answer(struct pinion_longpoll_exchange *exchange, int failed);

void pinion__longpoll_exchange_answer_status(struct pinion_longpoll_exchange *exchange, int status);
void pinion__longpoll_exchange_answer_gone(struct pinion_longpoll_exchange *exchange);

#endif
