#include "transport/longpoll.h"
#include "transport/longpoll_local.h"
#include "transport/longpoll_remote.h"
#include "transport/longpoll_session.h"
#include "transport/longpoll_token.h"
#include <stdlib.h>

/* ---- life ---- */

int pinion__longpoll_new(struct pinion_longpoll **out, struct pinion_hub *hub, size_t max_sessions)
{
    struct pinion_longpoll *longpoll = calloc(1, sizeof *longpoll);
    if (!longpoll)
        return PINION_ENOMEM;
    longpoll->hub = hub;
    pinion__longpoll_seats_init(&longpoll->seats, max_sessions);
    for (unsigned i = 0; i < hub->shard_count; i++)
        pinion__longpoll_sessions_init(&longpoll->loops[i], longpoll, i);
    int rc = pinion__pubsub_has_adapter(&hub->pubsub)
                 ? pinion__longpoll_remote_new(&longpoll->remote, longpoll, hub)
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

size_t pinion__longpoll_sessions(struct pinion_longpoll *longpoll)
{
    pinion__lock(&longpoll->seats.lock);
    size_t taken = longpoll->seats.taken;
    pinion__unlock(&longpoll->seats.lock);
    return taken;
}

/* ---- exchanges ---- */

bool pinion__longpoll_address(struct pinion_longpoll_exchange *exchange, struct pinion_slice token)
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

static void set_off(struct pinion_longpoll_exchange *exchange, enum pinion_longpoll_kind kind)
{
    exchange->kind = kind;
    if (exchange->gone) /* it is addressed to where nobody can be */
        pinion__longpoll_exchange_return(exchange);
    else if (exchange->elsewhere)
        pinion__longpoll_asked_send(&exchange->longpoll->remote->asked, exchange);
    else
        pinion__longpoll_local_send(exchange);
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

struct pinion_longpoll_exchange *pinion__longpoll_again(struct pinion_longpoll_exchange *exchange)
{
    pinion__buf_release(&exchange->answer);
    exchange->found = false;
    if (!exchange->elsewhere)
        exchange->there = exchange->longpoll->hub->shards[exchange->loop];
    return pinion__longpoll_exchange_ref(exchange);
}

void pinion__longpoll_recall(struct pinion_longpoll_exchange *exchange)
{
    if (exchange->elsewhere)
        pinion__longpoll_asked_recall(&exchange->longpoll->remote->asked, exchange);
    else
        pinion__longpoll_local_recall(exchange);
}

void pinion__longpoll_abandon(struct pinion_longpoll_exchange *exchange)
{
    if (exchange->elsewhere)
        pinion__longpoll_asked_abandon(&exchange->longpoll->remote->asked, exchange);
    else
        pinion__longpoll_local_abandon(exchange);
}
