#include "engine/behind.h"
#include "base/log_limit.h"
#include "engine/admit.h"
#include "engine/callback.h"
#include "engine/handle.h"
#include "engine/mail.h"
#include "engine/socket_channels.h"
#include "engine/who.h"
#include <assert.h>
#include <stdlib.h>

#define LOOKS_AT_ONCE 16 /* then others have their turn */
#define MAX_FIRST     16

/* ---- who is looked at ---- */

/* There is a place for each client that is behind, so that a later look needs no memory. */
static bool make_room(struct pinion_behind *behind)
{
    if (behind->count < behind->max)
        return true;
    size_t max = behind->max ? 2 * behind->max : MAX_FIRST;
    struct pinion_socket **due = realloc(behind->due, max * sizeof(struct pinion_socket *));
    if (!due)
        return false;
    behind->due = due;
    behind->max = max;
    return true;
}

void pinion__behind_look_later(struct pinion_socket *socket)
{
    struct pinion_behind *behind = &socket->shard->behind;
    if (socket->due)
        return;
    assert(behind->due_count < behind->max);
    if (behind->due_count == 0 && !behind->looking)
        pinion__scheduler_defer(socket->shard->scheduler, &behind->task);
    behind->due[behind->due_count++] = socket;
    socket->due = true;
    socket->holds++;
}

int pinion__behind_note(struct pinion_socket *socket)
{
    struct pinion_behind *behind = &socket->shard->behind;
    if (socket->behind)
        return 0;
    if (!make_room(behind))
        return PINION_ENOMEM;
    behind->count++;
    socket->behind = true;
    pinion__behind_look_later(socket);
    return 0;
}

/* ---- the callbacks ---- */

static void call_socket(struct pinion_socket *socket)
{
    struct pinion_callback callback = { .name = "drained", .detail = socket->class->mount->path };
    if (!socket->class->mount->drained)
        return;
    pinion__callback_enter(socket->shard, &callback);
    socket->class->mount->drained(socket);
    pinion__callback_leave(socket->shard);
}

static void handle_mail(struct pinion_channel *channel, struct pinion_mail *mail)
{
    pinion__channel_drained(channel);
}

static void free_mail(struct pinion_mail *mail)
{
    pinion__task_gone(&mail->task);
    free(mail);
}

/* By mail, because the channel may be busy. */
static int deliver(struct pinion_channel *channel)
{
    struct pinion_mail *mail = calloc(1, sizeof *mail);
    if (!mail)
        return PINION_ENOMEM;
    mail->handle = handle_mail;
    mail->destroy = free_mail;
    return pinion__mail_deliver(channel, mail);
}

static void tell_channel(struct pinion_channel *channel)
{
    if (channel->state != PINION_CHANNEL_JOINED || !channel->def->drained)
        return;
    if (deliver(channel) != 0)
        PINION_LOG_LIMITED(PINION_LOG_ERROR, "channel %s: out of memory: drained is not called (%s)",
                           channel->topic->name, PINION_WHO_OF(channel->socket));
}

static void tell(struct pinion_socket *socket)
{
    call_socket(socket);
    if (socket->state != PINION_SOCKET_OPEN)
        return;
    for (uint32_t i = 0; i < pinion__socket_buckets(socket); i++) {
        for (struct pinion_channel *channel = pinion__socket_bucket(socket, i); channel;
             channel = channel->next)
            tell_channel(channel);
    }
}

/* ---- looking ---- */

static bool has_caught_up(const struct pinion_socket *socket)
{
    if (socket->class->transport->flush)
        socket->class->transport->flush(socket->conn);
    return pinion__socket_queued(socket) == 0;
}

static void look(struct pinion_socket *socket)
{
    bool ended = socket->state != PINION_SOCKET_OPEN;
    socket->due = false;
    if (!ended && !has_caught_up(socket))
        return;
    socket->behind = false;
    socket->shard->behind.count--;
    if (!ended)
        tell(socket);
}

/* Take the first ones out; those that come meanwhile are behind them. */
static size_t take(struct pinion_behind *behind, struct pinion_socket *taken[LOOKS_AT_ONCE])
{
    size_t count = behind->due_count < LOOKS_AT_ONCE ? behind->due_count : LOOKS_AT_ONCE;
    memcpy(taken, behind->due, count * sizeof *taken);
    behind->due_count -= count;
    memmove(behind->due, behind->due + count, behind->due_count * sizeof *behind->due);
    return count;
}

static void run_looks(struct pinion_task *task)
{
    struct pinion_behind *behind = PINION_CONTAINER_OF(task, struct pinion_behind, task);
    struct pinion_scheduler *scheduler = behind->scheduler;
    struct pinion_socket *taken[LOOKS_AT_ONCE];
    behind->looking = true;
    size_t count = take(behind, taken);
    for (size_t i = 0; i < count; i++) {
        look(taken[i]);
        pinion__socket_unhold(taken[i]);
    }
    behind->looking = false;
    if (behind->due_count > 0)
        pinion__scheduler_defer(scheduler, &behind->task);
}

/* ---- life ---- */

void pinion__behind_init(struct pinion_shard *shard)
{
    shard->behind.scheduler = shard->scheduler;
    shard->behind.task.run = run_looks;
}

void pinion__behind_release(struct pinion_shard *shard)
{
    assert(shard->behind.due_count == 0);
    free(shard->behind.due);
}
