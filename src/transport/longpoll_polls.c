#include "transport/longpoll_polls.h"
#include "proto/longpoll_codec.h"

#define READ_MS     64     /* that a slow client takes for a KiB of an answer */
#define READ_MS_MAX 300000 /* for an answer */

static struct pinion_longpoll_exchange *latest(const struct pinion_longpoll_session *session)
{
    return PINION_CONTAINER_OF(session->polls.prev, struct pinion_longpoll_exchange, node);
}

bool pinion__longpoll_polls_is_next(const struct pinion_longpoll_session *session,
                                    const struct pinion_longpoll_exchange *exchange)
{
    return session->queue.count > 0 && latest(session) == exchange;
}

/* What is queued is the client's then. */
size_t pinion__longpoll_polls_answer(struct pinion_longpoll_session *session)
{
    struct pinion_longpoll_exchange *exchange = latest(session);
    struct pinion_buf *out = &exchange->answer;
    int rc = pinion__longpoll_put_start(out);
    if (!rc)
        rc = pinion__longpoll_queue_write(&session->queue, out);
    if (!rc)
        rc = pinion__longpoll_put_end(out, 200, session->token);
    pinion__longpoll_queue_clear(&session->queue);
    size_t len = out->len;
    pinion__longpoll_exchange_answer(exchange, rc);
    return len;
}

void pinion__longpoll_polls_answer_empty(struct pinion_longpoll_session *session,
                                         struct pinion_longpoll_exchange *exchange)
{
    int rc = pinion__longpoll_put_start(&exchange->answer);
    if (!rc)
        rc = pinion__longpoll_put_end(&exchange->answer, 204, session->token);
    pinion__longpoll_exchange_answer(exchange, rc);
}

void pinion__longpoll_polls_end(struct pinion_longpoll_session *session)
{
    while (!pinion__list_empty(&session->polls)) {
        if (session->queue.count > 0)
            (void)pinion__longpoll_polls_answer(session);
        else
            pinion__longpoll_polls_answer_empty(session, latest(session));
    }
}

void pinion__longpoll_polls_expect(struct pinion_longpoll_session *session, size_t answered)
{
    uint64_t reading = (uint64_t)(answered / 1024) * READ_MS;
    uint64_t window = pinion__longpoll_session_window(session);
    if (reading > READ_MS_MAX)
        reading = READ_MS_MAX;
    session->due = pinion__scheduler_now(session->shard->scheduler) + reading + window;
    pinion__scheduler_deadline(session->shard->scheduler, &session->inactive, reading + window * 3 / 2);
}
