#include "transport/longpoll_end.h"
#include "base/log_limit.h"
#include "engine/socket_end.h"
#include "transport/longpoll_polls.h"

void pinion__longpoll_end(struct pinion_longpoll_session *session, bool fault)
{
    session->socket = NULL;
    pinion__longpoll_session_forget(session);
    pinion__timer_cancel(&session->inactive);
    pinion__turn_remove(&session->fetch);
    pinion__longpoll_polls_end(session);
    pinion__longpoll_bodies_end(&session->bodies, fault);
    pinion__longpoll_queue_clear(&session->queue);
    if (session->beginner)
        pinion__longpoll_exchange_answer_status(session->beginner, 500);
    session->beginner = NULL;
    pinion__longpoll_session_work_later(session); /* which frees it */
}

void pinion__longpoll_end_socket(struct pinion_longpoll_session *session, pinion_reason reason)
{
    struct pinion_socket *socket = session->socket;
    pinion__longpoll_end(session, true);
    pinion__socket_ended(socket, reason);
}

static void on_inactive(struct pinion_timer *timer)
{
    struct pinion_longpoll_session *session =
        PINION_CONTAINER_OF(timer, struct pinion_longpoll_session, inactive);
    PINION_LOG_LIMITED(PINION_LOG_DEBUG, "longpoll %s: no poll for %u ms, ended", session->mount->path,
                       pinion__longpoll_session_window(session) * 3 / 2);
    pinion__socket_because(session->socket, PINION_CAUSE_SILENT);
    pinion__longpoll_end_socket(session, PINION_REASON_INACTIVE);
}

void pinion__longpoll_end_init(struct pinion_longpoll_session *session)
{
    pinion__timer_init(&session->inactive, on_inactive);
}
