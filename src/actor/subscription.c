#include "actor/subscription.h"
#include "actor/handle.h"
#include "actor/mail.h"
#include "engine/lane.h"
#include "proto/payload.h"
#include "proto/utf8.h"
#include <stdlib.h>

struct actor_subscription {
    struct pinion_receiver receiver;
    struct pinion_list node; /* in extra->subscriptions */
    struct pinion_actor *actor;
};

/* ---- a broadcast ---- */

struct broadcast_mail {
    struct pinion_actor_mail mail;
    struct pinion_broadcast *broadcast;
};

static void destroy(struct pinion_actor_mail *mail)
{
    struct broadcast_mail *own = PINION_CONTAINER_OF(mail, struct broadcast_mail, mail);
    pinion__task_gone(&mail->task);
    pinion__broadcast_unref(own->broadcast);
    free(own);
}

static void handle(struct pinion_actor *actor, struct pinion_actor_mail *mail)
{
    struct pinion_broadcast *broadcast = PINION_CONTAINER_OF(mail, struct broadcast_mail, mail)->broadcast;
    pinion_payload *view = pinion__payload_view(broadcast->payload);
    pinion_info info = { .name = broadcast->event.ptr, .topic = broadcast->topic.ptr, .payload = view };
    pinion__actor_handle_info(actor, &info);
    pinion_payload_unref(view);
}

static int deliver(struct pinion_receiver *receiver, struct pinion_broadcast *broadcast)
{
    struct pinion_actor *actor = PINION_CONTAINER_OF(receiver, struct actor_subscription, receiver)->actor;
    struct broadcast_mail *own = calloc(1, sizeof *own);
    if (!own)
        return PINION_ENOMEM;
    own->broadcast = pinion__broadcast_ref(broadcast);
    own->mail.handle = handle;
    own->mail.destroy = destroy;
    int rc = pinion__actor_mail_offer(actor, &own->mail, pinion__broadcast_size(broadcast));
    if (rc)
        destroy(&own->mail);
    return rc;
}

/* ---- subscribing ---- */

static struct actor_subscription *find(const struct pinion_actor *actor, const char *topic)
{
    if (!actor->extra)
        return NULL;
    PINION_LIST_FOREACH (node, &actor->extra->subscriptions) {
        struct actor_subscription *own = PINION_CONTAINER_OF(node, struct actor_subscription, node);
        if (strcmp(own->receiver.subscriber.topic->name, topic) == 0)
            return own;
    }
    return NULL;
}

static void subscription_remove(struct actor_subscription *own)
{
    pinion__topic_unsubscribe(&own->receiver.subscriber);
    pinion__list_remove(&own->node);
    free(own);
}

static int check(const struct pinion_actor *actor, const char *topic)
{
    static const char call[] = "pinion_actor_subscribe";
    size_t len = strlen(topic);
    if (len > PINION_NAME_MAX)
        return pinion__actor_refuse(actor, call, topic, NULL, PINION_ETOOBIG, NULL);
    if (!pinion__utf8_name(topic, len))
        return pinion__actor_refuse(actor, call, topic, NULL, PINION_EUTF8, NULL);
    if (actor->state_of_life >= PINION_ACTOR_ENDING)
        return pinion__actor_refuse(actor, call, topic, NULL, PINION_ECLOSED, PINION_ACTOR_ENDS);
    return 0;
}

static int subscribe_to(struct pinion_actor *actor, const char *topic)
{
    int rc = check(actor, topic);
    if (rc || find(actor, topic))
        return rc;
    struct pinion_actor_extra *extra = pinion__actor_extra(actor);
    struct actor_subscription *own = extra ? calloc(1, sizeof *own) : NULL;
    if (!own)
        return PINION_ENOMEM;
    own->receiver.subscriber.lane = PINION_LANE_RECEIVER;
    own->receiver.deliver = deliver;
    own->actor = actor;
    rc = pinion__registry_subscribe(&actor->shard->pubsub.registry, pinion__slice_str(topic),
                                    &own->receiver.subscriber);
    if (rc) {
        free(own);
        return rc;
    }
    pinion__list_append(&extra->subscriptions, &own->node);
    return 0;
}

int pinion_actor_subscribe(pinion_actor *actor, const char *topic)
{
    PINION_NEEDED(actor);
    PINION_NEEDED(topic);
    PINION_ON_LOOP_OF_ACTOR(actor, return PINION_EINVAL);
    PINION_RETURN(subscribe_to(actor, topic));
}

void pinion_actor_unsubscribe(pinion_actor *actor, const char *topic)
{
    PINION_NEED(actor, return );
    PINION_NEED(topic, return );
    PINION_CHECK_ON_LOOP_OF_ACTOR(actor);
    struct actor_subscription *own = find(actor, topic);
    if (own)
        subscription_remove(own);
}

void pinion__actor_subscriptions_release(struct pinion_actor *actor)
{
    if (!actor->extra)
        return;
    PINION_LIST_FOREACH_SAFE (node, &actor->extra->subscriptions)
        subscription_remove(PINION_CONTAINER_OF(node, struct actor_subscription, node));
}
