#include "transport/longpoll_seats.h"
#include "base/log.h"
#include "io/peer.h"
#include <assert.h>
#include <stdlib.h>

#define QUIET_MS 60000 /* between two log lines */
#define GRACE_MS 2000  /* for a client to come with its first poll */

/* Sessions of another loop end when it comes to that. So many may be on their way at once, beyond those that
 * have a seat. */
static size_t leaving_max(const struct pinion_longpoll_seats *seats)
{
    return 64 + seats->max / 8;
}

/* ---- who comes first ---- */

static struct pinion_longpoll_seat *first_of(const struct pinion_list *list)
{
    return PINION_CONTAINER_OF(list->next, struct pinion_longpoll_seat, node);
}

/* More of those that were never polled; of as many, the older ones. */
static bool more_unpolled(const struct pinion_rank_node *a, const struct pinion_rank_node *b)
{
    const struct pinion_longpoll_group *one =
        PINION_CONTAINER_OF(a, const struct pinion_longpoll_group, by_unpolled);
    const struct pinion_longpoll_group *other =
        PINION_CONTAINER_OF(b, const struct pinion_longpoll_group, by_unpolled);
    if (one->unpolled_count != other->unpolled_count)
        return one->unpolled_count > other->unpolled_count;
    return first_of(&one->unpolled)->number < first_of(&other->unpolled)->number;
}

static bool more_sessions(const struct pinion_rank_node *a, const struct pinion_rank_node *b)
{
    return PINION_CONTAINER_OF(a, const struct pinion_longpoll_group, by_count)->count >
           PINION_CONTAINER_OF(b, const struct pinion_longpoll_group, by_count)->count;
}

static void rank(struct pinion_longpoll_seats *seats, struct pinion_longpoll_group *group)
{
    if (group->unpolled_count)
        pinion__rank_place(&seats->by_unpolled, &group->by_unpolled);
    else
        pinion__rank_remove(&seats->by_unpolled, &group->by_unpolled);
    if (group->count && group->client.known)
        pinion__rank_place(&seats->by_count, &group->by_count);
    else
        pinion__rank_remove(&seats->by_count, &group->by_count);
}

static struct pinion_longpoll_group *group_with_most(const struct pinion_longpoll_seats *seats)
{
    struct pinion_rank_node *first = pinion__rank_first(&seats->by_count);
    return first ? PINION_CONTAINER_OF(first, struct pinion_longpoll_group, by_count) : NULL;
}

/* Clients that have only just begun are no flood: they are spared where somebody has so much that it must be
 * one. Else whoever fills the house with polled sessions would keep out all that come later. */
static bool is_spared(const struct pinion_longpoll_seats *seats, const struct pinion_longpoll_group *group,
                      uint64_t now_ms)
{
    const struct pinion_longpoll_group *most = group_with_most(seats);
    return most && most != group && most->count > seats->max / 4 + 1 &&
           group->unpolled_count <= seats->max / 256 + 1 &&
           now_ms < first_of(&group->unpolled)->since + GRACE_MS;
}

/* NULL: nobody has one. */
static struct pinion_longpoll_seat *who_goes(struct pinion_longpoll_seats *seats, uint64_t now_ms)
{
    struct pinion_rank_node *first = pinion__rank_first(&seats->by_unpolled);
    struct pinion_longpoll_group *group =
        first ? PINION_CONTAINER_OF(first, struct pinion_longpoll_group, by_unpolled) : NULL;
    if (!group || is_spared(seats, group, now_ms))
        group = group_with_most(seats);
    if (!group)
        group = &seats->nobody;
    if (group->unpolled_count)
        return first_of(&group->unpolled);
    return pinion__list_empty(&group->polled) ? NULL : first_of(&group->polled);
}

/* ---- addresses ---- */

static struct pinion_slice group_name(const struct pinion_map_node *node)
{
    const struct pinion_longpoll_group *group =
        PINION_CONTAINER_OF((struct pinion_map_node *)node, struct pinion_longpoll_group, node);
    return pinion__slice((const char *)group->client.address, sizeof group->client.address);
}

static void group_init(struct pinion_longpoll_group *group, const struct pinion_longpoll_client *client)
{
    *group = (struct pinion_longpoll_group){ .client = *client };
    pinion__list_init(&group->unpolled);
    pinion__list_init(&group->polled);
}

static struct pinion_longpoll_group *group_new(struct pinion_longpoll_seats *seats,
                                               const struct pinion_longpoll_client *client, uint64_t hash)
{
    size_t count = seats->groups.count + 2; /* and nobody's */
    struct pinion_longpoll_group *group = malloc(sizeof *group);
    if (!group)
        return NULL;
    group_init(group, client);
    if (pinion__rank_reserve(&seats->by_unpolled, count) == 0 &&
        pinion__rank_reserve(&seats->by_count, count) == 0 &&
        pinion__map_insert(&seats->groups, &group->node, hash) == 0)
        return group;
    free(group);
    return NULL;
}

static struct pinion_longpoll_group *group_of(struct pinion_longpoll_seats *seats,
                                              const struct pinion_longpoll_client *client)
{
    struct pinion_longpoll_client whole = *client;
    if (!client->known)
        return pinion__rank_reserve(&seats->by_unpolled, seats->groups.count + 1) == 0 ? &seats->nobody
                                                                                       : NULL;
    pinion__peer_network(whole.address);
    struct pinion_slice name = pinion__slice((const char *)whole.address, sizeof whole.address);
    uint64_t hash = pinion__hash(name);
    struct pinion_map_node *node = pinion__map_find(&seats->groups, name, hash);
    return node ? PINION_CONTAINER_OF(node, struct pinion_longpoll_group, node)
                : group_new(seats, &whole, hash);
}

static void leave(struct pinion_longpoll_seats *seats, struct pinion_longpoll_seat *seat)
{
    struct pinion_longpoll_group *group = seat->group;
    pinion__list_remove(&seat->node);
    group->count--;
    group->unpolled_count -= !seat->polled;
    seat->group = NULL;
    seats->taken--;
    rank(seats, group);
    if (group->count == 0 && group->client.known) {
        pinion__map_remove(&seats->groups, &group->node);
        free(group);
    }
}

/* ---- the log ---- */

/* What there is to say, put together under the lock and said outside. */
struct report {
    bool due;
    uint64_t evicted;
    size_t taken;
    size_t most; /* of one address, where that is more than half; or 0 */
    char address[INET6_ADDRSTRLEN];
};

static void make_report(struct pinion_longpoll_seats *seats, uint64_t now_ms, struct report *report)
{
    const struct pinion_longpoll_group *most = group_with_most(seats);
    seats->unsaid++;
    if (now_ms < seats->silent_until)
        return;
    *report = (struct report){ .due = true, .evicted = seats->unsaid, .taken = seats->taken };
    if (most && most->count > seats->taken / 2) {
        report->most = most->count;
        pinion__peer_text(most->client.address, report->address);
    }
    seats->silent_until = now_ms + QUIET_MS;
    seats->unsaid = 0;
}

static void say(const struct report *report)
{
    if (report->due && report->most)
        pinion__log(
            PINION_LOG_WARNING,
            "longpoll: there are as many sessions as may be (max_longpoll_sessions): ended or refused "
            "%llu. %zu of the %zu there are come from %s: if that is a proxy, name it in "
            "pinion_endpoint_options.trusted_proxies, so that its clients can be told apart",
            (unsigned long long)report->evicted, report->most, report->taken, report->address);
    else if (report->due)
        pinion__log(
            PINION_LOG_WARNING,
            "longpoll: there are as many sessions as may be (max_longpoll_sessions): ended or refused "
            "%llu",
            (unsigned long long)report->evicted);
}

/* ---- seats ---- */

void pinion__longpoll_seats_init(struct pinion_longpoll_seats *seats, size_t max)
{
    *seats = (struct pinion_longpoll_seats){ .max = max };
    pinion__lock_init(&seats->lock, PINION_RANK_SEATS);
    pinion__map_init(&seats->groups, group_name);
    group_init(&seats->nobody, &(struct pinion_longpoll_client){ .known = false });
    pinion__rank_init(&seats->by_unpolled, more_unpolled);
    pinion__rank_init(&seats->by_count, more_sessions);
}

void pinion__longpoll_seats_release(struct pinion_longpoll_seats *seats)
{
    assert(seats->taken == 0);
    pinion__map_release(&seats->groups);
    pinion__rank_release(&seats->by_unpolled);
    pinion__rank_release(&seats->by_count);
    pinion__lock_destroy(&seats->lock);
}

/* 0 when there is room then. */
static int make_room(struct pinion_longpoll_seats *seats, uint64_t now_ms,
                     struct pinion_longpoll_evicted *evicted)
{
    if (seats->taken < seats->max)
        return 0;
    struct pinion_longpoll_seat *seat = NULL;
    if (seats->leaving < leaving_max(seats))
        seat = who_goes(seats, now_ms);
    if (!seat)
        return PINION_EBUSY;
    evicted->any = true;
    evicted->loop = seat->loop;
    memcpy(evicted->id, seat->id, sizeof evicted->id);
    seats->leaving++;
    leave(seats, seat);
    return 0;
}

static int sit_down(struct pinion_longpoll_seats *seats, struct pinion_longpoll_seat *seat,
                    const struct pinion_longpoll_client *client, uint64_t now_ms)
{
    struct pinion_longpoll_group *group = group_of(seats, client);
    if (!group)
        return PINION_ENOMEM;
    seat->group = group;
    seat->number = ++seats->last_number;
    seat->since = now_ms;
    seat->polled = false;
    pinion__list_append(&group->unpolled, &seat->node);
    group->count++;
    group->unpolled_count++;
    seats->taken++;
    rank(seats, group);
    return 0;
}

int pinion__longpoll_seats_take(struct pinion_longpoll_seats *seats, struct pinion_longpoll_seat *seat,
                                const struct pinion_longpoll_client *client, uint64_t now_ms,
                                struct pinion_longpoll_evicted *evicted)
{
    struct report report = { .due = false };
    evicted->any = false;
    pinion__lock(&seats->lock);
    bool full = seats->taken >= seats->max;
    if (full)
        make_report(seats, now_ms, &report);
    int rc = make_room(seats, now_ms, evicted);
    if (!rc)
        rc = sit_down(seats, seat, client, now_ms);
    pinion__unlock(&seats->lock);
    say(&report);
    return rc;
}

void pinion__longpoll_seats_left(struct pinion_longpoll_seats *seats)
{
    pinion__lock(&seats->lock);
    seats->leaving--;
    pinion__unlock(&seats->lock);
}

void pinion__longpoll_seats_polled(struct pinion_longpoll_seats *seats, struct pinion_longpoll_seat *seat)
{
    pinion__lock(&seats->lock);
    struct pinion_longpoll_group *group = seat->group;
    if (group) {
        pinion__list_remove(&seat->node);
        pinion__list_append(&group->polled, &seat->node);
        group->unpolled_count -= !seat->polled;
        bool first = !seat->polled;
        seat->polled = true;
        if (first)
            rank(seats, group);
    }
    pinion__unlock(&seats->lock);
}

void pinion__longpoll_seats_give(struct pinion_longpoll_seats *seats, struct pinion_longpoll_seat *seat)
{
    pinion__lock(&seats->lock);
    if (seat->group)
        leave(seats, seat);
    pinion__unlock(&seats->lock);
}
