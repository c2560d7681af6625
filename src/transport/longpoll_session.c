#include "transport/longpoll_session.h"
#include <assert.h>
#include <stdlib.h>

/* ---- the sessions of a loop ---- */

static struct pinion_slice session_name(const struct pinion_map_node *node)
{
    const struct pinion_longpoll_session *session =
        PINION_CONTAINER_OF((struct pinion_map_node *)node, struct pinion_longpoll_session, node);
    return pinion__slice((const char *)session->seat.id, sizeof session->seat.id);
}

void pinion__longpoll_sessions_init(struct pinion_longpoll_sessions *sessions,
                                    struct pinion_longpoll *longpoll, unsigned loop)
{
    pinion__map_init(&sessions->by_id, session_name);
    sessions->longpoll = longpoll;
    sessions->loop = loop;
    pinion__turns_init(&sessions->turns, longpoll->hub->shards[loop]->scheduler);
}

void pinion__longpoll_sessions_release(struct pinion_longpoll_sessions *sessions)
{
    assert(sessions->by_id.count == 0);
    pinion__map_release(&sessions->by_id);
}

struct pinion_longpoll_session *pinion__longpoll_session_find(const struct pinion_longpoll_sessions *sessions,
                                                              const unsigned char *id)
{
    struct pinion_slice name = pinion__slice((const char *)id, PINION_LONGPOLL_ID_LEN);
    struct pinion_map_node *node = pinion__map_find(&sessions->by_id, name, pinion__hash(name));
    return node ? PINION_CONTAINER_OF(node, struct pinion_longpoll_session, node) : NULL;
}

/* ---- one of them ---- */

struct pinion_longpoll_session *pinion__longpoll_session_new(struct pinion_longpoll_sessions *sessions,
                                                             const struct pinion_longpoll_exchange *exchange,
                                                             const char *token)
{
    struct pinion_longpoll_session *session = calloc(1, sizeof *session + strlen(token) + 1);
    if (!session)
        return NULL;
    memcpy(session->seat.id, exchange->id, sizeof session->seat.id);
    session->seat.loop = sessions->loop;
    pinion__list_init(&session->seat.node);
    memcpy(session->token, token, strlen(token) + 1);
    session->sessions = sessions;
    session->shard = exchange->home;
    session->mount = exchange->mount;
    pinion__list_init(&session->polls);
    pinion__longpoll_bodies_init(&session->bodies);
    if (pinion__map_insert(&sessions->by_id, &session->node, pinion__hash(session_name(&session->node))) !=
        0) {
        free(session);
        return NULL;
    }
    return session;
}

void pinion__longpoll_session_forget(struct pinion_longpoll_session *session)
{
    pinion__map_remove(&session->sessions->by_id, &session->node);
    pinion__longpoll_seats_give(&session->sessions->longpoll->seats, &session->seat);
}

void pinion__longpoll_session_free(struct pinion_longpoll_session *session)
{
    pinion__longpoll_bodies_release(&session->bodies);
    pinion__list_gone(&session->polls);
    pinion__list_gone(&session->inactive.node);
    pinion__list_gone(&session->fetch.node);
    pinion__task_gone(&session->work);
    free(session);
}

void pinion__longpoll_session_work_later(struct pinion_longpoll_session *session)
{
    if (session->working)
        return;
    session->working = true;
    pinion__scheduler_defer(session->shard->scheduler, &session->work);
}
