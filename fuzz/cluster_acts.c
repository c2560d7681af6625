/* What is done at a node of fuzz_cluster.c, and what must be true there: the last part of cluster_node.h. */
#include "cluster_client.h"
#include "cluster_node.h"
#include "fuzz.h"
#include <string.h>

/* ---- what is done there ---- */

static pinion_payload *meta_of(unsigned number)
{
    return pinion_json("{s:i}", "n", (int)number);
}

void node_track(unsigned index, unsigned topic, unsigned key)
{
    struct node *node = &nodes[index];
    unsigned *own = &node->own[topic][key], number = *own ? *own : tracked_add(index, topic, key);
    if (number == 0)
        return;
    node_bind(index);
    int rc = pinion_presence_track_on(node->presence, NULL, tracked_topic_name(topic), tracked_key_name(key),
                                      meta_of(number));
    REQUIRE(rc == (*own ? PINION_EBUSY : 0));
    *own = number;
}

void node_update(unsigned index, unsigned topic, unsigned key)
{
    struct node *node = &nodes[index];
    unsigned *own = &node->own[topic][key], number = tracked_add(index, topic, key);
    if (number == 0)
        return;
    node_bind(index);
    int rc = pinion_presence_update_on(node->presence, NULL, tracked_topic_name(topic), tracked_key_name(key),
                                       meta_of(number));
    REQUIRE(rc == (*own ? 0 : PINION_ENOENT));
    tracked_remove(*own ? *own : number);
    if (*own)
        *own = number;
}

void node_untrack(unsigned index, unsigned topic, unsigned key)
{
    struct node *node = &nodes[index];
    node_bind(index);
    pinion_presence_untrack_on(node->presence, NULL, tracked_topic_name(topic), tracked_key_name(key));
    tracked_remove(node->own[topic][key]);
    node->own[topic][key] = 0;
}

void node_broadcast(unsigned index, unsigned topic)
{
    unsigned number = node_number(index, topic);
    if (number == 0)
        return;
    node_bind(index);
    ok(pinion_endpoint_broadcast(nodes[index].endpoint, tracked_topic_name(topic), "said",
                                 pinion_json("{s:i}", "b", (int)number)));
}

/* ---- what must be there ---- */

static pinion_payload *list_of(unsigned index, unsigned topic)
{
    node_bind(index);
    return pinion_presence_list(nodes[index].presence, tracked_topic_name(topic));
}

void node_require_own(unsigned index)
{
    for (unsigned topic = 0; topic < TRACKED_TOPICS; topic++) {
        pinion_payload *list = list_of(index, topic);
        tracked_require_own(topic, pinion_payload_tree(list), index);
        pinion_payload_unref(list);
    }
}

static void require_counts(const struct node *node, unsigned topic, const json_t *list)
{
    const char *name = tracked_topic_name(topic);
    REQUIRE(pinion_presence_count(node->presence, name) == node->views[topic].count);
    REQUIRE(pinion_presence_count_keys(node->presence, name) == json_object_size(list));
}

void node_require_all(unsigned index)
{
    struct node *node = &nodes[index];
    for (unsigned topic = 0; topic < TRACKED_TOPICS; topic++) {
        pinion_payload *list = list_of(index, topic);
        tracked_require_all(topic, pinion_payload_tree(list));
        view_require(&node->views[topic], pinion_payload_tree(list));
        if (cluster.handles)
            view_require(&node->handled[topic], pinion_payload_tree(list));
        require_counts(node, topic, pinion_payload_tree(list));
        client_require(index, topic, pinion_payload_tree(list));
        pinion_payload_unref(list);
    }
    REQUIRE(memcmp(node->came, node->heard, sizeof node->came) == 0);
}
