/* Work that a connect has begun on another thread. The client waits for the answer meanwhile, as with every
 * late answer: promise.h knows who owes it. The work holds the socket's memory until done has run. */
#include "base/log_limit.h"
#include "engine/callback.h"
#include "engine/connect.h"
#include "engine/refused.h"
#include "engine/who.h"
#include <stdlib.h>

struct socket_work {
    struct pinion_task task;      /* on a worker's queue, then in the loop's mailbox */
    struct pinion_socket *socket; /* held */
    pinion_work_fn *work;
    pinion_socket_done_fn *done;
    void *data;
    struct pinion_promise *promise; /* of the connect, referenced; done takes it over */
};

/* ---- on the loop ---- */

static pinion_result call_done(const struct socket_work *work, struct pinion_callback *callback)
{
    struct pinion_socket *socket = work->socket;
    bool ended = socket->state == PINION_SOCKET_ENDED;
    *callback = (struct pinion_callback){
        .name = "done",
        .socket = socket,
        .answer = pinion__connect_answer,
        .promise = work->promise,
    };
    pinion__callback_enter(socket->shard, callback);
    pinion_result result = work->done(socket, ended ? PINION_ECLOSED : 0, work->data);
    pinion__callback_leave(socket->shard);
    return result;
}

static bool is_answer(const pinion_result *result)
{
    return result->kind != PINION_RESULT_LATER && result->kind != PINION_RESULT_NOREPLY;
}

/* The result answers nothing: nobody is there, or the connect has its answer. */
static void drop(const struct pinion_socket *socket, pinion_result result)
{
    if (is_answer(&result) && socket->state == PINION_SOCKET_OPEN)
        PINION_LOG_LIMITED(PINION_LOG_WARNING,
                           "socket %s: done returned an answer, but its connect has had one: dropped; return "
                           "pinion_noreply() there (%s)",
                           socket->class->mount->path, PINION_WHO_OF(socket));
    pinion_payload_unref(result.payload);
}

static void run_done(struct pinion_task *task)
{
    struct socket_work *work = PINION_CONTAINER_OF(task, struct socket_work, task);
    struct pinion_socket *socket = work->socket;
    struct pinion_shard *shard = socket->shard;
    struct pinion_callback callback;

    socket->working = false;
    pinion_result result = call_done(work, &callback);
    bool answers =
        is_answer(&result) && pinion__promise_owed(work->promise) && pinion__promise_claim(work->promise);
    (void)pinion__promise_settle(&callback, &result); /* breaks the promise if nobody is left to answer */
    if (answers)
        pinion__connect_answer(socket, result);
    else
        drop(socket, result);
    pinion__socket_unhold(socket);
    pinion__begun_remove(&shard->begun);
    free(work);
}

/* ---- on a worker's thread ---- */

static void run_work(struct pinion_task *task)
{
    struct socket_work *work = PINION_CONTAINER_OF(task, struct socket_work, task);
    struct pinion_scheduler *scheduler = work->socket->shard->scheduler;
    work->work(work->data);
    work->task.run = run_done;
    (void)pinion__scheduler_post(scheduler, &work->task, 0); /* cannot fail: begun.h */
}

/* ---- public ---- */

#define NO_CONNECT                                                                                           \
    "no connect of this socket is under way: call it in connect; a channel has pinion_channel_work, other "  \
    "code pinion_endpoint_work"

/* 0, if the running callback is the connect of this socket, or the done of its work. */
static int check(const struct pinion_socket *socket, const struct pinion_callback *callback)
{
    struct pinion_refused call = { .call = "pinion_socket_work", .socket = socket };
    if (!callback || callback->socket != socket || socket->state == PINION_SOCKET_OPEN) {
        call.why = NO_CONNECT;
        return pinion__refuse(&call, PINION_EINVAL);
    }
    if (socket->state == PINION_SOCKET_ENDED)
        return pinion__fail(PINION_ECLOSED, "pinion_socket_work: the client is gone");
    if (socket->working)
        return pinion__fail(PINION_EBUSY, "pinion_socket_work: the socket's earlier work is not done yet");
    return 0;
}

static int begin(struct pinion_socket *socket, pinion_work_fn *work, pinion_socket_done_fn *done, void *data)
{
    struct pinion_callback *callback = socket->shard->callback;
    int rc = check(socket, callback);
    if (rc)
        return rc;
    struct socket_work *own = malloc(sizeof *own);
    if (!own)
        return PINION_ENOMEM;
    *own = (struct socket_work){
        .task.run = run_work, .socket = socket, .work = work, .done = done, .data = data
    };
    own->promise = pinion__promise_get(socket, callback);
    rc = own->promise ? pinion__begun_run(socket->shard, &own->task) : PINION_ENOMEM;
    if (rc) {
        pinion__promise_unref(own->promise);
        free(own);
        return rc;
    }
    socket->holds++;
    socket->working = true;
    return 0;
}

int pinion_socket_work(pinion_socket *socket, pinion_work_fn *work, pinion_socket_done_fn *done, void *data)
{
    PINION_NEEDED(socket);
    PINION_NEEDED(work);
    PINION_NEEDED(done);
    PINION_ON_LOOP(socket, return PINION_EINVAL);
    PINION_RETURN(begin(socket, work, done, data));
}
