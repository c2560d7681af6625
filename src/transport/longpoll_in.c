#include "transport/longpoll_in.h"
#include "base/log_limit.h"
#include "engine/receive.h"
#include "engine/who.h"
#include "io/busy.h"
#include "transport/longpoll_end.h"
#include "transport/longpoll_out.h"

/* The next frame of the body, or its end. Returns the bytes. */
static size_t dispatch_next(struct pinion_longpoll_session *session, struct pinion_longpoll_body *body)
{
    struct pinion_slice frame;
    int opcode;
    if (!pinion__longpoll_next(&body->frames, &opcode, &frame)) {
        if (body->exchange)
            pinion__longpoll_exchange_answer_status(body->exchange, 200);
        pinion__longpoll_body_free(&session->bodies, body);
        return 0;
    }
    if (frame.len > session->mount->limits.max_message) {
        PINION_LOG_LIMITED(PINION_LOG_INFO, "longpoll %s: a message of %zu bytes is too big, ended (%s)",
                           session->mount->path, frame.len, PINION_WHO_OF(session->socket));
        pinion__socket_because(session->socket, PINION_CAUSE_TOO_BIG);
        pinion__longpoll_end_socket(session, PINION_REASON_CLOSED);
    } else {
        pinion__socket_receive(session->socket, opcode == PINION_OPCODE_BINARY, frame);
    }
    return frame.len + 1;
}

/* What a session may have handled before others have their turn. */
struct go {
    uint64_t mark;   /* of the scheduler: what its messages cause comes before the next one */
    uint64_t spoken; /* see spoken.h */
    size_t left;     /* bytes */
    bool large;      /* a large message may be the first one: this go is a turn */
};

static struct go begin_go(const struct pinion_longpoll_session *session, size_t share, bool large)
{
    return (struct go){
        .mark = pinion__scheduler_mark(session->shard->scheduler),
        .spoken = pinion__spoken_begin(session->shard),
        .left = share,
        .large = large,
    };
}

/* True when the next message of the body waits for another go. */
static bool is_over(const struct go *go, const struct pinion_longpoll_session *session,
                    const struct pinion_longpoll_body *body)
{
    return go->left == 0 || pinion__scheduler_mark(session->shard->scheduler) != go->mark ||
           pinion__spoken_enough(session->shard, go->spoken) ||
           (!go->large && pinion__longpoll_batch_next_length(&body->frames) > PINION_RECV_PIECE);
}

static void dispatch(struct pinion_longpoll_session *session, struct go go)
{
    while (session->socket && !session->paused && !pinion__list_empty(&session->bodies.list)) {
        struct pinion_longpoll_body *body =
            PINION_CONTAINER_OF(session->bodies.list.next, struct pinion_longpoll_body, node);
        if (pinion__turn_waits(&body->turn))
            break;
        if (pinion__longpoll_out_has_to_fetch(session)) {
            pinion__longpoll_bodies_answer(&session->bodies);
            break;
        }
        if (is_over(&go, session, body)) {
            pinion__turns_append(&session->sessions->turns, &body->turn);
            break;
        }
        size_t took = dispatch_next(session, body);
        go.left -= took < go.left ? took : go.left;
        go.large = false;
    }
}

/* The rest of a body goes on after those of others, as connections are read that send more than their share:
 * see io/busy.h. */
static void run_turn(struct pinion_turn *turn)
{
    struct pinion_longpoll_body *body = PINION_CONTAINER_OF(turn, struct pinion_longpoll_body, turn);
    dispatch(body->session, begin_go(body->session, PINION_RECV_PIECE, true));
}

void pinion__longpoll_in_dispatch(struct pinion_longpoll_session *session)
{
    dispatch(session, begin_go(session, PINION_RECV_SHARE, false));
}

/* From the run queue, so that it is never inside one of the engine's calls. */
static void run_work(struct pinion_task *task)
{
    struct pinion_longpoll_session *session = PINION_CONTAINER_OF(task, struct pinion_longpoll_session, work);
    if (session->socket) {
        pinion__longpoll_in_dispatch(session); /* `working` is set: the session stays when this ends it */
        if (session->socket)
            pinion__longpoll_out_hand_over(session);
    }
    session->working = false;
    if (!session->socket)
        pinion__longpoll_session_free(session);
}

void pinion__longpoll_in_pause(void *conn, bool paused)
{
    struct pinion_longpoll_session *session = conn;
    session->paused = paused;
    if (!paused)
        pinion__longpoll_session_work_later(session);
}

void pinion__longpoll_in_init(struct pinion_longpoll_session *session)
{
    session->work.run = run_work;
}

bool pinion__longpoll_in_take(struct pinion_longpoll_session *session,
                              struct pinion_longpoll_exchange *exchange)
{
    return pinion__longpoll_body_new(&session->bodies, session, exchange, run_turn);
}
