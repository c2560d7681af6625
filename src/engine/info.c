#include "engine/info.h"
#include "engine/channel_timer.h"
#include "engine/handle.h"
#include "engine/refused.h"
#include "proto/payload.h"
#include <stdlib.h>

/* ---- mail ---- */

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

size_t pinion__mail_info_memory(const char *name)
{
    return sizeof(struct info_mail) + strlen(name) + 1;
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

/* ---- to itself, later ---- */

static int check(struct pinion_channel *channel, const pinion_payload *payload)
{
    if (pinion_payload_kind(payload) == PINION_PAYLOAD_POISON)
        return PINION_EPAYLOAD;
    if (channel->state >= PINION_CHANNEL_ENDING)
        return PINION_ECLOSED;
    if (!pinion__channel_extra(channel))
        return PINION_ENOMEM;
    return channel->extra->timers.count >= channel->socket->class->mount->options.max_timers ? PINION_EBUSY
                                                                                             : 0;
}

int pinion_send_after(pinion_channel *channel, uint32_t delay_ms, const char *name, pinion_payload *payload,
                      uint64_t *id)
{
    PINION_CONSUMES(payload);
    PINION_NEED(channel, return pinion__payload_lost(payload));
    PINION_NEED(name, return pinion__payload_lost(payload));
    PINION_ON_LOOP_OF(channel, return pinion__payload_lost(payload));
    payload = pinion__payload_or_empty(payload);
    int rc = check(channel, payload);
    if (rc) {
        struct pinion_refused call = {
            .call = "pinion_send_after", .name = name, .channel = channel, .payload = payload
        };
        call.why = rc == PINION_EBUSY ? "the channel has as many timers as it may have (max_timers)" : NULL;
        (void)pinion__refuse(&call, rc);
        pinion_payload_unref(payload);
        return rc;
    }
    rc = pinion__channel_timer_start(channel, pinion__mail_info(name, payload, NULL, NULL), delay_ms, id);
    return rc ? pinion__fail(rc, "pinion_send_after: %s", pinion_strerror(rc)) : 0;
}
