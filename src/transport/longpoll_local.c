#include "transport/longpoll_local.h"
#include "proto/longpoll_codec.h"
#include "transport/longpoll_end.h"
#include "transport/longpoll_in.h"
#include "transport/longpoll_out.h"
#include "transport/longpoll_polls.h"

/* ---- nobody waits for it any more ---- */

static void cancel_poll(struct pinion_longpoll_exchange *exchange)
{
    struct pinion_longpoll_session *session = exchange->waits_for;
    pinion__longpoll_polls_answer_empty(session, exchange);
    if (pinion__list_empty(&session->polls))
        pinion__longpoll_polls_expect(session, 0);
}

/* The body stays: its frames are still dispatched. */
static void cancel_publish(struct pinion_longpoll_exchange *exchange)
{
    struct pinion_longpoll_body *body = exchange->waits_for;
    body->exchange = NULL;
    pinion__longpoll_exchange_answer_status(exchange, 408);
}

/* Nobody else knows the token. */
static void cancel_begin(struct pinion_longpoll_exchange *exchange)
{
    pinion__longpoll_end_socket(exchange->waits_for, PINION_REASON_CLOSED);
}

static void cancel(struct pinion_longpoll_exchange *exchange)
{
    if (!exchange->waits_for)
        return;
    switch (exchange->kind) {
    case PINION_LONGPOLL_BEGIN:
        cancel_begin(exchange);
        break;
    case PINION_LONGPOLL_POLL:
        cancel_poll(exchange);
        break;
    case PINION_LONGPOLL_PUBLISH:
        cancel_publish(exchange);
        break;
    case PINION_LONGPOLL_FIND: /* waits for nothing */
        break;
    }
}

/* Messages that are about to answer it go home with it. A client that ends its side behind each poll would
 * never get them otherwise. */
static void call_home(struct pinion_longpoll_exchange *exchange)
{
    if (exchange->waits_for && !pinion__longpoll_polls_is_next(exchange->waits_for, exchange))
        cancel_poll(exchange);
}

static void on_window(struct pinion_timer *timer)
{
    cancel(PINION_CONTAINER_OF(timer, struct pinion_longpoll_exchange, window));
}

/* ---- at the session ---- */

static void wait_window(struct pinion_longpoll_session *session, struct pinion_longpoll_exchange *exchange)
{
    pinion__timer_init(&exchange->window, on_window);
    pinion__scheduler_timer(session->shard->scheduler, &exchange->window,
                            pinion__longpoll_session_window(session));
}

static void poll(struct pinion_longpoll_session *session, struct pinion_longpoll_exchange *exchange)
{
    pinion__list_append(&session->polls, &exchange->node);
    exchange->waits_for = session;
    pinion__longpoll_seats_polled(&session->sessions->longpoll->seats, &session->seat);
    pinion__timer_cancel(&session->inactive);
    wait_window(session, exchange);
    pinion__longpoll_out_hand_over(session);
    if (!pinion__list_empty(&session->bodies.list))
        pinion__longpoll_session_work_later(session); /* they may have waited for this */
}

static void publish(struct pinion_longpoll_session *session, struct pinion_longpoll_exchange *exchange)
{
    if (!pinion__longpoll_in_take(session, exchange)) {
        pinion__longpoll_exchange_answer_status(exchange, 408);
        return;
    }
    wait_window(session, exchange);
    pinion__longpoll_in_dispatch(session);
}

/* ---- the way there ---- */

static struct pinion_longpoll_session *session_of(const struct pinion_longpoll_exchange *exchange)
{
    struct pinion_longpoll_session *session =
        pinion__longpoll_session_find(&exchange->longpoll->loops[exchange->loop], exchange->id);
    return session && session->mount == exchange->mount ? session : NULL;
}

static void run_there(struct pinion_task *task)
{
    struct pinion_longpoll_exchange *exchange =
        PINION_CONTAINER_OF(task, struct pinion_longpoll_exchange, task);
    struct pinion_longpoll_session *session = session_of(exchange);
    exchange->gone = !session;
    exchange->found = session && exchange->kind == PINION_LONGPOLL_FIND;
    if (!session || exchange->found)
        pinion__longpoll_exchange_return(exchange);
    else if (exchange->kind == PINION_LONGPOLL_POLL)
        poll(session, exchange);
    else
        publish(session, exchange);
}

void pinion__longpoll_local_send(struct pinion_longpoll_exchange *exchange)
{
    exchange->task.run = run_there;
    int rc = pinion__longpoll_post(exchange->home, exchange->there, &exchange->task, exchange->body.len);
    if (rc == 0)
        return;
    exchange->gone = rc == PINION_ECLOSED;
    if (!exchange->gone) /* that loop is behind: as if it took too long */
        (void)pinion__longpoll_put_status(&exchange->answer, 408);
    exchange->there = exchange->home;
    pinion__longpoll_exchange_return(exchange);
}

static void run_recall(struct pinion_task *task)
{
    struct pinion_longpoll_exchange *exchange =
        PINION_CONTAINER_OF(task, struct pinion_longpoll_exchange, cancel);
    call_home(exchange);
    pinion__longpoll_exchange_unref(exchange);
}

static void run_cancel(struct pinion_task *task)
{
    struct pinion_longpoll_exchange *exchange =
        PINION_CONTAINER_OF(task, struct pinion_longpoll_exchange, cancel);
    cancel(exchange);
    pinion__longpoll_exchange_unref(exchange);
}

/* Follow the exchange there. False: that loop takes no more. */
static bool follow(struct pinion_longpoll_exchange *exchange, void (*run)(struct pinion_task *task))
{
    exchange->cancel.run = run;
    pinion__longpoll_exchange_ref(exchange);
    if (pinion__longpoll_post(exchange->home, exchange->there, &exchange->cancel, 0) == 0)
        return true;
    pinion__longpoll_exchange_unref(exchange);
    return false;
}

void pinion__longpoll_local_recall(struct pinion_longpoll_exchange *exchange)
{
    if (!exchange->recalled)
        exchange->recalled = follow(exchange, run_recall);
}

void pinion__longpoll_local_abandon(struct pinion_longpoll_exchange *exchange)
{
    exchange->owner = NULL;
    if (!exchange->recalled)
        (void)follow(exchange, run_cancel);
}
