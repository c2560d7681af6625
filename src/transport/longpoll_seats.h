/* Who keeps a session of long polling when there are as many as may be. The seats are those of all loops, by
 * the addresses of the clients. A client begins a session at next to no cost, and we keep it for seconds: so
 * a full house refuses nobody, but ends another session:
 *
 *   1. of the sessions that were never polled: the oldest one of the address that has most of those;
 *   2. when all were polled: that session of the address that has most which was polled the longest ago.
 *
 * So a client that begins sessions as fast as it can takes its own seats. The first step spares clients that
 * began within the last two seconds and are few at their address, if another address has over a quarter of
 * all seats: one of its sessions goes. Clients without an address (Unix sockets) count as one client in the
 * first step, and come last in the second.
 *
 * A decision costs the logarithm of the number of addresses. Thread: any, since there is a lock. */
#ifndef PINION_TRANSPORT_LONGPOLL_SEATS_H
#define PINION_TRANSPORT_LONGPOLL_SEATS_H

#include "base/list.h"
#include "base/lock.h"
#include "base/map.h"
#include "transport/longpoll_rank.h"

#define PINION_LONGPOLL_ID_LEN 16

/* The client of a session. */
struct pinion_longpoll_client {
    bool known;          /* it has an address */
    uint8_t address[16]; /* IPv6, or IPv4 mapped into it; of an IPv6 address its /64 counts */
};

struct pinion_longpoll_group;

/* The seat of a session. Zero: the session has none. */
struct pinion_longpoll_seat {
    struct pinion_list node;             /* in the group's unpolled or polled */
    struct pinion_longpoll_group *group; /* NULL: the session has no seat (any more) */
    uint64_t number;                     /* a seat that was taken later has a higher one */
    uint64_t since;                      /* ms */
    bool polled;
    unsigned loop; /* the session is found by this and its id */
    unsigned char id[PINION_LONGPOLL_ID_LEN];
};

struct pinion_longpoll_group {
    struct pinion_map_node node; /* by address */
    struct pinion_rank_node by_unpolled;
    struct pinion_rank_node by_count;
    struct pinion_longpoll_client client;
    struct pinion_list unpolled; /* the oldest first */
    struct pinion_list polled;   /* the one polled longest ago first */
    size_t unpolled_count;
    size_t count;
};

struct pinion_longpoll_seats {
    struct pinion_lock lock;
    size_t max;
    size_t taken;
    size_t leaving; /* sessions that have lost their seats, and do not know it yet */
    uint64_t last_number;
    struct pinion_map groups;
    struct pinion_longpoll_group nobody; /* of clients without an address */
    struct pinion_rank by_unpolled;
    struct pinion_rank by_count;
    uint64_t silent_until; /* ms: the next log line */
    uint64_t unsaid;       /* sessions that lost their seats since the last one */
};

void pinion__longpoll_seats_init(struct pinion_longpoll_seats *seats, size_t max);
void pinion__longpoll_seats_release(struct pinion_longpoll_seats *seats);

/* The session that has to go, if there is one. */
struct pinion_longpoll_evicted {
    bool any;
    unsigned loop;
    unsigned char id[PINION_LONGPOLL_ID_LEN];
};

/* Take a seat, whose loop and id are set. *evicted may be a session that has to make room. It has lost its
 * seat; the caller has it ended, and then calls _left. PINION_EBUSY: so many are on their way out that no
 * other can be sent away now. PINION_ENOMEM. */
int pinion__longpoll_seats_take(struct pinion_longpoll_seats *seats, struct pinion_longpoll_seat *seat,
                                const struct pinion_longpoll_client *client, uint64_t now_ms,
                                struct pinion_longpoll_evicted *evicted);

/* A session that had to go has ended. */
void pinion__longpoll_seats_left(struct pinion_longpoll_seats *seats);

/* The session is polled. It need not have a seat. */
void pinion__longpoll_seats_polled(struct pinion_longpoll_seats *seats, struct pinion_longpoll_seat *seat);

/* The session ends, and gives its seat up. It need not have one. */
void pinion__longpoll_seats_give(struct pinion_longpoll_seats *seats, struct pinion_longpoll_seat *seat);

#endif
