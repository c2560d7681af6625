/* See cluster_told.h. */
#include "cluster_told.h"
#include "fuzz.h"
#include <string.h>

static unsigned numbers;
static struct {
    unsigned from, topic;
} broadcasts[NET_NUMBERS]; /* by number */

void told_begin(void)
{
    numbers = 0;
}

static unsigned index_of(const struct node *node)
{
    return (unsigned)(node - nodes);
}

/* ---- what the subscriber hears ---- */

static void hear_broadcast(struct node *node, unsigned topic, const json_t *payload)
{
    json_int_t number = json_integer_value(json_object_get(payload, "b"));
    REQUIRE(number > 0 && number <= numbers);
    unsigned from = broadcasts[number].from, *latest = &node->latest[from][topic];
    REQUIRE(broadcasts[number].topic == topic);
    REQUIRE(node->came[number] && !node->heard[number]);
    REQUIRE(number > *latest || net_reordered(from, index_of(node)));
    node->heard[number] = true;
    *latest = (unsigned)number;
}

void told_broadcast(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
    struct node *node = data;
    if (strcmp(event, "said") == 0)
        hear_broadcast(node, tracked_topic(topic), pinion_payload_tree(payload));
    else if (strcmp(event, "presence_diff") == 0)
        view_take_diff(&node->views[tracked_topic(topic)], pinion_payload_tree(payload));
}

void told_came(unsigned node, unsigned number)
{
    nodes[node].came[number] = true;
}

unsigned node_number(unsigned node, unsigned topic)
{
    if (numbers == NET_NUMBERS - 1)
        return 0;
    broadcasts[++numbers].from = node;
    broadcasts[numbers].topic = topic;
    told_came(node, numbers);
    return numbers;
}

/* ---- what the application does with presences ---- */

pinion_payload *told_fetch(const char *topic, pinion_payload *presences, void *data)
{
    json_t *enriched = json_deep_copy(pinion_payload_tree(presences)), *one;
    const char *key;
    json_object_foreach(enriched, key, one)
    {
        json_object_set_new(one, "name", json_string(key));
    }
    pinion_payload_unref(presences);
    return pinion_payload_json(enriched);
}

/* If a diff is cut into parts, one comes before the other, but `presences` is already complete. */
void told_diff(const pinion_presence_diff *diff, void *data)
{
    struct view *view = &((struct node *)data)->handled[tracked_topic(diff->topic)];
    view_take_parts(view, pinion_payload_tree(diff->joins), pinion_payload_tree(diff->leaves));
    if (!cluster.small_diffs)
        view_require(view, pinion_payload_tree(diff->presences));
}
