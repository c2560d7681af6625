/* The long-polling transport: a socket over HTTP requests. A session holds what waits for the client between
 * its polls. It lives on one loop; a request finds it from any loop, and from any node.
 *
 * A request and its answer are an exchange: the HTTP side makes one, sends it off with _begin, _poll, _find
 * or _publish, and gets it back, with its answer, by ->answered. All of this on the loop of the HTTP
 * connection. */
#ifndef PINION_TRANSPORT_LONGPOLL_H
#define PINION_TRANSPORT_LONGPOLL_H

#include "base/buf.h"
#include "base/map.h"
#include "engine/socket.h"
#include "proto/longpoll_codec.h"
#include "transport/longpoll_seats.h"

struct pinion_longpoll; /* of one endpoint */
struct pinion_longpoll_remote;

/* The endpoint's loops are all added, and none runs yet. PINION_ENOMEM. */
int pinion__longpoll_new(struct pinion_longpoll **out, struct pinion_hub *hub, size_t max_sessions);

/* Every socket has ended, and the loops have. NULL is allowed. */
void pinion__longpoll_free(struct pinion_longpoll *longpoll);

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
    void (*answered)(
        struct pinion_longpoll_exchange *exchange); /* from the run queue; the exchange is freed after it */
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
    struct pinion_longpoll_remote *remote;
    struct pinion_map_node asked; /* while that node is asked */
    uint64_t number;
    unsigned char id[PINION_LONGPOLL_ID_LEN];
    struct pinion_list node;    /* in the session's polls, while it waits there */
    struct pinion_timer window; /* to wait there */
    void *waits_for;            /* the session's batch, or the session */
};

/* An exchange from this loop about sockets of this mount. NULL when out of memory. */
struct pinion_longpoll_exchange *pinion__longpoll_exchange_new(struct pinion_longpoll *longpoll,
                                                               struct pinion_shard *home,
                                                               const struct pinion_mount *mount);

/* Address it to a token's session, whether that is still there or not. False: the token is none of ours. */
bool pinion__longpoll_exchange_address(struct pinion_longpoll_exchange *exchange, struct pinion_slice token);

/* Of an exchange that was never sent off. */
void pinion__longpoll_exchange_free(struct pinion_longpoll_exchange *exchange);

/* Begin a session on this loop: the exchange is answered with its token, or the refusal. params and info are
 * borrowed for this call. */
void pinion__longpoll_begin(struct pinion_longpoll_exchange *exchange, const pinion_payload *params,
                            const pinion_connect_info *info);

/* Wait for messages of the session it is addressed to. */
void pinion__longpoll_poll(struct pinion_longpoll_exchange *exchange);

/* Is the session there that the exchange is addressed to? */
void pinion__longpoll_find(struct pinion_longpoll_exchange *exchange);

/* From ->answered of a _find: the same exchange, addressed as it was, to be sent off once more. */
struct pinion_longpoll_exchange *pinion__longpoll_exchange_again(struct pinion_longpoll_exchange *exchange);

/* Hand the frames of the body to the session it is addressed to. */
void pinion__longpoll_publish(struct pinion_longpoll_exchange *exchange);

/* The owner goes before it got its answer: what would have answered the exchange waits for the next. */
void pinion__longpoll_abandon(struct pinion_longpoll_exchange *exchange);

extern const struct pinion_transport pinion__longpoll;

#endif
