/* Who may have a session of long polling, when there are as many as may be: the sessions of all loops, by the
 * addresses of their clients. Beginning a session costs a client next to nothing and leaves us with one for
 * seconds, so a full house refuses nobody; somebody else goes:
 *
 *   1. of the sessions that were never polled: the oldest one of the address that has most of those;
 *   2. when all were polled: that session of the address that has most which was polled the longest ago.
 *
 * So a client that begins sessions as fast as it can takes its own places. Clients that began within the last
 * two seconds, and are few at their address, are spared in the first step where some address has over a
 * quarter of all seats: one of its sessions goes. Where there is no address to tell clients by (Unix sockets)
 * they count as one client in the first step, and come last in the second.
 *
 * Each decision costs the logarithm of the number of addresses. Thread: any; there is a lock. */
#ifndef PINION_TRANSPORT_LONGPOLL_SEATS_H
#define PINION_TRANSPORT_LONGPOLL_SEATS_H

#include "base/list.h"
#include "base/lock.h"
#include "base/map.h"
#include "transport/longpoll_rank.h"

#define PINION_LONGPOLL_ID_LEN 16

/* Whose a session is. */
struct pinion_longpoll_client {
    bool known;          /* it has an address */
    uint8_t address[16]; /* IPv6, or IPv4 mapped into it; what counts of an IPv6 address is its /64 */
};

struct pinion_longpoll_group;

/* A session's. Zero: it has none. */
struct pinion_longpoll_seat {
    struct pinion_list node;             /* in the group's unpolled or polled */
    struct pinion_longpoll_group *group; /* NULL: it has no seat (any more) */
    uint64_t number;                     /* the later it was taken, the higher */
    uint64_t since;                      /* ms */
    bool polled;
    unsigned loop; /* what the session is found by */
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
    size_t leaving; /* sessions that have lost their seats, and have not heard of it yet */
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

/* The session that has to go. */
struct pinion_longpoll_evicted {
    bool any;
    unsigned loop;
    unsigned char id[PINION_LONGPOLL_ID_LEN];
};

/* Take a seat, whose loop and id are set. *evicted may be one who has to make room: it has lost its seat, and
 * its session is to be ended by the caller, who then calls _left. PINION_EBUSY: so many are on their way out
 * that none can be sent away now; PINION_ENOMEM. */
int pinion__longpoll_seats_take(struct pinion_longpoll_seats *seats, struct pinion_longpoll_seat *seat,
                                const struct pinion_longpoll_client *client, uint64_t now_ms,
                                struct pinion_longpoll_evicted *evicted);

/* One that had to go has gone. */
void pinion__longpoll_seats_left(struct pinion_longpoll_seats *seats);

/* The session is polled. Harmless without a seat. */
void pinion__longpoll_seats_polled(struct pinion_longpoll_seats *seats, struct pinion_longpoll_seat *seat);

/* The session ends. Harmless without a seat. */
void pinion__longpoll_seats_give(struct pinion_longpoll_seats *seats, struct pinion_longpoll_seat *seat);

#endif
