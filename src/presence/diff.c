#include "presence/diff.h"
#include "base/log.h"
#include "engine/channel.h"
#include "presence/listing.h"
#include "presence/presence_int.h"

size_t pinion__presence_diff_take(struct pinion_presence_outgoing *diff, struct pinion_presence_batch *batch,
                                  size_t max, const struct pinion_presence_state *state, bool with_presences)
{
    struct pinion_slice topic = pinion__slice(batch->topic, batch->topic_len);
    *diff = (struct pinion_presence_outgoing){ .changes = PINION_LIST_HEAD(diff->changes) };
    size_t len = pinion__presence_batch_take(batch, max, &diff->changes);
    if (with_presences)
        diff->presences = pinion__presence_list_topic(pinion__presence_topic(state, topic));
    memcpy(diff->topic, batch->topic, (size_t)batch->topic_len + 1);
    return len;
}

static void make_text(struct pinion_presence_outgoing *diff)
{
    struct pinion_presence_changes joins, leaves;
    pinion__presence_changes_init(&joins);
    pinion__presence_changes_init(&leaves);
    if (pinion__presence_changes_sort(&diff->changes, &joins, &leaves) != 0)
        pinion__log(PINION_LOG_ERROR, "presence: out of memory: clients are not told of changes on %s",
                    diff->topic);
    diff->joins = pinion__presence_list_changes(&joins);
    diff->leaves = pinion__presence_list_changes(&leaves);
    pinion__presence_changes_release(&joins);
    pinion__presence_changes_release(&leaves);
}

pinion_payload *pinion__presence_fetch(const struct pinion_presence *presence, const char *topic,
                                       pinion_payload *presences)
{
    const pinion_presence_options *options = &presence->options;
    bool built = pinion_payload_kind(presences) != PINION_PAYLOAD_POISON;
    return options->fetch && built ? options->fetch(topic, presences, options->data) : presences;
}

/* Clients that missed a diff would show those who have left: one that fetch cannot enrich goes out as it was.
 */
static pinion_payload *fetched_or_plain(const struct pinion_presence *presence, const char *topic,
                                        pinion_payload *plain)
{
    pinion_payload *fetched = pinion__presence_fetch(presence, topic, pinion_payload_ref(plain));
    if (pinion_payload_kind(fetched) == PINION_PAYLOAD_JSON)
        return fetched;
    pinion_payload_unref(fetched);
    pinion__log(PINION_LOG_ERROR, "presence: fetch failed for a diff of %s", topic);
    return pinion_payload_ref(plain);
}

static void broadcast(const struct pinion_presence_outgoing *diff, const struct pinion_presence *presence)
{
    pinion_payload *payload =
        pinion__presence_join_lists(pinion_payload_ref(diff->joins), pinion_payload_ref(diff->leaves));
    int rc = pinion_endpoint_broadcast_local(presence->endpoint, diff->topic, "presence_diff", payload);
    if (rc)
        pinion__log(PINION_LOG_ERROR, "presence: clients are not told of changes on %s: %s", diff->topic,
                    pinion_strerror(rc));
}

static void fetch_both(struct pinion_presence_outgoing *diff, const struct pinion_presence *presence)
{
    pinion_payload *joins = diff->joins, *leaves = diff->leaves;
    diff->joins = fetched_or_plain(presence, diff->topic, joins);
    diff->leaves = fetched_or_plain(presence, diff->topic, leaves);
    pinion_payload_unref(joins);
    pinion_payload_unref(leaves);
}

static void handle_metas(struct pinion_presence_outgoing *diff, const struct pinion_presence *presence)
{
    const pinion_presence_diff shown = {
        .topic = diff->topic,
        .joins = diff->joins,
        .leaves = diff->leaves,
        .presences = diff->presences,
    };
    presence->options.handle_metas(&shown, presence->options.data);
}

/* Run what calls the application, watched over as all callbacks are. */
static void call(void (*run)(struct pinion_presence_outgoing *diff, const struct pinion_presence *presence),
                 const char *name, struct pinion_presence_outgoing *diff,
                 const struct pinion_presence *presence)
{
    struct pinion_shard *shard = pinion__hub_here(presence->endpoint);
    struct pinion_call running = { .callback = name, .detail = diff->topic };
    pinion__call_enter(shard, &running);
    run(diff, presence);
    pinion__call_leave(shard);
}

void pinion__presence_diff_send(struct pinion_presence_outgoing *diff, const struct pinion_presence *presence)
{
    make_text(diff);
    if (presence->options.fetch)
        call(fetch_both, "fetch", diff, presence);
    broadcast(diff, presence);
    if (presence->options.handle_metas)
        call(handle_metas, "handle_metas", diff, presence);
    pinion_payload_unref(diff->joins);
    pinion_payload_unref(diff->leaves);
    pinion_payload_unref(diff->presences);
}
