#include "transport/longpoll_body.h"
#include <stdlib.h>

#define BODIES_MAX (16u * 1024 * 1024) /* bytes in a session; more are not taken */

static struct pinion_longpoll_body *body_of(struct pinion_list *node)
{
    return PINION_CONTAINER_OF(node, struct pinion_longpoll_body, node);
}

void pinion__longpoll_bodies_init(struct pinion_longpoll_bodies *bodies)
{
    pinion__list_init(&bodies->list);
}

void pinion__longpoll_bodies_release(struct pinion_longpoll_bodies *bodies)
{
    while (!pinion__list_empty(&bodies->list))
        pinion__longpoll_body_free(bodies, body_of(bodies->list.next));
}

bool pinion__longpoll_body_new(struct pinion_longpoll_bodies *bodies, struct pinion_longpoll_session *session,
                               struct pinion_longpoll_exchange *exchange,
                               void (*run)(struct pinion_turn *turn))
{
    bool room = bodies->bytes + exchange->body.len <= BODIES_MAX;
    struct pinion_longpoll_body *body = room ? calloc(1, sizeof *body) : NULL;
    if (!body)
        return false;
    body->session = session;
    body->exchange = exchange;
    body->bytes = exchange->body;
    pinion__buf_init(&exchange->body, 0);
    bodies->bytes += body->bytes.len;
    pinion__longpoll_batch_init(&body->frames, body->bytes.data, body->bytes.len, exchange->ndjson);
    pinion__turn_init(&body->turn, run);
    pinion__list_append(&bodies->list, &body->node);
    exchange->waits_for = body;
    return true;
}

void pinion__longpoll_body_free(struct pinion_longpoll_bodies *bodies, struct pinion_longpoll_body *body)
{
    bodies->bytes -= body->bytes.len;
    pinion__list_remove(&body->node);
    pinion__turn_remove(&body->turn);
    pinion__buf_release(&body->bytes);
    free(body);
}

void pinion__longpoll_bodies_answer(struct pinion_longpoll_bodies *bodies)
{
    PINION_LIST_FOREACH (node, &bodies->list) {
        struct pinion_longpoll_body *body = body_of(node);
        if (body->exchange)
            pinion__longpoll_exchange_answer_status(body->exchange, 200);
        body->exchange = NULL;
    }
}

/* A body was taken when all of it was, and not its last frame was the fault: so a client that is told to
 * disconnect because of what it sent hears that it arrived. */
void pinion__longpoll_bodies_end(struct pinion_longpoll_bodies *bodies, bool fault)
{
    PINION_LIST_FOREACH (node, &bodies->list) {
        struct pinion_longpoll_body *body = body_of(node);
        if (body->exchange && !fault && pinion__longpoll_batch_empty(&body->frames))
            pinion__longpoll_exchange_answer_status(body->exchange, 200);
        else if (body->exchange)
            pinion__longpoll_exchange_answer_gone(body->exchange);
        body->exchange = NULL;
    }
}
