#include "transport/longpoll_evict.h"
#include "base/log.h"
#include "transport/longpoll_end.h"
#include <stdlib.h>

struct eviction {
    struct pinion_task task;
    struct pinion_longpoll *longpoll;
    struct pinion_longpoll_evicted evicted;
};

/* End the session that lost its seat, if it is still there. */
static void evict(const struct pinion_longpoll_sessions *sessions, const unsigned char *id)
{
    struct pinion_longpoll_session *session = pinion__longpoll_session_find(sessions, id);
    if (!session)
        return;
    pinion__log(PINION_LOG_DEBUG, "longpoll %s: there are as many sessions as may be, ended one that was %s",
                session->mount->path,
                session->seat.polled ? "polled, of the address that has most" : "never polled");
    pinion__socket_because(session->socket, PINION_CAUSE_EVICTED);
    pinion__longpoll_end_socket(session, PINION_REASON_CLOSED);
}

static void run_eviction(struct pinion_task *task)
{
    struct eviction *eviction = PINION_CONTAINER_OF(task, struct eviction, task);
    struct pinion_longpoll *longpoll = eviction->longpoll;
    evict(&longpoll->loops[eviction->evicted.loop], eviction->evicted.id);
    pinion__longpoll_seats_left(&longpoll->seats);
    free(eviction);
}

/* On whichever loop it is. By a queue, on this loop too: none of the application's callbacks runs inside
 * another. */
static void evict_later(struct pinion_longpoll *longpoll, struct pinion_shard *from,
                        const struct pinion_longpoll_evicted *evicted)
{
    struct eviction *eviction = malloc(sizeof *eviction);
    if (eviction) {
        *eviction = (struct eviction){ .task.run = run_eviction, .longpoll = longpoll, .evicted = *evicted };
        if (pinion__longpoll_post(from, longpoll->hub->shards[evicted->loop], &eviction->task, 0) == 0)
            return;
        free(eviction); /* that loop has ended, and its sessions with it */
    }
    pinion__longpoll_seats_left(&longpoll->seats); /* without memory it stays, and ends by its own time */
}

int pinion__longpoll_take_seat(struct pinion_longpoll_session *session,
                               const struct pinion_longpoll_client *client)
{
    struct pinion_longpoll *longpoll = session->sessions->longpoll;
    struct pinion_longpoll_evicted evicted;
    uint64_t now = pinion__scheduler_now(session->shard->scheduler);
    int rc = pinion__longpoll_seats_take(&longpoll->seats, &session->seat, client, now, &evicted);
    if (evicted.any) {
        PINION_COUNT(session->shard, longpoll_evicted, 1);
        evict_later(longpoll, session->shard, &evicted);
    }
    return rc;
}
