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

/* ---- the way of a call ---- */

static struct pinion_longpoll_call *ref(struct pinion_longpoll_call *call)
{
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
    return call;
}

static void unref(struct pinion_longpoll_call *call)
{
    if (atomic_fetch_sub_explicit(&call->refs, 1, memory_order_acq_rel) != 1)
        return;
    pinion__list_gone(&call->node);
    pinion__list_gone(&call->window.node);
    pinion__task_gone(&call->task);
    pinion__task_gone(&call->cancel);
    pinion__buf_release(&call->body);
    pinion__buf_release(&call->answer);
    free(call->elsewhere);
    free(call);
}

static void run_answered(struct pinion_task *task)
{
    struct pinion_longpoll_call *call = PINION_CONTAINER_OF(task, struct pinion_longpoll_call, task);
    if (call->owner)
        call->answered(call);
    unref(call);
}

static void run_there(struct pinion_task *task)
{
    struct pinion_longpoll_call *call = PINION_CONTAINER_OF(task, struct pinion_longpoll_call, task);
    struct pinion_longpoll *longpoll = call->longpoll;
    struct pinion_longpoll_session *session = pinion__longpoll_session_find(
        &longpoll->loops[index_of(longpoll, call->there)], call->id, call->mount);
    call->gone = !session;
    call->found = session && call->kind == PINION_LONGPOLL_FIND;
    if (!session || call->found)
        pinion__longpoll_call_return(call);
    else if (call->kind == PINION_LONGPOLL_POLL)
        pinion__longpoll_session_poll(session, call);
    else
        pinion__longpoll_session_publish(session, call);
}

static void run_cancel(struct pinion_task *task)
{
    struct pinion_longpoll_call *call = PINION_CONTAINER_OF(task, struct pinion_longpoll_call, cancel);
    pinion__longpoll_session_cancel(call);
    unref(call);
}

/* Always by a queue, so that nothing comes back while it is still being sent off. */
static int send_to(struct pinion_shard *from, struct pinion_shard *to, struct pinion_task *task, size_t bytes)
{
    if (from != to)
        return pinion__scheduler_post(to->scheduler, task, bytes);
    pinion__scheduler_defer(to->scheduler, task);
    return 0;
}

void pinion__longpoll_call_return(struct pinion_longpoll_call *call)
{
    call->task.run = run_answered;
    if (send_to(call->there, call->home, &call->task, 0) != 0)
        unref(call); /* the loop it came from has ended, and its owner with it */
}

static void set_off(struct pinion_longpoll_call *call, enum pinion_longpoll_kind kind)
{
    call->kind = kind;
    if (call->gone) { /* it is addressed to where nobody can be */
        pinion__longpoll_call_return(call);
        return;
    }
    if (call->elsewhere) {
        pinion__longpoll_remote_ask(call->longpoll->remote, call);
        return;
    }
    call->task.run = run_there;
    int rc = send_to(call->home, call->there, &call->task, call->body.len);
    if (rc == 0)
        return;
    call->gone = rc == PINION_ECLOSED;
    if (!call->gone)
        (void)pinion__longpoll_put_status(&call->answer,
                                          408); /* that loop is behind: as if it took too long */
    call->there = call->home;
    pinion__longpoll_call_return(call);
}

struct pinion_longpoll_call *pinion__longpoll_call_new(struct pinion_longpoll *longpoll,
                                                       struct pinion_shard *home,
                                                       const struct pinion_mount *mount)
{
    struct pinion_longpoll_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    atomic_init(&call->refs, 1);
    call->longpoll = longpoll;
    call->home = call->there = home;
    call->mount = mount;
    pinion__list_init(&call->node);
    pinion__timer_init(&call->window, NULL);
    pinion__buf_init(&call->answer, SIZE_MAX);
    pinion__buf_init(&call->body, mount->options.longpoll_max_body);
    return call;
}

struct pinion_longpoll_call *pinion__longpoll_call_again(struct pinion_longpoll_call *call)
{
    pinion__buf_release(&call->answer);
    call->found = false;
    if (!call->elsewhere)
        call->there = call->longpoll->hub->shards[call->loop];
    return ref(call);
}

bool pinion__longpoll_call_address(struct pinion_longpoll_call *call, struct pinion_slice token)
{
    const struct pinion_hub *hub = call->longpoll->hub;
    struct pinion_longpoll_place place;
    if (!pinion__longpoll_token_read(hub, token, &place))
        return false;
    memcpy(call->id, place.id, sizeof call->id);
    call->loop = place.loop;
    if (strcmp(place.node, pinion__pubsub_node(&hub->pubsub)) != 0) {
        call->elsewhere = place.node[0] && call->longpoll->remote ? strdup(place.node) : NULL;
        call->gone = !call->elsewhere;
    } else {
        call->gone = place.loop >= hub->shard_count;
        call->there = call->gone ? call->home : hub->shards[place.loop];
    }
    return true;
}

void pinion__longpoll_call_free(struct pinion_longpoll_call *call)
{
    unref(call);
}

void pinion__longpoll_abandon(struct pinion_longpoll_call *call)
{
    if (call->elsewhere) {
        pinion__longpoll_remote_abandon(call->longpoll->remote, call);
        return;
    }
    call->owner = NULL;
    call->cancel.run = run_cancel;
    if (send_to(call->home, call->there, &ref(call)->cancel, 0) != 0)
        unref(call);
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

/* ---- calls ---- */

void pinion__longpoll_begin(struct pinion_longpoll_call *call, const pinion_payload *params,
                            const pinion_connect_info *info)
{
    struct pinion_longpoll *longpoll = call->longpoll;
    unsigned index = index_of(longpoll, call->home);
    char token[PINION_LONGPOLL_TOKEN_MAX];
    call->kind = PINION_LONGPOLL_BEGIN;
    call->there = call->home;
    call->gone = false;
    call->refused = call->home->closing;
    if (call->refused) {
        pinion__longpoll_call_return(call);
    } else if (RAND_bytes(call->id, sizeof call->id) != 1 ||
               pinion__longpoll_token_make(longpoll->hub, index, call->id, token) != 0) {
        (void)pinion__longpoll_put_status(&call->answer, 500);
        pinion__longpoll_call_return(call);
    } else {
        pinion__longpoll_session_open(&longpoll->loops[index], call, token, params, info);
    }
}

void pinion__longpoll_poll(struct pinion_longpoll_call *call)
{
    set_off(call, PINION_LONGPOLL_POLL);
}

void pinion__longpoll_publish(struct pinion_longpoll_call *call)
{
    set_off(call, PINION_LONGPOLL_PUBLISH);
}

void pinion__longpoll_find(struct pinion_longpoll_call *call)
{
    set_off(call, PINION_LONGPOLL_FIND);
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
