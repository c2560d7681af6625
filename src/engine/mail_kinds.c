#include "engine/mail_kinds.h"
#include "engine/handle.h"
#include "engine/mail.h"
#include "proto/payload.h"
#include <stdlib.h>

#define INBOX_COUNT_MAX 10000 /* mails in a channel's inbox; above it broadcasts are dropped */

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
    if (!copy)
        return PINION_ENOMEM;
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
    return pinion__mail_deliver(channel, &copy->mail);
}

/* ---- a broadcast ---- */

struct broadcast_mail {
    struct pinion_mail mail;
    struct pinion_broadcast *broadcast;
    const pinion_clause *out; /* its clause of handle_out; NULL: it is for handle_info */
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

/* 0: *out is mail with the broadcast. */
static int new_broadcast(const struct pinion_channel *channel, struct pinion_broadcast *broadcast,
                         struct broadcast_mail **out)
{
    if (channel->extra && channel->extra->inbox_count >= INBOX_COUNT_MAX)
        return PINION_EBUSY;
    struct broadcast_mail *own = calloc(1, sizeof *own);
    if (!own)
        return PINION_ENOMEM;
    own->broadcast = pinion__broadcast_ref(broadcast);
    own->mail.handle = handle_broadcast;
    own->mail.destroy = destroy_broadcast;
    *out = own;
    return 0;
}

int pinion__mail_broadcast(struct pinion_channel *channel, struct pinion_broadcast *broadcast)
{
    struct broadcast_mail *own;
    int rc = new_broadcast(channel, broadcast, &own);
    return rc ? rc : pinion__mail_deliver(channel, &own->mail);
}

int pinion__mail_intercepted(struct pinion_channel *channel, struct pinion_broadcast *broadcast,
                             const pinion_clause *out)
{
    struct broadcast_mail *own;
    int rc = new_broadcast(channel, broadcast, &own);
    if (rc)
        return rc;
    own->out = out;
    return pinion__mail_keep(channel, &own->mail);
}
