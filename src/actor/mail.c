#include "actor/mail.h"
#include "actor/handle.h"
#include "actor/idle.h"
#include "base/stock.h"
#include "engine/here.h"
#include <string.h>

/* ---- the mailbox: any thread ---- */

static bool reserve(struct pinion_actor *actor, size_t bytes)
{
    size_t before = atomic_fetch_add(&actor->queued, bytes);
    if (pinion__mailbox_has_room(before, actor->max_mailbox, bytes))
        return true;
    atomic_fetch_sub(&actor->queued, bytes);
    return false;
}

static void unreserve(struct pinion_actor *actor, size_t bytes)
{
    atomic_fetch_sub(&actor->queued, bytes);
}

/* ---- on the loop ---- */

/* The mail has been handled or dropped. It counted until now: an actor is not idle while it handles mail. */
static void finish(struct pinion_actor *actor, struct pinion_actor_mail *mail)
{
    size_t bytes = mail->bytes;
    mail->destroy(mail);
    unreserve(actor, bytes);
}

static void put(struct pinion_actor *actor, struct pinion_actor_mail *mail)
{
    if (mail->arrive)
        mail->arrive(mail);
    if (actor->state_of_life >= PINION_ACTOR_ENDING) {
        finish(actor, mail);
        return;
    }
    if (mail->needs)
        pinion__actor_touch(actor);
    pinion__task_queue_push(&actor->queue, &mail->task);
    pinion__actor_schedule(actor);
}

static void run_arrival(struct pinion_task *task)
{
    struct pinion_actor_mail *mail = PINION_CONTAINER_OF(task, struct pinion_actor_mail, task);
    struct pinion_actor *actor = mail->actor;
    put(actor, mail);
    pinion__actor_unref(actor);
}

void pinion__actor_mail_put(struct pinion_actor *actor, struct pinion_actor_mail *mail, size_t bytes)
{
    mail->bytes = bytes;
    mail->task.run = run_arrival;
    atomic_fetch_add(&actor->queued, bytes);
    put(actor, mail);
}

int pinion__actor_mail_offer(struct pinion_actor *actor, struct pinion_actor_mail *mail, size_t bytes)
{
    if (!reserve(actor, bytes))
        return PINION_EBUSY;
    mail->bytes = bytes;
    mail->task.run = run_arrival;
    put(actor, mail);
    return 0;
}

/* The actor's own loop counts them in the endpoint's statistics: the endpoint may be gone. */
static int note_busy(struct pinion_actor *actor, int rc)
{
    if (rc == PINION_EBUSY)
        atomic_fetch_add_explicit(&actor->busy, 1, memory_order_relaxed);
    return rc;
}

static int send(struct pinion_actor *actor, struct pinion_actor_mail *mail, size_t bytes)
{
    if (pinion__scheduler_is_here(actor->scheduler))
        return pinion__actor_mail_offer(actor, mail, bytes);
    if (!reserve(actor, bytes))
        return PINION_EBUSY;
    mail->bytes = bytes;
    mail->task.run = run_arrival;
    mail->actor = pinion__actor_ref(actor);
    int rc = pinion__scheduler_post(actor->scheduler, &mail->task, bytes);
    if (rc) {
        unreserve(actor, bytes);
        pinion__actor_unref(actor);
    }
    return rc;
}

int pinion__actor_mail_send(struct pinion_actor *actor, struct pinion_actor_mail *mail, size_t bytes)
{
    return note_busy(actor, send(actor, mail, bytes));
}

void pinion__actor_mail_take(struct pinion_actor *actor)
{
    struct pinion_task *task = pinion__task_queue_pop(&actor->queue);
    if (task == &actor->stop_task) {
        pinion__actor_end(actor, (pinion_reason)atomic_load(&actor->stop));
        return;
    }
    struct pinion_actor_mail *mail = PINION_CONTAINER_OF(task, struct pinion_actor_mail, task);
    mail->handle(actor, mail);
    finish(actor, mail);
}

void pinion__actor_mail_drop(struct pinion_actor *actor)
{
    struct pinion_task *task;
    while ((task = pinion__task_queue_pop(&actor->queue))) {
        if (task != &actor->stop_task)
            finish(actor, PINION_CONTAINER_OF(task, struct pinion_actor_mail, task));
    }
}

/* ---- messages for handle_info ---- */

static void destroy_info(struct pinion_actor_mail *mail)
{
    struct pinion_actor_info *own = PINION_CONTAINER_OF(mail, struct pinion_actor_info, mail);
    pinion_payload_unref(own->payload);
    if (own->destroy_data)
        own->destroy_data(own->data);
    pinion__task_gone(&mail->task);
    pinion__block_free(own, own->size);
}

static void handle_info(struct pinion_actor *actor, struct pinion_actor_mail *mail)
{
    struct pinion_actor_info *own = PINION_CONTAINER_OF(mail, struct pinion_actor_info, mail);
    pinion_info info = { .name = own->name,
                         .payload = own->payload,
                         .data = own->data,
                         .monitor = own->monitor,
                         .reason = own->reason };
    pinion__actor_handle_info(actor, &info);
}

struct pinion_actor_info *pinion__actor_info_new(const char *name, pinion_payload *payload, void *data,
                                                 void (*destroy_data)(void *))
{
    size_t len = strlen(name) + 1, size = sizeof(struct pinion_actor_info) + len;
    struct pinion_actor_info *own = pinion__block_new(size);
    if (!own) {
        pinion_payload_unref(payload);
        if (destroy_data)
            destroy_data(data);
        return NULL;
    }
    *own = (struct pinion_actor_info){ .size = size, .payload = payload, .data = data };
    own->destroy_data = destroy_data;
    own->mail.handle = handle_info;
    own->mail.destroy = destroy_info;
    memcpy(own->name, name, len);
    return own;
}

size_t pinion__actor_info_bytes(const struct pinion_actor_info *info)
{
    size_t len = 0;
    if (info->payload)
        (void)pinion_payload_bytes(info->payload, &len);
    return info->size + len;
}
