#include "transport/longpoll_out.h"
#include "engine/admit.h"
#include "engine/behind.h"
#include "io/busy.h"
#include "transport/longpoll_end.h"
#include "transport/longpoll_polls.h"

#define COMING_QUEUES 4 /* times max_queue may wait while the client is on its way to its next poll */

/* ---- to polls ---- */

static void flush(struct pinion_longpoll_session *session)
{
    if (session->queue.count == 0 || pinion__list_empty(&session->polls))
        return;
    size_t len = pinion__longpoll_polls_answer(session);
    pinion__behind_drained(session->socket);
    if (pinion__list_empty(&session->polls))
        pinion__longpoll_polls_expect(session, len);
}

/* What waits for polls. Making a long answer takes its time, and many may poll at once. */
void pinion__longpoll_out_hand_over(struct pinion_longpoll_session *session)
{
    if (pinion__turn_waits(&session->fetch))
        return;
    if (session->queue.memory > PINION_RECV_PIECE && !pinion__list_empty(&session->polls))
        pinion__turns_append(&session->sessions->turns, &session->fetch);
    else
        flush(session);
}

static void run_fetch(struct pinion_turn *turn)
{
    struct pinion_longpoll_session *session =
        PINION_CONTAINER_OF(turn, struct pinion_longpoll_session, fetch);
    flush(session);
    if (!pinion__list_empty(&session->bodies.list))
        pinion__longpoll_session_work_later(session); /* they may have waited for this */
}

void pinion__longpoll_out_init(struct pinion_longpoll_session *session)
{
    pinion__turn_init(&session->fetch, run_fetch);
}

/* ---- what may wait ---- */

/* Behind the first frame, which may be of any size; but it is there. */
size_t pinion__longpoll_out_waiting(void *conn)
{
    const struct pinion_longpoll_session *session = conn;
    size_t behind = pinion__longpoll_queue_behind(&session->queue);
    return behind > 0 ? behind : session->queue.count;
}

size_t pinion__longpoll_out_queued(void *conn)
{
    const struct pinion_longpoll_session *session = conn;
    return session->queue.memory;
}

/* A client that polls is not slow: what waits is handed over first. */
void pinion__longpoll_out_flush(void *conn)
{
    flush(conn);
}

size_t pinion__longpoll_out_drop(void *conn, size_t most)
{
    struct pinion_longpoll_session *session = conn;
    return pinion__longpoll_queue_drop(&session->queue, most);
}

/* Nor is one that is reading what it was answered: for that time it may have more waiting. */
size_t pinion__longpoll_out_allowance(void *conn)
{
    const struct pinion_longpoll_session *session = conn;
    return pinion__scheduler_now(session->shard->scheduler) < session->due ? COMING_QUEUES : 1;
}

/* The client does not come for what it is sent, and everything has an end. */
static void close_slow(struct pinion_longpoll_session *session)
{
    pinion__longpoll_queue_clear(&session->queue);
    pinion__longpoll_end_socket(session, PINION_REASON_CLOSED);
}

/* What is sent in one go leaves in one answer, and so does what is sent while it may wait. */
static void answer_later(struct pinion_longpoll_session *session)
{
    if (session->mount->limits.flush_delay_ms > 0)
        pinion_transport_gather(session->socket);
    else
        pinion__longpoll_session_work_later(session);
}

void pinion__longpoll_out_send_gathered(void *conn)
{
    struct pinion_longpoll_session *session = conn;
    if (session->queue.count > 0 && !pinion__list_empty(&session->polls))
        pinion__longpoll_session_work_later(session);
}

static int enqueue(struct pinion_longpoll_session *session, struct pinion_frame *frame)
{
    if (frame->opcode != PINION_OPCODE_TEXT)
        return PINION_ENOTSUP; /* what is no text cannot stand in JSON */
    int rc = pinion__socket_admit(session->socket, frame, pinion__longpoll_frame_memory(frame));
    if (rc == PINION_ECLOSED)
        close_slow(session);
    if (!rc)
        rc = pinion__longpoll_queue_put(&session->queue, frame);
    if (!rc && !pinion__list_empty(&session->polls))
        answer_later(session);
    return rc;
}

/* Its messages wait while much waits for the client: so their answers do not make it deaf, however many they
 * are in one body. */
bool pinion__longpoll_out_has_to_fetch(struct pinion_longpoll_session *session)
{
    size_t much = session->mount->limits.max_queue / 2;
    if (pinion__longpoll_queue_behind(&session->queue) >= much)
        flush(session);
    return pinion__longpoll_queue_behind(&session->queue) >= much;
}

/* ---- from the engine ---- */

int pinion__longpoll_out_send(void *conn, struct pinion_frame *frame)
{
    int rc = enqueue(conn, frame);
    pinion__frame_unref(frame);
    return rc;
}
