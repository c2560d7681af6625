#include "presence/diff.h"
#include "base/log.h"
#include "engine/callback.h"
#include "engine/here.h"
#include "presence/diff_content.h"
#include "presence/listing.h"
#include "presence/presence_int.h"
#include "proto/payload.h"

size_t pinion__presence_diff_take(struct pinion_presence_taken_diff *diff,
                                  struct pinion_presence_batch *batch, size_t max,
                                  const struct pinion_presence_shard *shard, bool with_presences)
{
    struct pinion_slice topic = pinion__slice(batch->topic, batch->topic_len);
    *diff =
        (struct pinion_presence_taken_diff){ .changes = PINION_LIST_HEAD(diff->changes), .source = shard };
    size_t len = pinion__presence_batch_take(batch, max, &diff->changes);
    if (with_presences)
        diff->presences = pinion__presence_list_topic(pinion__presence_topic(shard->state, topic));
    memcpy(diff->topic, batch->topic, (size_t)batch->topic_len + 1);
    return len;
}

/* The text of the diff, and the versions its broadcast carries. NULL when out of memory. */
static struct pinion_presence_diff_content *make_text(struct pinion_presence_taken_diff *diff,
                                                      const struct pinion_presence *presence)
{
    struct pinion_presence_diff_content *content =
        pinion__presence_diff_content_new(&diff->changes, diff->source, presence->options.fetch != NULL);
    if (!content) {
        pinion__log(PINION_LOG_ERROR, "presence: out of memory: clients are not sent the changes on %s",
                    diff->topic);
        return NULL;
    }
    diff->joins = pinion__presence_list_changes(&content->joins, 0);
    diff->leaves = pinion__presence_list_changes(&content->leaves, 0);
    return content;
}

pinion_payload *pinion__presence_fetch(const struct pinion_presence *presence, const char *topic,
                                       pinion_payload *presences)
{
    const pinion_presence_options *options = &presence->options;
    bool built = pinion_payload_kind(presences) != PINION_PAYLOAD_POISON;
    return options->fetch && built ? options->fetch(topic, presences, options->data) : presences;
}

/* If fetch fails, the diff is sent unchanged: clients that miss a diff would go on showing people who have
 * left. */
static pinion_payload *fetched_or_plain(const struct pinion_presence *presence, const char *topic,
                                        pinion_payload *plain)
{
    pinion_payload *fetched = pinion__presence_fetch(presence, topic, pinion__payload_ref(plain));
    if (pinion_payload_kind(fetched) == PINION_PAYLOAD_JSON)
        return fetched;
    pinion_payload_unref(fetched);
    pinion__log(PINION_LOG_ERROR, "presence: fetch failed for a diff of %s", topic);
    return pinion__payload_ref(plain);
}

/* Consumes `content`. */
static void broadcast(const struct pinion_presence_taken_diff *diff, const struct pinion_presence *presence,
                      struct pinion_presence_diff_content *content)
{
    struct pinion_broadcast *broadcast;
    struct pinion_hub *hub = presence->hub;
    pinion_payload *payload =
        pinion__presence_join_lists(pinion__payload_ref(diff->joins), pinion__payload_ref(diff->leaves));
    int rc = pinion__broadcast_new(&broadcast, 0, diff->topic, "presence_diff", payload);
    if (rc) {
        pinion__presence_diff_content_free(content);
        pinion__log(PINION_LOG_ERROR, "presence: clients are not sent the changes on %s: %s", diff->topic,
                    pinion_strerror(rc));
        return;
    }
    broadcast->versions = &content->versions;
    (void)pinion__pubsub_publish(&hub->pubsub, &pinion__hub_here(hub)->pubsub, broadcast);
    pinion__broadcast_unref(broadcast);
}

static void fetch_both(struct pinion_presence_taken_diff *diff, const struct pinion_presence *presence)
{
    pinion_payload *joins = diff->joins, *leaves = diff->leaves;
    diff->joins = fetched_or_plain(presence, diff->topic, joins);
    diff->leaves = fetched_or_plain(presence, diff->topic, leaves);
    pinion_payload_unref(joins);
    pinion_payload_unref(leaves);
}

static void handle_metas(struct pinion_presence_taken_diff *diff, const struct pinion_presence *presence)
{
    const pinion_presence_diff shown = {
        .topic = diff->topic,
        .joins = diff->joins,
        .leaves = diff->leaves,
        .presences = diff->presences,
    };
    presence->options.handle_metas(&shown, presence->options.data);
}

/* Run a function that calls the application, guarded like every callback. */
static void call(void (*run)(struct pinion_presence_taken_diff *diff, const struct pinion_presence *presence),
                 const char *name, struct pinion_presence_taken_diff *diff,
                 const struct pinion_presence *presence)
{
    struct pinion_shard *shard = pinion__hub_here(presence->hub);
    struct pinion_callback running = { .name = name,
                                       .detail = diff->topic,
                                       .off_loop = "pinion_endpoint_work" };
    pinion__callback_enter(shard, &running);
    run(diff, presence);
    pinion__callback_leave(shard);
}

void pinion__presence_diff_send(struct pinion_presence_taken_diff *diff,
                                const struct pinion_presence *presence)
{
    struct pinion_presence_diff_content *content = make_text(diff, presence);
    if (content && presence->options.fetch)
        call(fetch_both, "fetch", diff, presence);
    if (content)
        broadcast(diff, presence, content);
    if (content && presence->options.handle_metas)
        call(handle_metas, "handle_metas", diff, presence);
    pinion_payload_unref(diff->joins);
    pinion_payload_unref(diff->leaves);
    pinion_payload_unref(diff->presences);
}
