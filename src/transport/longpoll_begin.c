#include "transport/longpoll_begin.h"
#include "engine/connect.h"
#include "proto/longpoll_codec.h"
#include "transport/longpoll_end.h"
#include "transport/longpoll_evict.h"
#include "transport/longpoll_in.h"
#include "transport/longpoll_out.h"
#include "transport/longpoll_polls.h"
#include "transport/longpoll_token.h"
#include <openssl/rand.h>

/* ---- the application decides ---- */

static int refusal(int error)
{
    return error == PINION_EACCES ? 403 : 500;
}

/* Its client was let in. */
static void let_in(struct pinion_longpoll_session *session, struct pinion_longpoll_exchange *exchange)
{
    if (pinion__longpoll_take_seat(session, &exchange->client) != 0) {
        exchange->refused = true;
        pinion__longpoll_exchange_answer(exchange, 0);
        pinion__socket_because(session->socket, PINION_CAUSE_REFUSED);
        pinion__longpoll_end_socket(session, PINION_REASON_CLOSED);
        return;
    }
    int rc = pinion__longpoll_put_start(&exchange->answer);
    if (!rc)
        rc = pinion__longpoll_put_end(&exchange->answer, 410, session->token);
    pinion__longpoll_polls_expect(session, 0);
    pinion__longpoll_exchange_answer(exchange, rc);
}

static void connected(void *conn, int error, const pinion_payload *reason)
{
    struct pinion_longpoll_session *session = conn;
    struct pinion_longpoll_exchange *exchange = session->beginner;
    session->beginner = NULL;
    if (error)
        pinion__longpoll_end(session, false);
    if (error && exchange)
        pinion__longpoll_exchange_answer_status(exchange, refusal(error));
    else if (exchange)
        let_in(session, exchange);
}

static void close_session(void *conn, uint16_t code)
{
    pinion__longpoll_end(conn, code != PINION_CLOSE_GOING_AWAY && code != PINION_CLOSE_RESTART);
}

const struct pinion_transport pinion__longpoll = {
    .name = "longpoll",
    .finds_idle = true,
    .frame = pinion__longpoll_quote,
    .send = pinion__longpoll_out_send,
    .connected = connected,
    .pause = pinion__longpoll_in_pause,
    .close = close_session,
    .waiting = pinion__longpoll_out_waiting,
    .queued = pinion__longpoll_out_queued,
    .flush = pinion__longpoll_out_flush,
    .drop = pinion__longpoll_out_drop,
    .allowance = pinion__longpoll_out_allowance,
    .send_gathered = pinion__longpoll_out_send_gathered,
};

/* ---- to begin ---- */

static void open_session(struct pinion_longpoll_sessions *sessions, struct pinion_longpoll_exchange *exchange,
                         const char *token, const pinion_payload *params, const pinion_connect_info *info)
{
    struct pinion_longpoll_session *session = pinion__longpoll_session_new(sessions, exchange, token);
    if (!session) {
        pinion__longpoll_exchange_answer_status(exchange, 500);
        return;
    }
    pinion__longpoll_in_init(session);
    pinion__longpoll_out_init(session);
    pinion__longpoll_end_init(session);
    struct pinion_connect connect = {
        .mount = exchange->mount,
        .transport = &pinion__longpoll,
        .conn = session,
        .params = params,
        .info = info,
    };
    int rc = pinion__socket_connect(session->shard, &connect, &session->socket);
    pinion_payload_unref(connect.reason);
    if (rc == PINION_EPENDING) {
        session->beginner = exchange;
        exchange->waits_for = session;
    } else if (rc) {
        pinion__longpoll_session_forget(session);
        pinion__longpoll_session_free(session);
        pinion__longpoll_exchange_answer_status(exchange, refusal(rc));
    } else {
        let_in(session, exchange);
    }
}

void pinion__longpoll_begin(struct pinion_longpoll_exchange *exchange, const pinion_payload *params,
                            const pinion_connect_info *info)
{
    struct pinion_longpoll *longpoll = exchange->longpoll;
    unsigned loop = pinion__longpoll_exchange_home(exchange);
    char token[PINION_LONGPOLL_TOKEN_MAX];
    exchange->kind = PINION_LONGPOLL_BEGIN;
    exchange->there = exchange->home;
    exchange->gone = false;
    exchange->refused = exchange->home->closing;
    if (exchange->refused) {
        pinion__longpoll_exchange_return(exchange);
    } else if (RAND_bytes(exchange->id, sizeof exchange->id) != 1 ||
               pinion__longpoll_token_make(longpoll->hub, loop, exchange->id, token) != 0) {
        (void)pinion__longpoll_put_status(&exchange->answer, 500);
        pinion__longpoll_exchange_return(exchange);
    } else {
        open_session(&longpoll->loops[loop], exchange, token, params, info);
    }
}
