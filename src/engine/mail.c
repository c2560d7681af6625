#include "engine/mail.h"
#include "engine/channel.h"
#include "proto/payload.h"
#include <stdlib.h>

/* Above the first the socket's frames are held back, until less than half is left. */
#define INBOX_BYTES_MAX (64 * 1024)
#define INBOX_COUNT_MAX 10000

/* ---- queueing ---- */

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

static void defer(struct pinion_channel *channel, struct pinion_task *task)
{
    channel->extra->deferred++;
    pinion__scheduler_defer(channel->socket->shard->scheduler, task);
}

bool pinion__mail_waits(const struct pinion_channel *channel)
{
    return pinion__channel_busy(channel) || (channel->extra && channel->extra->inbox_count > 0);
}

static void run_mail(struct pinion_task *task)
{
    struct pinion_mail *mail = PINION_CONTAINER_OF(task, struct pinion_mail, task);
    struct pinion_channel *channel = mail->channel;
    channel->extra->deferred--;
    if (channel->state >= PINION_CHANNEL_ENDING) {
        finish(mail);
    } else if (pinion__mail_waits(channel)) {
        put_in_inbox(channel, mail);
        pinion__mail_release_inbox(channel);
    } else {
        mail->handle(channel, mail);
        finish(mail);
    }
}

void pinion__mail_deliver(struct pinion_channel *channel, struct pinion_mail *mail)
{
    if (channel->state >= PINION_CHANNEL_ENDING || !pinion__channel_extra(channel)) {
        mail->destroy(mail);
        return;
    }
    pinion__channel_hold(channel);
    mail->channel = channel;
    mail->task.run = run_mail;
    count_in(channel, mail);
    if (pinion__channel_busy(channel) && channel->extra->deferred == 0)
        put_in_inbox(channel, mail);
    else
        defer(channel, &mail->task);
}

/* Mail that is still in the run queue is younger than the inbox, and joins its end first. */
void pinion__mail_release_inbox(struct pinion_channel *channel)
{
    struct pinion_task *task;
    if (!channel->extra || channel->extra->deferred > 0 || pinion__channel_busy(channel))
        return;
    channel->extra->inbox_count = 0;
    while ((task = pinion__task_queue_pop(&channel->extra->inbox)))
        defer(channel, task);
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

/* ---- a message from the client ---- */

struct message_mail {
    struct pinion_mail mail;
    struct pinion_message message;
    char text[];
};

static void destroy_message(struct pinion_mail *mail)
{
    pinion__task_gone(&mail->task);
    free(PINION_CONTAINER_OF(mail, struct message_mail, mail));
}

static void handle_message(struct pinion_channel *channel, struct pinion_mail *mail)
{
    pinion__channel_handle_in(channel, &PINION_CONTAINER_OF(mail, struct message_mail, mail)->message);
}

static struct pinion_slice copy_slice(char **end, struct pinion_slice from)
{
    struct pinion_slice to = pinion__slice(*end, from.len);
    if (from.len)
        memcpy(*end, from.ptr, from.len);
    *end += from.len;
    return to;
}

int pinion__mail_message(struct pinion_channel *channel, const struct pinion_message *message)
{
    size_t len = message->ref.len + message->event.len + message->payload.len;
    struct message_mail *copy = malloc(sizeof *copy + len);
    if (!copy || !pinion__channel_extra(channel)) {
        free(copy);
        return PINION_ENOMEM;
    }
    char *end = copy->text;
    copy->message = *message;
    copy->message.memory = NULL;
    copy->message.topic = pinion__channel_topic(channel);
    copy->message.join_ref = pinion__channel_join_ref(channel);
    copy->message.ref = copy_slice(&end, message->ref);
    copy->message.event = copy_slice(&end, message->event);
    copy->message.payload = copy_slice(&end, message->payload);
    copy->mail = (struct pinion_mail){ .handle = handle_message,
                                       .destroy = destroy_message,
                                       .bytes = sizeof *copy + len };
    pinion__mail_deliver(channel, &copy->mail);
    return 0;
}

/* ---- a broadcast ---- */

struct broadcast_mail {
    struct pinion_mail mail;
    struct pinion_broadcast *broadcast;
    const pinion_clause *out; /* NULL: for handle_info */
};

static void destroy_broadcast(struct pinion_mail *mail)
{
    struct broadcast_mail *own = PINION_CONTAINER_OF(mail, struct broadcast_mail, mail);
    pinion__task_gone(&mail->task);
    pinion__broadcast_unref(own->broadcast);
    free(own);
}

static void handle_broadcast(struct pinion_channel *channel, struct pinion_mail *mail)
{
    struct broadcast_mail *own = PINION_CONTAINER_OF(mail, struct broadcast_mail, mail);
    struct pinion_broadcast *broadcast = own->broadcast;
    if (own->out) {
        pinion__channel_intercept(channel, own->out, broadcast);
        return;
    }
    pinion_payload *view = pinion__payload_view(broadcast->payload);
    pinion_info info = { .name = broadcast->event.ptr, .topic = broadcast->topic.ptr, .payload = view };
    pinion__channel_handle_info(channel, &info);
    pinion_payload_unref(view);
}

int pinion__mail_broadcast(struct pinion_channel *channel, struct pinion_broadcast *broadcast,
                           const pinion_clause *out)
{
    if (channel->extra && channel->extra->inbox_count >= INBOX_COUNT_MAX)
        return PINION_EBUSY;
    struct broadcast_mail *own = calloc(1, sizeof *own);
    if (!own)
        return PINION_ENOMEM;
    own->broadcast = pinion__broadcast_ref(broadcast);
    own->out = out;
    own->mail.handle = handle_broadcast;
    own->mail.destroy = destroy_broadcast;
    pinion__mail_deliver(channel, &own->mail);
    return 0;
}

/* ---- a message from a timer or a ref ---- */

struct info_mail {
    struct pinion_mail mail;
    pinion_payload *payload;
    void *data;
    void (*destroy_data)(void *);
    char name[];
};

static void destroy_info(struct pinion_mail *mail)
{
    struct info_mail *own = PINION_CONTAINER_OF(mail, struct info_mail, mail);
    pinion_payload_unref(own->payload);
    if (own->destroy_data)
        own->destroy_data(own->data);
    pinion__task_gone(&mail->task);
    free(own);
}

static void handle_info(struct pinion_channel *channel, struct pinion_mail *mail)
{
    struct info_mail *own = PINION_CONTAINER_OF(mail, struct info_mail, mail);
    pinion_info info = { .name = own->name, .payload = own->payload, .data = own->data };
    pinion__channel_handle_info(channel, &info);
}

struct pinion_mail *pinion__mail_info(const char *name, pinion_payload *payload, void *data,
                                      void (*destroy_data)(void *))
{
    size_t len = strlen(name);
    struct info_mail *own = calloc(1, sizeof *own + len + 1);
    if (!own) {
        pinion_payload_unref(payload);
        if (destroy_data)
            destroy_data(data);
        return NULL;
    }
    memcpy(own->name, name, len + 1);
    own->payload = payload;
    own->data = data;
    own->destroy_data = destroy_data;
    own->mail.handle = handle_info;
    own->mail.destroy = destroy_info;
    return &own->mail;
}
