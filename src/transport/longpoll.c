#include "transport/longpoll.h"
#include "transport/check.h"
#include "transport/longpoll_remote.h"
#include "transport/longpoll_session.h"
#include <openssl/rand.h>
#include <stdlib.h>

struct pinion_longpoll {
    struct pinion_hub *hub;
    struct pinion_longpoll_sessions loops[PINION_LOOPS_MAX]; /* each belongs to its loop */
    struct pinion_longpoll_seats seats;                      /* of all */
    struct pinion_longpoll_remote *remote;                   /* NULL: there are no other nodes */
};

int pinion__longpoll_new(struct pinion_longpoll **out, struct pinion_hub *hub, size_t max_sessions)
{
    struct pinion_longpoll *longpoll = calloc(1, sizeof *longpoll);
    if (!longpoll)
        return PINION_ENOMEM;
    longpoll->hub = hub;
    pinion__longpoll_seats_init(&longpoll->seats, max_sessions);
    for (unsigned i = 0; i < hub->shard_count; i++)
        pinion__longpoll_sessions_init(&longpoll->loops[i], longpoll, i, hub->shards[i]->scheduler,
                                       &longpoll->seats);
    int rc = pinion__pubsub_has_adapter(&hub->pubsub)
                 ? pinion__longpoll_remote_new(&longpoll->remote, longpoll, hub, longpoll->loops)
                 : 0;
    if (rc)
        pinion__longpoll_free(longpoll);
    else
        *out = longpoll;
    return rc;
}

void pinion__longpoll_free(struct pinion_longpoll *longpoll)
{
    if (!longpoll)
        return;
    pinion__longpoll_remote_free(longpoll->remote);
    for (unsigned i = 0; i < longpoll->hub->shard_count; i++)
        pinion__longpoll_sessions_release(&longpoll->loops[i]);
    pinion__longpoll_seats_release(&longpoll->seats);
    free(longpoll);
}

static unsigned index_of(const struct pinion_longpoll *longpoll, const struct pinion_shard *shard)
{
    unsigned index = 0;
    while (longpoll->hub->shards[index] != shard)
        index++;
    return index;
}

/* ---- the way of an exchange ---- */

static struct pinion_longpoll_exchange *ref(struct pinion_longpoll_exchange *exchange)
{
    atomic_fetch_add_explicit(&exchange->refs, 1, memory_order_relaxed);
    return exchange;
}

static void unref(struct pinion_longpoll_exchange *exchange)
{
    if (atomic_fetch_sub_explicit(&exchange->refs, 1, memory_order_acq_rel) != 1)
        return;
    pinion__list_gone(&exchange->node);
    pinion__list_gone(&exchange->window.node);
    pinion__task_gone(&exchange->task);
    pinion__task_gone(&exchange->cancel);
    pinion__buf_release(&exchange->body);
    pinion__buf_release(&exchange->answer);
    free(exchange->elsewhere);
    free(exchange);
}

static void run_answered(struct pinion_task *task)
{
    struct pinion_longpoll_exchange *exchange =
        PINION_CONTAINER_OF(task, struct pinion_longpoll_exchange, task);
    if (exchange->owner)
        exchange->answered(exchange);
    unref(exchange);
}

static void run_there(struct pinion_task *task)
{
    struct pinion_longpoll_exchange *exchange =
        PINION_CONTAINER_OF(task, struct pinion_longpoll_exchange, task);
    struct pinion_longpoll *longpoll = exchange->longpoll;
    struct pinion_longpoll_session *session = pinion__longpoll_session_find(
        &longpoll->loops[index_of(longpoll, exchange->there)], exchange->id, exchange->mount);
    exchange->gone = !session;
    exchange->found = session && exchange->kind == PINION_LONGPOLL_FIND;
    if (!session || exchange->found)
        pinion__longpoll_exchange_return(exchange);
    else if (exchange->kind == PINION_LONGPOLL_POLL)
        pinion__longpoll_session_poll(session, exchange);
    else
        pinion__longpoll_session_publish(session, exchange);
}

static void run_cancel(struct pinion_task *task)
{
    struct pinion_longpoll_exchange *exchange =
        PINION_CONTAINER_OF(task, struct pinion_longpoll_exchange, cancel);
    pinion__longpoll_session_cancel(exchange);
    unref(exchange);
}

/* Always by a queue, so that nothing comes back while it is still being sent off. */
static int send_to(struct pinion_shard *from, struct pinion_shard *to, struct pinion_task *task, size_t bytes)
{
    if (from != to)
        return pinion__scheduler_post(to->scheduler, task, bytes);
    pinion__scheduler_defer(to->scheduler, task);
    return 0;
}

void pinion__longpoll_exchange_return(struct pinion_longpoll_exchange *exchange)
{
    exchange->task.run = run_answered;
    if (send_to(exchange->there, exchange->home, &exchange->task, 0) != 0)
        unref(exchange); /* the loop it came from has ended, and its owner with it */
}

static void set_off(struct pinion_longpoll_exchange *exchange, enum pinion_longpoll_kind kind)
{
    exchange->kind = kind;
    if (exchange->gone) { /* it is addressed to where nobody can be */
        pinion__longpoll_exchange_return(exchange);
        return;
    }
    if (exchange->elsewhere) {
        pinion__longpoll_remote_ask(exchange->longpoll->remote, exchange);
        return;
    }
    exchange->task.run = run_there;
    int rc = send_to(exchange->home, exchange->there, &exchange->task, exchange->body.len);
    if (rc == 0)
        return;
    exchange->gone = rc == PINION_ECLOSED;
    if (!exchange->gone)
        (void)pinion__longpoll_put_status(&exchange->answer,
                                          408); /* that loop is behind: as if it took too long */
    exchange->there = exchange->home;
    pinion__longpoll_exchange_return(exchange);
}

struct pinion_longpoll_exchange *pinion__longpoll_exchange_new(struct pinion_longpoll *longpoll,
                                                               struct pinion_shard *home,
                                                               const struct pinion_mount *mount)
{
    struct pinion_longpoll_exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    atomic_init(&exchange->refs, 1);
    exchange->longpoll = longpoll;
    exchange->home = exchange->there = home;
    exchange->mount = mount;
    pinion__list_init(&exchange->node);
    pinion__timer_init(&exchange->window, NULL);
    pinion__buf_init(&exchange->answer, SIZE_MAX);
    pinion__buf_init(&exchange->body, mount->options.longpoll_max_body);
    return exchange;
}

struct pinion_longpoll_exchange *pinion__longpoll_exchange_again(struct pinion_longpoll_exchange *exchange)
{
    pinion__buf_release(&exchange->answer);
    exchange->found = false;
    if (!exchange->elsewhere)
        exchange->there = exchange->longpoll->hub->shards[exchange->loop];
    return ref(exchange);
}

bool pinion__longpoll_exchange_address(struct pinion_longpoll_exchange *exchange, struct pinion_slice token)
{
    const struct pinion_hub *hub = exchange->longpoll->hub;
    struct pinion_longpoll_place place;
    if (!pinion__longpoll_token_read(hub, token, &place))
        return false;
    memcpy(exchange->id, place.id, sizeof exchange->id);
    exchange->loop = place.loop;
    if (strcmp(place.node, pinion__pubsub_node(&hub->pubsub)) != 0) {
        exchange->elsewhere = place.node[0] && exchange->longpoll->remote ? strdup(place.node) : NULL;
        exchange->gone = !exchange->elsewhere;
    } else {
        exchange->gone = place.loop >= hub->shard_count;
        exchange->there = exchange->gone ? exchange->home : hub->shards[place.loop];
    }
    return true;
}

void pinion__longpoll_exchange_free(struct pinion_longpoll_exchange *exchange)
{
    unref(exchange);
}

void pinion__longpoll_abandon(struct pinion_longpoll_exchange *exchange)
{
    if (exchange->elsewhere) {
        pinion__longpoll_remote_abandon(exchange->longpoll->remote, exchange);
        return;
    }
    exchange->owner = NULL;
    exchange->cancel.run = run_cancel;
    if (send_to(exchange->home, exchange->there, &ref(exchange)->cancel, 0) != 0)
        unref(exchange);
}

/* ---- who has to go ---- */

struct eviction {
    struct pinion_task task;
    struct pinion_longpoll *longpoll;
    struct pinion_longpoll_evicted evicted;
};

static void run_eviction(struct pinion_task *task)
{
    struct eviction *eviction = PINION_CONTAINER_OF(task, struct eviction, task);
    struct pinion_longpoll *longpoll = eviction->longpoll;
    pinion__longpoll_session_evict(&longpoll->loops[eviction->evicted.loop], eviction->evicted.id);
    pinion__longpoll_seats_left(&longpoll->seats);
    free(eviction);
}

/* By a queue, on the session's own loop too: none of the application's callbacks runs inside another. */
void pinion__longpoll_evict(struct pinion_longpoll *longpoll, struct pinion_shard *from,
                            const struct pinion_longpoll_evicted *evicted)
{
    struct eviction *eviction = malloc(sizeof *eviction);
    if (eviction) {
        *eviction = (struct eviction){ .task.run = run_eviction, .longpoll = longpoll, .evicted = *evicted };
        if (send_to(from, longpoll->hub->shards[evicted->loop], &eviction->task, 0) == 0)
            return;
        free(eviction); /* that loop has ended, and its sessions with it */
    }
    pinion__longpoll_seats_left(&longpoll->seats); /* without memory it stays, and ends by its own time */
}

/* ---- exchanges ---- */

void pinion__longpoll_begin(struct pinion_longpoll_exchange *exchange, const pinion_payload *params,
                            const pinion_connect_info *info)
{
    struct pinion_longpoll *longpoll = exchange->longpoll;
    unsigned index = index_of(longpoll, exchange->home);
    char token[PINION_LONGPOLL_TOKEN_MAX];
    exchange->kind = PINION_LONGPOLL_BEGIN;
    exchange->there = exchange->home;
    exchange->gone = false;
    exchange->refused = exchange->home->closing;
    if (exchange->refused) {
        pinion__longpoll_exchange_return(exchange);
    } else if (RAND_bytes(exchange->id, sizeof exchange->id) != 1 ||
               pinion__longpoll_token_make(longpoll->hub, index, exchange->id, token) != 0) {
        (void)pinion__longpoll_put_status(&exchange->answer, 500);
        pinion__longpoll_exchange_return(exchange);
    } else {
        pinion__longpoll_session_open(&longpoll->loops[index], exchange, token, params, info);
    }
}

void pinion__longpoll_poll(struct pinion_longpoll_exchange *exchange)
{
    set_off(exchange, PINION_LONGPOLL_POLL);
}

void pinion__longpoll_publish(struct pinion_longpoll_exchange *exchange)
{
    set_off(exchange, PINION_LONGPOLL_PUBLISH);
}

void pinion__longpoll_find(struct pinion_longpoll_exchange *exchange)
{
    set_off(exchange, PINION_LONGPOLL_FIND);
}

/* ---- checking ---- */

#ifdef PINION_CHECKS

const char *pinion__longpoll_check(struct pinion_longpoll *longpoll, unsigned loop)
{
    const struct pinion_map *map = &longpoll->loops[loop].by_id;
    const char *wrong = pinion__map_check(map);
    for (size_t i = 0; i < map->bucket_count && !wrong; i++) {
        for (struct pinion_map_node *node = map->buckets[i]; node && !wrong; node = node->next)
            wrong = pinion__longpoll_session_check(
                PINION_CONTAINER_OF(node, struct pinion_longpoll_session, node));
    }
    if (!wrong)
        wrong = pinion__turns_check(&longpoll->loops[loop].turns);
    return wrong ? wrong : pinion__longpoll_seats_check(&longpoll->seats);
}

#endif
