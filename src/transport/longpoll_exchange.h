/* A request of long polling and its answer. Its maker sends it from its own loop to a session, which may live
 * on another loop or another node. It comes back with its answer. */
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
    /* The maker's. Only its loop reads them. */
    void *owner; /* NULL: it has gone, and ->answered is not called */

    /* The exchange is back. From the run queue; it is freed after this call. */
    void (*answered)(struct pinion_longpoll_exchange *exchange);

    bool recalled; /* ->cancel is on its way, or was there */

    const struct pinion_mount *mount;
    struct pinion_buf body;               /* to be published */
    bool ndjson;                          /* its frames are one a line */
    struct pinion_longpoll_client client; /* who begins a session */

    /* The answer. */
    struct pinion_buf answer; /* JSON; empty when `gone` or `refused` */
    bool gone;                /* the session does not exist (any more) */
    bool found;               /* of a _find: the session exists */
    bool refused;             /* there are too many sessions, or the server goes down */

    /* The transport's. */
    struct pinion_task task;   /* carries it there and back */
    struct pinion_task cancel; /* carries its cancellation */
    atomic_uint refs;
    enum pinion_longpoll_kind kind;
    struct pinion_longpoll *longpoll;
    struct pinion_shard *home;
    struct pinion_shard *there; /* the session's */
    char *elsewhere;            /* the session's node, if it is another one; owned */
    unsigned loop;              /* the session's, there */
    struct pinion_longpoll_asked *asked_by;
    struct pinion_map_node asked; /* while that node is asked */
    uint64_t number;
    unsigned char id[PINION_LONGPOLL_ID_LEN];
    struct pinion_list node;    /* in the session's polls, while it waits there */
    struct pinion_timer window; /* to wait there */
    void *waits_for;            /* the session's body, or the session */
};

/* Make an exchange from this loop about sockets of this mount. The caller gets a reference. NULL: out of
 * memory. */
struct pinion_longpoll_exchange *pinion__longpoll_exchange_new(struct pinion_longpoll *longpoll,
                                                               struct pinion_shard *home,
                                                               const struct pinion_mount *mount);

/* From any thread. Whoever sends an exchange off hands its reference on. It is dropped when the exchange has
 * come back. */
struct pinion_longpoll_exchange *pinion__longpoll_exchange_ref(struct pinion_longpoll_exchange *exchange);
void pinion__longpoll_exchange_unref(struct pinion_longpoll_exchange *exchange);

/* The index of the loop that made it. */
unsigned pinion__longpoll_exchange_home(const struct pinion_longpoll_exchange *exchange);

/* Hand a task from one loop to another, with so many bytes. It always takes a queue, on the same loop too: so
 * nothing comes back while it is still being sent off. Errors as pinion__scheduler_post. */
int pinion__longpoll_post(struct pinion_shard *from, struct pinion_shard *to, struct pinion_task *task,
                          size_t bytes);

/* Send the exchange home: its answer is ready. */
void pinion__longpoll_exchange_return(struct pinion_longpoll_exchange *exchange);

/* Send an exchange home that may wait in a session. It leaves that. `failed`: `answer` is not whole, and
 * becomes a 500. */
void pinion__longpoll_exchange_answer(struct pinion_longpoll_exchange *exchange, int failed);

void pinion__longpoll_exchange_answer_status(struct pinion_longpoll_exchange *exchange, int status);
void pinion__longpoll_exchange_answer_gone(struct pinion_longpoll_exchange *exchange);

#endif
