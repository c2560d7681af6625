#include "engine/fanout.h"
#include "base/frame.h"
#include "base/log_limit.h"
#include "base/work.h"
#include "engine/audience.h"
#include "engine/callback.h"
#include "engine/channel_subscription.h"
#include "engine/clause.h"
#include "engine/disconnect.h"
#include "engine/handle.h"
#include "engine/known.h"
#include "engine/lane.h"
#include "engine/mail_kinds.h"
#include "engine/send.h"
#include "engine/socket_end.h"
#include "engine/socket_extra.h"
#include "engine/subscription.h"
#include "proto/payload.h"
#include <stdlib.h>

#define ENCODINGS_MAX 8 /* pairs of serializer and transport that are kept */

struct encoding {
    const struct pinion_serializer *serializer;
    const struct pinion_transport *transport;
    struct pinion_frame *frame;
    int failure; /* why there is no frame */
};

struct intercepted {
    struct pinion_channel *channel; /* held */
    const pinion_clause *clause;
};

/* The channels whose handle_out is to run. */
struct batch {
    struct pinion_task task;
    struct pinion_broadcast *broadcast;
    size_t count;
    struct intercepted channels[];
};

/* A subscriber whose client knows some of the broadcast's changes already. */
struct partial {
    uint64_t known; /* the last change that it knows */
    const struct pinion_entry *entry;
};

struct fanout {
    struct pinion_shard *shard;
    struct pinion_topic *topic;
    struct pinion_broadcast *broadcast;
    struct encoding encodings[ENCODINGS_MAX];
    unsigned encoding_count;
    const struct pinion_audience *audience; /* of the last entry */
    const pinion_clause *clause;            /* its clause of handle_out, or NULL */
    struct pinion_frame *frame;             /* its frame, when there is no clause */
    int failure;                            /* why there is no frame */
    const struct pinion_subscriber *sender; /* the subscriber that is left out; NULL: none */
    bool sender_unknown;                    /* the sender is known by its id alone */
    struct batch *batch;
    struct partial *partials; /* set aside until the others have theirs */
    size_t partial_count;
    size_t delivered;
    size_t unencodable;
    size_t skipped;
    size_t dropped;
};

/* ---- the fast lane ---- */

static int encode(const struct pinion_broadcast *broadcast, const struct pinion_audience *audience,
                  struct pinion_frame **out)
{
    struct pinion_message message = { .kind = PINION_MESSAGE_BROADCAST,
                                      .topic = broadcast->topic,
                                      .event = broadcast->event };
    message.payload.ptr = pinion_payload_bytes(broadcast->payload, &message.payload.len);
    message.payload_binary = pinion_payload_kind(broadcast->payload) == PINION_PAYLOAD_BINARY;
    int rc = pinion__encode(audience->serializer, audience->transport, &message, out);
    if (!rc)
        (*out)->droppable = PINION_LOSS_BROADCAST;
    return rc;
}

/* The encoding for this audience. It is kept until the fan-out is over. When there is no room for one more
 * (applications may have serializers of their own), the last one is dropped. */
static const struct encoding *encoding_for(struct fanout *fan, const struct pinion_audience *audience)
{
    for (unsigned i = 0; i < fan->encoding_count; i++) {
        const struct encoding *known = &fan->encodings[i];
        if (known->serializer == audience->serializer && known->transport == audience->transport)
            return known;
    }
    if (fan->encoding_count == ENCODINGS_MAX)
        pinion__frame_unref(fan->encodings[--fan->encoding_count].frame);
    struct encoding *encoding = &fan->encodings[fan->encoding_count++];
    *encoding = (struct encoding){ .serializer = audience->serializer, .transport = audience->transport };
    encoding->failure = encode(fan->broadcast, audience, &encoding->frame);
    return encoding;
}

static void choose(struct fanout *fan, const struct pinion_audience *audience)
{
    fan->audience = audience;
    fan->clause = pinion__clause_find(audience->def->handle_out, fan->broadcast->event);
    if (fan->clause)
        return;
    const struct encoding *encoding = encoding_for(fan, audience);
    fan->frame = encoding->frame;
    fan->failure = encoding->failure;
}

static void deliver(struct fanout *fan, void *conn)
{
    int rc = fan->failure;
    if (fan->frame)
        rc = fan->audience->transport->send(conn, pinion__frame_ref(fan->frame));
    if (rc == 0)
        fan->delivered++;
    else if (rc == PINION_EBUSY)
        fan->skipped++;
    else if (rc == PINION_ENOMEM)
        fan->dropped++;
    else if (rc != PINION_ECLOSED)
        fan->unencodable++;
}

/* ---- intercepts ---- */

static void run_batch(struct pinion_task *task)
{
    struct batch *batch = PINION_CONTAINER_OF(task, struct batch, task);
    pinion_payload *view = pinion__payload_view(batch->broadcast->payload);
    for (size_t i = 0; i < batch->count; i++) {
        struct pinion_channel *channel = batch->channels[i].channel;
        const pinion_clause *clause = batch->channels[i].clause;
        if (channel->state == PINION_CHANNEL_JOINED && pinion__channel_busy(channel)) {
            if (pinion__mail_intercepted(channel, batch->broadcast, clause) != 0)
                PINION_COUNT(channel->socket->shard, dropped, 1);
        } else if (channel->state == PINION_CHANNEL_JOINED) {
            if (pinion__channel_knows(channel, batch->broadcast) == 0)
                pinion__channel_handle_out(channel, clause, batch->broadcast->event.ptr, view);
            else
                pinion__channel_intercept(channel, clause, batch->broadcast);
        }
        pinion__channel_unhold(channel);
    }
    pinion_payload_unref(view);
    pinion__broadcast_unref(batch->broadcast);
    free(batch);
}

static void intercept(struct fanout *fan, struct pinion_channel *channel)
{
    if (!fan->batch) {
        fan->batch = malloc(sizeof *fan->batch + fan->topic->count * sizeof(struct intercepted));
        if (!fan->batch) {
            fan->dropped++;
            return;
        }
        fan->batch->task = (struct pinion_task){ .run = run_batch };
        fan->batch->broadcast = pinion__broadcast_ref(fan->broadcast);
        fan->batch->count = 0;
    }
    pinion__channel_hold(channel);
    fan->batch->channels[fan->batch->count].channel = channel;
    fan->batch->channels[fan->batch->count++].clause = fan->clause;
}

/* ---- by lane ---- */

static bool is_sender(const struct fanout *fan, const struct pinion_subscriber *subscriber)
{
    if (!fan->sender_unknown)
        return subscriber == fan->sender;
    return PINION_CONTAINER_OF(subscriber, struct pinion_channel, subscriber)->id == fan->broadcast->from;
}

static void to_channel(struct fanout *fan, const struct pinion_entry *entry)
{
    if (is_sender(fan, entry->subscriber))
        return;
    if (entry->manner != fan->audience)
        choose(fan, entry->manner);
    if (fan->clause)
        intercept(fan, PINION_CONTAINER_OF(entry->subscriber, struct pinion_channel, subscriber));
    else
        deliver(fan, entry->target);
}

static void to_info(struct fanout *fan, struct pinion_channel *channel)
{
    if (channel->id == fan->broadcast->from)
        return;
    if (pinion__mail_broadcast(channel, fan->broadcast) != 0)
        fan->dropped++;
}

static void to_socket(const struct fanout *fan, struct pinion_socket *socket)
{
    if (!pinion__broadcast_disconnects(fan->broadcast))
        return;
    pinion__socket_because(socket, PINION_CAUSE_DISCONNECT);
    pinion__socket_close(socket, pinion__disconnect_code(fan->broadcast));
}

static void to_receiver(struct fanout *fan, struct pinion_receiver *receiver)
{
    if (receiver->deliver(receiver, fan->broadcast) != 0)
        fan->dropped++;
}

static void to_subscriber(struct fanout *fan, struct pinion_subscriber *subscriber)
{
    switch ((enum pinion_lane)subscriber->lane) {
    case PINION_LANE_CHANNEL: /* its client is gone, and it ends soon */
        break;
    case PINION_LANE_INFO:
        to_info(fan,
                PINION_CONTAINER_OF(subscriber, struct pinion_channel_subscription, subscriber)->channel);
        break;
    case PINION_LANE_SOCKET:
        to_socket(fan, pinion__socket_of_id(subscriber));
        break;
    case PINION_LANE_SUBSCRIPTION:
        if (pinion__subscription_deliver(subscriber, fan->broadcast) != 0)
            fan->dropped++;
        break;
    case PINION_LANE_RECEIVER:
        to_receiver(fan, PINION_CONTAINER_OF(subscriber, struct pinion_receiver, subscriber));
        break;
    }
}

static void note(struct fanout *fan)
{
    PINION_COUNT(fan->shard, deliveries, fan->delivered);
    if (fan->unencodable)
        PINION_COUNT(fan->shard, unencodable, fan->unencodable);
    if (fan->skipped)
        PINION_COUNT(fan->shard, skipped, fan->skipped);
    if (fan->dropped) {
        PINION_COUNT(fan->shard, dropped, fan->dropped);
        PINION_LOG_LIMITED(PINION_LOG_WARNING,
                           "topic %s: %zu deliveries dropped: inbox full or out of memory",
                           fan->broadcast->topic.ptr, fan->dropped);
    }
}

/* The channel that is to be left out is most often the one whose callback runs. If it is another one, it may
 * still be on this loop: then it is found by its id. */
static void find_sender(struct fanout *fan)
{
    uint64_t from = fan->broadcast->from;
    const struct pinion_callback *callback = fan->shard->callback;
    if (from == 0)
        return;
    if (callback && callback->channel && callback->channel->id == from)
        fan->sender = &callback->channel->subscriber;
    else
        fan->sender_unknown = true;
}

static void to_all(struct fanout *fan)
{
    for (uint32_t i = 0; i < fan->topic->count; i++) {
        const struct pinion_entry *entry = &fan->topic->entries[i];
        PINION_WORK(1);
        if (entry->target)
            to_channel(fan, entry);
        else
            to_subscriber(fan, entry->subscriber);
    }
}

static void finish(struct fanout *fan)
{
    if (fan->batch)
        pinion__scheduler_defer(fan->shard->scheduler, &fan->batch->task);
    for (unsigned i = 0; i < fan->encoding_count; i++)
        pinion__frame_unref(fan->encodings[i].frame);
    note(fan);
}

/* ---- a broadcast that tells of changes ---- */

/* For a channel that intercepts the event this is decided when its handle_out runs: by then it may know more.
 */
static bool takes_whole(const struct fanout *fan, const struct pinion_entry *entry, uint64_t known)
{
    const struct pinion_audience *audience = entry->manner;
    return known == 0 || pinion__clause_find(audience->def->handle_out, fan->broadcast->event);
}

/* Without memory the subscriber gets the whole broadcast: a change twice is better than a change lost. */
static void set_aside(struct fanout *fan, const struct pinion_entry *entry, uint64_t known)
{
    if (!fan->partials)
        fan->partials = malloc(fan->topic->count * sizeof *fan->partials);
    if (fan->partials)
        fan->partials[fan->partial_count++] = (struct partial){ .known = known, .entry = entry };
    else
        to_channel(fan, entry);
}

static void to_those_who_know_nothing(struct fanout *fan)
{
    uint64_t newest = pinion__versions_newest(fan->broadcast->versions);
    for (uint32_t i = 0; i < fan->topic->count; i++) {
        const struct pinion_entry *entry = &fan->topic->entries[i];
        PINION_WORK(1);
        if (!entry->target) {
            to_subscriber(fan, entry->subscriber);
            continue;
        }
        uint64_t known = pinion__channel_knows(
            PINION_CONTAINER_OF(entry->subscriber, struct pinion_channel, subscriber), fan->broadcast);
        if (takes_whole(fan, entry, known))
            to_channel(fan, entry);
        else if (known < newest)
            set_aside(fan, entry, known);
    }
}

static int by_known(const void *a, const void *b)
{
    uint64_t left = ((const struct partial *)a)->known, right = ((const struct partial *)b)->known;
    return (left > right) - (left < right);
}

/* Deliver to those at the front who know the same changes. Returns how many there were. */
static size_t to_equals(const struct fanout *fan, const struct partial *partials, size_t count)
{
    size_t i = 0;
    struct fanout part = { .shard = fan->shard, .topic = fan->topic };
    part.broadcast = pinion__broadcast_rest(fan->broadcast, partials->known);
    for (; i < count && partials[i].known == partials->known; i++) {
        if (part.broadcast && partials[i].entry->target)
            to_channel(&part, partials[i].entry);
    }
    if (part.broadcast) {
        finish(&part);
        pinion__broadcast_unref(part.broadcast);
    }
    return i;
}

static void to_each_the_rest(struct fanout *fan)
{
    to_those_who_know_nothing(fan);
    if (fan->partial_count > 0)
        qsort(fan->partials, fan->partial_count, sizeof *fan->partials, by_known);
    for (size_t i = 0; i < fan->partial_count;)
        i += to_equals(fan, fan->partials + i, fan->partial_count - i);
    free(fan->partials);
}

void pinion__fanout(void *context, struct pinion_topic *topic, struct pinion_broadcast *broadcast)
{
    struct fanout fan = { .shard = context, .topic = topic, .broadcast = broadcast };
    find_sender(&fan);
    if (broadcast->versions)
        to_each_the_rest(&fan);
    else
        to_all(&fan);
    finish(&fan);
}
