#include "transport/longpoll_out.h"
#include "base/log_limit.h"
#include "engine/who.h"
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

/* The client does not come for what it is sent, and everything has an end. */
static void close_slow(struct pinion_longpoll_session *session)
{
    PINION_LOG_LIMITED(PINION_LOG_INFO, "longpoll %s: a client does not fetch what it is sent, ended (%s)",
                       session->mount->path, PINION_WHO_OF(session->socket));
    PINION_COUNT(session->shard, slow_closed, 1);
    pinion__longpoll_queue_clear(&session->queue);
    pinion__longpoll_end_socket(session, PINION_REASON_CLOSED);
}

/* So many times max_queue may wait behind the first one. */
static bool has_room(const struct pinion_longpoll_session *session, size_t memory, size_t times)
{
    size_t behind = pinion__longpoll_queue_behind(&session->queue);
    return session->queue.count == 0 || (behind + memory) / times <= session->mount->options.max_queue;
}

/* Drop an eighth of the queue at once, so that not each frame moves the others. */
static void drop_oldest(struct pinion_longpoll_session *session, size_t memory)
{
    size_t max = session->mount->options.max_queue;
    PINION_COUNT(session->shard, skipped,
                 pinion__longpoll_queue_drop(&session->queue, memory, max - max / 8));
}

/* A client that polls cannot be deaf: what waits is handed over first. Nor can one that is reading what it
 * was answered: for that time it may have more waiting. */
static bool is_deaf_to(struct pinion_longpoll_session *session, size_t memory)
{
    bool coming = pinion__scheduler_now(session->shard->scheduler) < session->due;
    return !has_room(session, memory, coming ? COMING_QUEUES : 1);
}

static int enqueue(struct pinion_longpoll_session *session, struct pinion_frame *frame)
{
    if (frame->opcode != PINION_OPCODE_TEXT)
        return PINION_ENOTSUP; /* what is no text cannot stand in JSON */
    size_t memory = pinion__longpoll_frame_memory(frame);
    bool may_drop = session->mount->options.drop_broadcasts;
    if (!has_room(session, memory, 1))
        flush(session);
    if (!has_room(session, memory, 1) && may_drop)
        drop_oldest(session, memory);
    if (!has_room(session, memory, 1) && may_drop && frame->droppable)
        return PINION_EBUSY;
    if (!has_room(session, memory, 1) && is_deaf_to(session, memory)) {
        close_slow(session);
        return PINION_ECLOSED;
    }
    int rc = pinion__longpoll_queue_put(&session->queue, frame);
    if (!rc && !pinion__list_empty(&session->polls))
        pinion__longpoll_session_work_later(session); /* what is sent in one go leaves in one answer */
    return rc;
}

/* Its messages wait while much waits for the client: so their answers do not make it deaf, however many they
 * are in one body. */
bool pinion__longpoll_out_has_to_fetch(struct pinion_longpoll_session *session)
{
    size_t much = session->mount->options.max_queue / 2;
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
