/* See cluster_tracked.h. */
#include "cluster_tracked.h"
#include "fuzz.h"
#include <string.h>

struct tracked {
    bool there;
    unsigned node, topic, key;
};

static struct tracked all[TRACKED_MAX];
static unsigned last;

static const char *const topics[TRACKED_TOPICS] = { "room:0", "room:1", "room:2", "room:3" };
static const char *const keys[TRACKED_KEYS] = { "ann", "bob", "cat" };

const char *tracked_topic_name(unsigned topic)
{
    return topics[topic];
}

const char *tracked_key_name(unsigned key)
{
    return keys[key];
}

unsigned tracked_topic(const char *name)
{
    unsigned topic = 0;
    while (topic < TRACKED_TOPICS && strcmp(topics[topic], name) != 0)
        topic++;
    REQUIRE(topic < TRACKED_TOPICS);
    return topic;
}

void tracked_begin(void)
{
    last = 0;
}

unsigned tracked_add(unsigned node, unsigned topic, unsigned key)
{
    if (last == TRACKED_MAX - 1)
        return 0;
    all[++last] = (struct tracked){ true, node, topic, key };
    return last;
}

void tracked_remove(unsigned number)
{
    all[number].there = false;
}

unsigned tracked_number(const json_t *meta, unsigned topic, const char *key)
{
    json_int_t number = json_integer_value(json_object_get(meta, "n"));
    REQUIRE(number > 0 && number <= last);
    REQUIRE(all[number].topic == topic && strcmp(keys[all[number].key], key) == 0);
    return (unsigned)number;
}

/* ---- lists ---- */

struct list {
    bool has[TRACKED_MAX];
    size_t count;
};

static void read_key(struct list *list, unsigned topic, const char *key, const json_t *metas)
{
    json_t *meta;
    size_t i;
    json_array_foreach(metas, i, meta)
    {
        unsigned number = tracked_number(meta, topic, key);
        REQUIRE(!list->has[number]);
        list->has[number] = true;
        list->count++;
    }
}

static void read_list(struct list *list, unsigned topic, const json_t *presences)
{
    const char *key;
    json_t *one;
    memset(list, 0, sizeof *list);
    REQUIRE(json_is_object(presences));
    json_object_foreach((json_t *)presences, key, one)
    {
        read_key(list, topic, key, json_object_get(one, "metas"));
    }
}

void tracked_require_own(unsigned topic, const json_t *presences, unsigned node)
{
    struct list list;
    read_list(&list, topic, presences);
    for (unsigned i = 1; i <= last; i++) {
        if (all[i].topic == topic && all[i].node == node)
            REQUIRE(list.has[i] == all[i].there);
    }
}

void tracked_require_all(unsigned topic, const json_t *presences)
{
    struct list list;
    size_t count = 0;
    read_list(&list, topic, presences);
    for (unsigned i = 1; i <= last; i++) {
        if (all[i].topic != topic || !all[i].there)
            continue;
        REQUIRE(list.has[i]);
        count++;
    }
    REQUIRE(list.count == count);
}
