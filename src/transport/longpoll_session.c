#include "transport/longpoll_session.h"
#include "base/log_limit.h"
#include "engine/connect.h"
#include "engine/receive.h"
#include "engine/socket_end.h"
#include "engine/who.h"
#include "io/busy.h"
#include "transport/check.h"
#include <assert.h>
#include <stdlib.h>

#define BATCHES_MAX (16u * 1024 * 1024) /* bytes of bodies waiting in one session; more are not taken */

#define COMING_QUEUES 4      /* times max_queue may wait while the client is on its way to its next poll */
#define READ_MS       64     /* that a slow client takes for a KiB of an answer */
#define READ_MS_MAX   300000 /* for an answer */

/* A body whose frames are not all dispatched. */
struct batch {
    struct pinion_list node;
    struct pinion_turn turn; /* it waits for another go */
    struct pinion_longpoll_session *session;
    struct pinion_longpoll_exchange *exchange; /* NULL: it got its answer already */
    struct pinion_longpoll_batch frames;
    struct pinion_buf body;
};

static uint32_t window_of(const struct pinion_longpoll_session *session)
{
    return session->mount->options.longpoll_window_ms;
}

/* ---- answers ---- */

static void return_exchange(struct pinion_longpoll_exchange *exchange, int failed)
{
    pinion__timer_cancel(&exchange->window);
    pinion__list_remove(&exchange->node);
    exchange->waits_for = NULL;
    if (failed) {
        pinion__buf_release(&exchange->answer);
        (void)pinion__longpoll_put_status(&exchange->answer, 500);
    }
    pinion__longpoll_exchange_return(exchange);
}

static void answer_status(struct pinion_longpoll_exchange *exchange, int status)
{
    return_exchange(exchange, pinion__longpoll_put_status(&exchange->answer, status));
}

static void answer_gone(struct pinion_longpoll_exchange *exchange)
{
    exchange->gone = true;
    return_exchange(exchange, 0);
}

/* With what is queued, which is the client's then. Returns the answer's length. */
static size_t answer_messages(struct pinion_longpoll_session *session,
                              struct pinion_longpoll_exchange *exchange)
{
    struct pinion_buf *out = &exchange->answer;
    int rc = pinion__longpoll_put_start(out);
    if (!rc)
        rc = pinion__longpoll_queue_write(&session->queue, out);
    if (!rc)
        rc = pinion__longpoll_put_end(out, 200, session->token);
    pinion__longpoll_queue_clear(&session->queue);
    size_t len = out->len;
    return_exchange(exchange, rc);
    return len;
}

/* Nothing came. */
static void answer_empty(struct pinion_longpoll_session *session, struct pinion_longpoll_exchange *exchange)
{
    int rc = pinion__longpoll_put_start(&exchange->answer);
    if (!rc)
        rc = pinion__longpoll_put_end(&exchange->answer, 204, session->token);
    return_exchange(exchange, rc);
}

/* ---- life ---- */

/* Wait for the next poll of a client that has so much of an answer to read before. */
static void set_inactive(struct pinion_longpoll_session *session, size_t answered)
{
    uint64_t reading = (uint64_t)(answered / 1024) * READ_MS;
    if (reading > READ_MS_MAX)
        reading = READ_MS_MAX;
    session->due = pinion__scheduler_now(session->shard->scheduler) + reading + window_of(session);
    pinion__scheduler_deadline(session->shard->scheduler, &session->inactive,
                               reading + (uint64_t)window_of(session) * 3 / 2);
}

static void work_later(struct pinion_longpoll_session *session)
{
    if (session->working)
        return;
    session->working = true;
    pinion__scheduler_defer(session->shard->scheduler, &session->work);
}

static void batch_free(struct batch *batch)
{
    batch->session->batch_bytes -= batch->body.len;
    pinion__list_remove(&batch->node);
    pinion__turn_remove(&batch->turn);
    pinion__buf_release(&batch->body);
    free(batch);
}

static void end_polls(struct pinion_longpoll_session *session)
{
    while (!pinion__list_empty(&session->polls)) {
        struct pinion_longpoll_exchange *exchange =
            PINION_CONTAINER_OF(session->polls.prev, struct pinion_longpoll_exchange, node);
        if (session->queue.count > 0)
            (void)answer_messages(session, exchange);
        else
            answer_empty(session, exchange);
    }
}

/* Their memory stays: one may be in the midst of being dispatched. It was taken when all of it was, and not
 * its last frame was the fault: so a client that is told to disconnect because of what it sent hears that it
 * arrived. */
static void end_batches(struct pinion_longpoll_session *session, bool fault)
{
    PINION_LIST_FOREACH (node, &session->batches) {
        struct batch *batch = PINION_CONTAINER_OF(node, struct batch, node);
        if (batch->exchange && !fault && pinion__longpoll_batch_empty(&batch->frames))
            answer_status(batch->exchange, 200);
        else if (batch->exchange)
            answer_gone(batch->exchange);
        batch->exchange = NULL;
    }
}

static void session_free(struct pinion_longpoll_session *session)
{
    while (!pinion__list_empty(&session->batches))
        batch_free(PINION_CONTAINER_OF(session->batches.next, struct batch, node));
    pinion__list_gone(&session->polls);
    pinion__list_gone(&session->inactive.node);
    pinion__list_gone(&session->fetch.node);
    pinion__task_gone(&session->work);
    free(session);
}

/* No exchange finds it from here on. */
static void forget(struct pinion_longpoll_session *session)
{
    pinion__map_remove(&session->sessions->by_id, &session->node);
    pinion__longpoll_seats_give(session->sessions->seats, &session->seat);
}

/* The socket is gone. The polls that wait get what there is; the client learns of the end from its next one,
 * which finds no session. */
static void session_end(struct pinion_longpoll_session *session, bool fault)
{
    session->socket = NULL;
    forget(session);
    pinion__timer_cancel(&session->inactive);
    pinion__turn_remove(&session->fetch);
    end_polls(session);
    end_batches(session, fault);
    pinion__longpoll_queue_clear(&session->queue);
    if (session->beginner)
        answer_status(session->beginner, 500);
    session->beginner = NULL;
    work_later(session); /* which frees it */
}

/* The transport ends the socket. */
static void end_socket(struct pinion_longpoll_session *session, pinion_reason reason)
{
    struct pinion_socket *socket = session->socket;
    session_end(session, true);
    pinion__socket_ended(socket, reason);
}

static void on_inactive(struct pinion_timer *timer)
{
    struct pinion_longpoll_session *session =
        PINION_CONTAINER_OF(timer, struct pinion_longpoll_session, inactive);
    PINION_LOG_LIMITED(PINION_LOG_DEBUG, "longpoll %s: no poll for %u ms, ended", session->mount->path,
                       window_of(session) * 3 / 2);
    end_socket(session, PINION_REASON_INACTIVE);
}

/* ---- frames to the client ---- */

static void flush(struct pinion_longpoll_session *session)
{
    if (session->queue.count == 0 || pinion__list_empty(&session->polls))
        return;
    struct pinion_longpoll_exchange *latest =
        PINION_CONTAINER_OF(session->polls.prev, struct pinion_longpoll_exchange, node);
    size_t len = answer_messages(session, latest);
    if (pinion__list_empty(&session->polls))
        set_inactive(session, len);
}

/* What waits for polls. Making a long answer takes its time, and many may poll at once. */
static void hand_over(struct pinion_longpoll_session *session)
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
    if (!pinion__list_empty(&session->batches))
        work_later(session); /* they may have waited for this */
}

/* The client does not come for what it is sent, and everything has an end. */
static void close_slow(struct pinion_longpoll_session *session)
{
    PINION_LOG_LIMITED(PINION_LOG_INFO, "longpoll %s: a client does not fetch what it is sent, ended (%s)",
                       session->mount->path, PINION_WHO_OF(session->socket));
    PINION_COUNT(session->shard, slow_closed, 1);
    pinion__longpoll_queue_clear(&session->queue);
    end_socket(session, PINION_REASON_CLOSED);
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
        work_later(session); /* what is sent in one go leaves in one answer */
    return rc;
}

static int send_frame(void *conn, struct pinion_frame *frame)
{
    int rc = enqueue(conn, frame);
    pinion__frame_unref(frame);
    return rc;
}

/* ---- frames from the client ---- */

/* Its messages wait while much waits for the client: so their answers do not make it deaf, however many they
 * are in one body. */
static bool has_to_fetch(struct pinion_longpoll_session *session)
{
    size_t much = session->mount->options.max_queue / 2;
    if (pinion__longpoll_queue_behind(&session->queue) >= much)
        flush(session);
    return pinion__longpoll_queue_behind(&session->queue) >= much;
}

/* They are taken, and wait for a poll: the client may send that only when it has its answer. */
static void answer_batches(struct pinion_longpoll_session *session)
{
    PINION_LIST_FOREACH (node, &session->batches) {
        struct batch *batch = PINION_CONTAINER_OF(node, struct batch, node);
        if (batch->exchange)
            answer_status(batch->exchange, 200);
        batch->exchange = NULL;
    }
}

/* The next frame of the body, or its end. Returns the bytes. */
static size_t dispatch_next(struct pinion_longpoll_session *session, struct batch *batch)
{
    struct pinion_slice frame;
    int opcode;
    if (!pinion__longpoll_next(&batch->frames, &opcode, &frame)) {
        if (batch->exchange)
            answer_status(batch->exchange, 200);
        batch_free(batch);
        return 0;
    }
    if (frame.len > session->mount->options.max_message) {
        PINION_LOG_LIMITED(PINION_LOG_INFO, "longpoll %s: a message of %zu bytes is too big, ended (%s)",
                           session->mount->path, frame.len, PINION_WHO_OF(session->socket));
        end_socket(session, PINION_REASON_CLOSED);
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
                    const struct batch *batch)
{
    return go->left == 0 || pinion__scheduler_mark(session->shard->scheduler) != go->mark ||
           pinion__spoken_enough(session->shard, go->spoken) ||
           (!go->large && pinion__longpoll_batch_next_length(&batch->frames) > PINION_RECV_PIECE);
}

static void dispatch(struct pinion_longpoll_session *session, struct go go)
{
    while (session->socket && !session->paused && !pinion__list_empty(&session->batches)) {
        struct batch *batch = PINION_CONTAINER_OF(session->batches.next, struct batch, node);
        if (pinion__turn_waits(&batch->turn))
            break;
        if (has_to_fetch(session)) {
            answer_batches(session);
            break;
        }
        if (is_over(&go, session, batch)) {
            pinion__turns_append(&session->sessions->turns, &batch->turn);
            break;
        }
        size_t took = dispatch_next(session, batch);
        go.left -= took < go.left ? took : go.left;
        go.large = false;
    }
}

/* The rest of a body goes on after those of others, as connections are read that send more than their share:
 * see io/busy.h. */
static void run_turn(struct pinion_turn *turn)
{
    struct batch *batch = PINION_CONTAINER_OF(turn, struct batch, turn);
    dispatch(batch->session, begin_go(batch->session, PINION_RECV_PIECE, true));
}

static void dispatch_now(struct pinion_longpoll_session *session)
{
    dispatch(session, begin_go(session, PINION_RECV_SHARE, false));
}

/* From the run queue, so that it is never inside one of the engine's calls. */
static void run_work(struct pinion_task *task)
{
    struct pinion_longpoll_session *session = PINION_CONTAINER_OF(task, struct pinion_longpoll_session, work);
    if (session->socket) {
        dispatch_now(session); /* `working` is set: the session stays when this ends it */
        if (session->socket)
            hand_over(session);
    }
    session->working = false;
    if (!session->socket)
        session_free(session);
}

static void pause_receiving(void *conn, bool paused)
{
    struct pinion_longpoll_session *session = conn;
    session->paused = paused;
    if (!paused)
        work_later(session);
}

/* ---- begin and end, from the engine's side ---- */

/* 0: the session has a seat. Somebody else's may have to end for it. */
static int take_seat(struct pinion_longpoll_session *session, const struct pinion_longpoll_client *client)
{
    struct pinion_longpoll_sessions *sessions = session->sessions;
    struct pinion_longpoll_evicted evicted;
    uint64_t now = pinion__scheduler_now(session->shard->scheduler);
    int rc = pinion__longpoll_seats_take(sessions->seats, &session->seat, client, now, &evicted);
    if (evicted.any) {
        PINION_COUNT(session->shard, longpoll_evicted, 1);
        pinion__longpoll_evict(sessions->longpoll, session->shard, &evicted);
    }
    return rc;
}

/* Its client was let in. */
static void begin(struct pinion_longpoll_session *session, struct pinion_longpoll_exchange *exchange)
{
    if (take_seat(session, &exchange->client) != 0) {
        exchange->refused = true;
        return_exchange(exchange, 0);
        end_socket(session, PINION_REASON_CLOSED);
        return;
    }
    int rc = pinion__longpoll_put_start(&exchange->answer);
    if (!rc)
        rc = pinion__longpoll_put_end(&exchange->answer, 410, session->token);
    set_inactive(session, 0);
    return_exchange(exchange, rc);
}

static int refusal(int error)
{
    return error == PINION_EACCES ? 403 : 500;
}

static void connected(void *conn, int error, const pinion_payload *reason)
{
    struct pinion_longpoll_session *session = conn;
    struct pinion_longpoll_exchange *exchange = session->beginner;
    session->beginner = NULL;
    if (error)
        session_end(session, false);
    if (error && exchange)
        answer_status(exchange, refusal(error));
    else if (exchange)
        begin(session, exchange);
}

static void close_session(void *conn, uint16_t code)
{
    session_end(conn, code != PINION_CLOSE_GOING_AWAY && code != PINION_CLOSE_RESTART);
}

const struct pinion_transport pinion__longpoll = {
    .name = "longpoll",
    .finds_idle = true,
    .frame = pinion__longpoll_quote,
    .send = send_frame,
    .connected = connected,
    .pause = pause_receiving,
    .close = close_session,
};

/* ---- exchanges ---- */

static struct pinion_slice session_name(const struct pinion_map_node *node)
{
    const struct pinion_longpoll_session *session =
        PINION_CONTAINER_OF((struct pinion_map_node *)node, struct pinion_longpoll_session, node);
    return pinion__slice((const char *)session->seat.id, sizeof session->seat.id);
}

void pinion__longpoll_sessions_init(struct pinion_longpoll_sessions *sessions,
                                    struct pinion_longpoll *longpoll, unsigned loop,
                                    struct pinion_scheduler *scheduler, struct pinion_longpoll_seats *seats)
{
    pinion__map_init(&sessions->by_id, session_name);
    sessions->longpoll = longpoll;
    sessions->loop = loop;
    sessions->seats = seats;
    pinion__turns_init(&sessions->turns, scheduler);
}

void pinion__longpoll_sessions_release(struct pinion_longpoll_sessions *sessions)
{
    assert(sessions->by_id.count == 0);
    pinion__map_release(&sessions->by_id);
}

static struct pinion_longpoll_session *session_new(struct pinion_longpoll_sessions *sessions,
                                                   struct pinion_longpoll_exchange *exchange,
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
    session->work.run = run_work;
    pinion__turn_init(&session->fetch, run_fetch);
    pinion__list_init(&session->polls);
    pinion__list_init(&session->batches);
    pinion__timer_init(&session->inactive, on_inactive);
    if (pinion__map_insert(&sessions->by_id, &session->node, pinion__hash(session_name(&session->node))) !=
        0) {
        free(session);
        return NULL;
    }
    return session;
}

void pinion__longpoll_session_open(struct pinion_longpoll_sessions *sessions,
                                   struct pinion_longpoll_exchange *exchange, const char *token,
                                   const pinion_payload *params, const pinion_connect_info *info)
{
    struct pinion_longpoll_session *session = session_new(sessions, exchange, token);
    if (!session) {
        answer_status(exchange, 500);
        return;
    }
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
        forget(session);
        free(session);
        answer_status(exchange, refusal(rc));
    } else {
        begin(session, exchange);
    }
}

static struct pinion_longpoll_session *find(const struct pinion_longpoll_sessions *sessions,
                                            const unsigned char *id)
{
    struct pinion_slice name = pinion__slice((const char *)id, PINION_LONGPOLL_ID_LEN);
    struct pinion_map_node *node = pinion__map_find(&sessions->by_id, name, pinion__hash(name));
    return node ? PINION_CONTAINER_OF(node, struct pinion_longpoll_session, node) : NULL;
}

struct pinion_longpoll_session *pinion__longpoll_session_find(const struct pinion_longpoll_sessions *sessions,
                                                              const unsigned char *id,
                                                              const struct pinion_mount *mount)
{
    struct pinion_longpoll_session *session = find(sessions, id);
    return session && session->mount == mount ? session : NULL;
}

struct pinion_longpoll_session *pinion__longpoll_session_at(const struct pinion_longpoll_sessions *sessions,
                                                            const unsigned char *id, struct pinion_slice path)
{
    struct pinion_longpoll_session *session = find(sessions, id);
    return session && pinion__slice_is(path, session->mount->path) ? session : NULL;
}

void pinion__longpoll_session_evict(struct pinion_longpoll_sessions *sessions, const unsigned char *id)
{
    struct pinion_longpoll_session *session = find(sessions, id);
    if (!session)
        return;
    pinion__log(PINION_LOG_DEBUG, "longpoll %s: there are as many sessions as may be, ended one that was %s",
                session->mount->path,
                session->seat.polled ? "polled, of the address that has most" : "never polled");
    end_socket(session, PINION_REASON_CLOSED);
}

/* The window of an exchange is over. Its batch, if it has one, stays: the frames are dispatched all the same.
 */
static void on_window(struct pinion_timer *timer)
{
    struct pinion_longpoll_exchange *exchange =
        PINION_CONTAINER_OF(timer, struct pinion_longpoll_exchange, window);
    pinion__longpoll_session_cancel(exchange);
}

static void wait_window(struct pinion_longpoll_session *session, struct pinion_longpoll_exchange *exchange)
{
    pinion__timer_init(&exchange->window, on_window);
    pinion__scheduler_timer(session->shard->scheduler, &exchange->window, window_of(session));
}

void pinion__longpoll_session_poll(struct pinion_longpoll_session *session,
                                   struct pinion_longpoll_exchange *exchange)
{
    pinion__list_append(&session->polls, &exchange->node);
    exchange->waits_for = session;
    pinion__longpoll_seats_polled(session->sessions->seats, &session->seat);
    pinion__timer_cancel(&session->inactive);
    wait_window(session, exchange);
    hand_over(session);
    if (!pinion__list_empty(&session->batches))
        work_later(session); /* they may have waited for this */
}

void pinion__longpoll_session_publish(struct pinion_longpoll_session *session,
                                      struct pinion_longpoll_exchange *exchange)
{
    bool room = session->batch_bytes + exchange->body.len <= BATCHES_MAX;
    struct batch *batch = room ? calloc(1, sizeof *batch) : NULL;
    if (!batch) {
        answer_status(exchange, 408);
        return;
    }
    batch->session = session;
    batch->exchange = exchange;
    batch->body = exchange->body;
    pinion__buf_init(&exchange->body, 0);
    session->batch_bytes += batch->body.len;
    pinion__longpoll_batch_init(&batch->frames, batch->body.data, batch->body.len, exchange->ndjson);
    pinion__turn_init(&batch->turn, run_turn);
    pinion__list_append(&session->batches, &batch->node);
    exchange->waits_for = batch;
    wait_window(session, exchange);
    dispatch_now(session);
}

static void cancel_poll(struct pinion_longpoll_exchange *exchange)
{
    struct pinion_longpoll_session *session = exchange->waits_for;
    answer_empty(session, exchange);
    if (pinion__list_empty(&session->polls))
        set_inactive(session, 0);
}

static void cancel_publish(struct pinion_longpoll_exchange *exchange)
{
    struct batch *batch = exchange->waits_for;
    batch->exchange = NULL;
    answer_status(exchange, 408);
}

/* Nobody else knows the token. */
static void cancel_begin(struct pinion_longpoll_exchange *exchange)
{
    end_socket(exchange->waits_for, PINION_REASON_CLOSED);
}

void pinion__longpoll_session_cancel(struct pinion_longpoll_exchange *exchange)
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

/* ---- checking ---- */

#ifdef PINION_CHECKS

static const char *batches_check(const struct pinion_longpoll_session *session)
{
    size_t bytes = 0;
    const char *wrong = pinion__list_check(&session->batches, NULL);
    if (wrong)
        return wrong;
    PINION_LIST_FOREACH (node, &session->batches) {
        const struct batch *batch = PINION_CONTAINER_OF(node, struct batch, node);
        if (batch->session != session)
            return "a session has a body of another one";
        bytes += batch->body.len;
    }
    return bytes == session->batch_bytes ? NULL : "a session's bodies have not the size that was counted";
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
        wrong = batches_check(session);
    if (!wrong && session->working != session->work.queued)
        wrong = "a session has work, and no task, or the other way round";
    return wrong;
}

#endif
