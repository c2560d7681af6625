/* Endpoints of a cluster in one process, each with a presence that tells each change at once unless it has an
 * interval, and waiting for what one of them shows.
 * Include after cmocka.h. */
#ifndef TESTS_HELPERS_PRESENCE_ENDPOINTS_H
#define TESTS_HELPERS_PRESENCE_ENDPOINTS_H

#include <pinion/pinion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOPIC      "room:1"
#define PATIENCE_S 30

static pinion_cluster *cluster;
static char broker[64]; /* in place of a cluster: the URL of a broker, to which the node's name is added */

struct member {
    pinion_endpoint *endpoint;
    pinion_presence *presence;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t moved;
    size_t diffs;
    size_t joins;
    size_t leaves;
};

static inline void must(int rc)
{
    if (rc)
        fail_msg("%s: %s", pinion_errname(rc), pinion_error_detail());
}

static inline size_t metas_in(const pinion_payload *presences)
{
    size_t count = 0;
    const char *key;
    json_t *one;
    json_object_foreach(pinion_payload_tree(presences), key, one) count +=
        json_array_size(json_object_get(one, "metas"));
    return count;
}

static inline void on_diff(const pinion_presence_diff *diff, void *data)
{
    struct member *member = data;
    pthread_mutex_lock(&member->lock);
    member->diffs++;
    member->joins += metas_in(diff->joins);
    member->leaves += metas_in(diff->leaves);
    pthread_cond_broadcast(&member->moved);
    pthread_mutex_unlock(&member->lock);
}

static inline pinion_endpoint *new_endpoint(const char *name)
{
    char url[128];
    pinion_endpoint *made = NULL;
    pinion_endpoint_options options = { .host = "127.0.0.1", .loops = 2, .drain_interval_ms = 1 };
    if (cluster)
        must(pinion_cluster_adapter_new(&options.pubsub_adapter, cluster, name));
    snprintf(url, sizeof url, "%s?node=%s", broker, name);
    options.pubsub = cluster ? NULL : url;
    must(pinion_endpoint_new(&made, &options));
    return made;
}

static inline void begin_member(struct member *member, const char *name, pinion_presence_options options)
{
    memset(member, 0, sizeof *member);
    pthread_mutex_init(&member->lock, NULL);
    pthread_cond_init(&member->moved, NULL);
    options.diff_at_once = options.diff_interval_ms == 0;
    options.handle_metas = on_diff;
    options.data = member;
    member->endpoint = new_endpoint(name);
    must(pinion_presence_new(&member->presence, member->endpoint, &options));
    must(pinion_endpoint_start(member->endpoint));
}

static inline void end_member(struct member *member)
{
    if (!member->endpoint)
        return;
    pinion_endpoint_stop(member->endpoint);
    pinion_endpoint_free(member->endpoint);
    member->endpoint = NULL;
    pthread_cond_destroy(&member->moved);
    pthread_mutex_destroy(&member->lock);
}

/* The keys on the topic, each with the number "n" of its last meta, sorted: "ann=1 bob=2 ". */
static inline const char *shown(struct member *member)
{
    static char text[8192];
    size_t len = 0;
    pinion_payload *list = pinion_presence_list(member->presence, TOPIC);
    char *sorted = json_dumps(pinion_payload_tree(list), JSON_SORT_KEYS);
    json_t *all = json_loads(sorted, 0, NULL), *one;
    const char *key;
    text[0] = '\0';
    json_object_foreach(all, key, one)
    {
        json_t *metas = json_object_get(one, "metas");
        json_t *last = json_array_get(metas, json_array_size(metas) - 1);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s=%lld ", key,
                                json_integer_value(json_object_get(last, "n")));
    }
    json_decref(all);
    free(sorted);
    pinion_payload_unref(list);
    return text;
}

/* Wait until a condition holds, which is looked at whenever a diff came. */
#define wait_until(member, condition)                                                                        \
    do {                                                                                                     \
        struct timespec until_;                                                                              \
        int rc_ = 0;                                                                                         \
        clock_gettime(CLOCK_MONOTONIC, &until_);                                                             \
        until_.tv_sec += PATIENCE_S;                                                                         \
        pthread_mutex_lock(&(member)->lock);                                                                 \
        while (!(condition) && rc_ == 0)                                                                     \
            rc_ = pthread_cond_clockwait(&(member)->moved, &(member)->lock, CLOCK_MONOTONIC, &until_);       \
        pthread_mutex_unlock(&(member)->lock);                                                               \
        if (rc_)                                                                                             \
            fail_msg("waited for %s; there is: %s", #condition, shown(member));                              \
    } while (0)

#define wait_for(member, expected) wait_until(member, strcmp(shown(member), expected) == 0)

static inline void track(struct member *member, const char *key, int n)
{
    must(pinion_presence_track_on(member->presence, NULL, TOPIC, key, pinion_json("{s:i}", "n", n)));
}

static inline void update(struct member *member, const char *key, int n)
{
    must(pinion_presence_update_on(member->presence, NULL, TOPIC, key, pinion_json("{s:i}", "n", n)));
}

static inline void untrack(struct member *member, const char *key)
{
    pinion_presence_untrack_on(member->presence, NULL, TOPIC, key);
}

#endif
