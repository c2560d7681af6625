#include "engine/mail.h"
#include "engine/channel.h"
#include <assert.h>

/* Bytes of the client's messages in a channel's inbox. Above it the socket's frames are held back, until half
 * of it is left. */
#define INBOX_BYTES_MAX (64 * 1024)

static void hold_back(struct pinion_channel *channel)
{
    struct pinion_channel_extra *extra = channel->extra;
    if (!extra->holding_back && extra->inbox_bytes > INBOX_BYTES_MAX) {
        extra->holding_back = true;
        pinion__socket_wait(channel->socket);
    }
}

static void let_go(struct pinion_channel *channel)
{
    struct pinion_channel_extra *extra = channel->extra;
    if (extra->holding_back && extra->inbox_bytes <= INBOX_BYTES_MAX / 2) {
        extra->holding_back = false;
        pinion__socket_unwait(channel->socket);
    }
}

static void count_in(struct pinion_channel *channel, const struct pinion_mail *mail)
{
    if (mail->bytes == 0)
        return;
    channel->queued_messages++;
    channel->extra->inbox_bytes += mail->bytes;
    hold_back(channel);
}

/* The mail has been handled or dropped. */
static void finish(struct pinion_mail *mail)
{
    struct pinion_channel *channel = mail->channel;
    if (mail->bytes) {
        channel->queued_messages--;
        channel->extra->inbox_bytes -= mail->bytes;
        let_go(channel);
    }
    mail->destroy(mail);
    pinion__channel_unhold(channel);
}

static void put_in_inbox(struct pinion_channel *channel, struct pinion_mail *mail)
{
    channel->extra->inbox_count++;
    pinion__task_queue_push(&channel->extra->inbox, &mail->task);
}

static void defer(struct pinion_channel *channel, struct pinion_mail *mail)
{
    channel->extra->deferred++;
    pinion__scheduler_defer(channel->socket->shard->scheduler, &mail->task);
}

static void run_mail(struct pinion_task *task)
{
    struct pinion_mail *mail = PINION_CONTAINER_OF(task, struct pinion_mail, task);
    struct pinion_channel *channel = mail->channel;
    channel->extra->deferred--;
    if (channel->state >= PINION_CHANNEL_ENDING) {
        finish(mail);
    } else if (pinion__channel_busy(channel)) {
        put_in_inbox(channel, mail);
    } else {
        mail->handle(channel, mail);
        finish(mail);
    }
}

/* Address the mail to the channel. An error: it is destroyed. */
static int address(struct pinion_channel *channel, struct pinion_mail *mail)
{
    bool ends = channel->state >= PINION_CHANNEL_ENDING;
    if (ends || !pinion__channel_extra(channel)) {
        mail->destroy(mail);
        return ends ? PINION_ECLOSED : PINION_ENOMEM;
    }
    pinion__channel_hold(channel);
    mail->channel = channel;
    mail->task.run = run_mail;
    count_in(channel, mail);
    return 0;
}

int pinion__mail_deliver(struct pinion_channel *channel, struct pinion_mail *mail)
{
    int rc = address(channel, mail);
    if (rc)
        return rc == PINION_ECLOSED ? 0 : rc;
    if (pinion__channel_busy(channel) && channel->extra->deferred == 0)
        put_in_inbox(channel, mail);
    else
        defer(channel, mail);
    return 0;
}

int pinion__mail_keep(struct pinion_channel *channel, struct pinion_mail *mail)
{
    assert(pinion__channel_busy(channel));
    int rc = address(channel, mail);
    if (!rc)
        put_in_inbox(channel, mail);
    return rc == PINION_ECLOSED ? 0 : rc;
}

void pinion__mail_release_inbox(struct pinion_channel *channel)
{
    struct pinion_channel_extra *extra = channel->extra;
    if (!extra || extra->inbox_count == 0 || pinion__channel_busy(channel))
        return;
    extra->deferred += extra->inbox_count;
    extra->inbox_count = 0;
    pinion__scheduler_defer_first(channel->socket->shard->scheduler, &extra->inbox);
}

void pinion__mail_drop_inbox(struct pinion_channel *channel)
{
    struct pinion_task *task;
    if (!channel->extra)
        return;
    channel->extra->inbox_count = 0;
    while ((task = pinion__task_queue_pop(&channel->extra->inbox)))
        finish(PINION_CONTAINER_OF(task, struct pinion_mail, task));
}
