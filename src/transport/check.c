/* See check.h. */
#include "transport/check.h"

/* ---- ranks ---- */

const char *pinion__rank_check(const struct pinion_rank *rank)
{
    if (rank->count > rank->cap)
        return "more are ranked than there is room for";
    for (size_t i = 0; i < rank->count; i++) {
        if (rank->nodes[i]->place != i + 1)
            return "one that is ranked does not know its place";
        if (i > 0 && rank->before(rank->nodes[i], rank->nodes[(i - 1) / 2]))
            return "one that is ranked comes before the one above it";
    }
    return NULL;
}

/* ---- what waits for a client ---- */

const char *pinion__longpoll_queue_check(const struct pinion_longpoll_queue *queue)
{
    size_t memory = 0;
    if (queue->count > queue->cap)
        return "more frames wait for a poll than there is room for";
    for (size_t i = 0; i < queue->count; i++) {
        if (queue->frames[i]->refs == 0)
            return "a frame waits for a poll that nobody holds";
        memory += pinion__longpoll_frame_memory(queue->frames[i]);
    }
    return memory == queue->memory ? NULL : "what waits for a poll has not the size that was counted";
}

/* ---- seats ---- */

static const char *seated_check(const struct pinion_longpoll_group *group, const struct pinion_list *list,
                                bool polled)
{
    PINION_LIST_FOREACH (node, list) {
        const struct pinion_longpoll_seat *seat =
            PINION_CONTAINER_OF(node, struct pinion_longpoll_seat, node);
        if (seat->group != group || seat->polled != polled)
            return "a seat is in the list of another address, or in the other list of its own";
    }
    return NULL;
}

static const char *group_check(const struct pinion_longpoll_group *group)
{
    size_t unpolled, polled;
    const char *wrong = pinion__list_check(&group->unpolled, &unpolled);
    if (!wrong)
        wrong = pinion__list_check(&group->polled, &polled);
    if (wrong)
        return wrong;
    if (unpolled != group->unpolled_count || unpolled + polled != group->count)
        return "an address has not as many seats as were counted";
    if ((group->by_unpolled.place > 0) != (unpolled > 0) ||
        (group->by_count.place > 0) != (group->client.known && group->count > 0))
        return "an address is ranked that has no seats, or has some and is not";
    wrong = seated_check(group, &group->unpolled, false);
    return wrong ? wrong : seated_check(group, &group->polled, true);
}

static const char *seats_check(const struct pinion_longpoll_seats *seats)
{
    const struct pinion_map *map = &seats->groups;
    size_t taken = seats->nobody.count;
    const char *wrong = group_check(&seats->nobody);
    if (!wrong)
        wrong = pinion__map_check(map);
    for (size_t i = 0; i < map->bucket_count && !wrong; i++) {
        for (struct pinion_map_node *node = map->buckets[i]; node && !wrong; node = node->next) {
            const struct pinion_longpoll_group *group =
                PINION_CONTAINER_OF(node, struct pinion_longpoll_group, node);
            taken += group->count;
            wrong = group->count ? group_check(group) : "an address is known that has no seats";
        }
    }
    if (!wrong && taken != seats->taken)
        wrong = "not as many seats are taken as were counted";
    if (!wrong && seats->taken > seats->max)
        wrong = "more seats are taken than there are";
    if (!wrong)
        wrong = pinion__rank_check(&seats->by_unpolled);
    return wrong ? wrong : pinion__rank_check(&seats->by_count);
}

const char *pinion__longpoll_seats_check(struct pinion_longpoll_seats *seats)
{
    pinion__lock(&seats->lock);
    const char *wrong = seats_check(seats);
    pinion__unlock(&seats->lock);
    return wrong;
}

/* ---- sessions ---- */

static const char *bodies_check(const struct pinion_longpoll_session *session)
{
    size_t bytes = 0;
    const char *wrong = pinion__list_check(&session->bodies.list, NULL);
    if (wrong)
        return wrong;
    PINION_LIST_FOREACH (node, &session->bodies.list) {
        const struct pinion_longpoll_body *body =
            PINION_CONTAINER_OF(node, struct pinion_longpoll_body, node);
        if (body->session != session)
            return "a session has a body of another one";
        bytes += body->bytes.len;
    }
    return bytes == session->bodies.bytes ? NULL : "a session's bodies have not the size that was counted";
}

static const char *polls_check(const struct pinion_longpoll_session *session)
{
    const char *wrong = pinion__list_check(&session->polls, NULL);
    if (wrong)
        return wrong;
    PINION_LIST_FOREACH (node, &session->polls) {
        const struct pinion_longpoll_exchange *exchange =
            PINION_CONTAINER_OF(node, struct pinion_longpoll_exchange, node);
        if (exchange->waits_for != session)
            return "a poll waits in a session that it does not know";
    }
    return NULL;
}

const char *pinion__longpoll_session_check(const struct pinion_longpoll_session *session)
{
    const char *wrong = pinion__longpoll_queue_check(&session->queue);
    if (!wrong)
        wrong = polls_check(session);
    if (!wrong)
        wrong = bodies_check(session);
    if (!wrong && session->working != session->work.queued)
        wrong = "a session has work, and no task, or the other way round";
    return wrong;
}

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
