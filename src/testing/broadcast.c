/* The test kit's subscriptions, and its expectations of what is broadcast. */
#include "proto/payload.h"
#include "testing/kit.h"
#include "testing/message.h"
#include <stdio.h>
#include <stdlib.h>

struct broadcast {
    struct pinion_list node;
    char *topic;
    char *event;
    pinion_payload *payload;
};

struct subscription {
    struct pinion_list node;
    pinion_subscription *subscription;
};

static void broadcast_free(struct broadcast *broadcast)
{
    pinion__list_remove(&broadcast->node);
    pinion_payload_unref(broadcast->payload);
    free(broadcast->topic);
    free(broadcast->event);
    free(broadcast);
}

static void keep_broadcast(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
    pinion_test *test = data;
    struct broadcast *broadcast = calloc(1, sizeof *broadcast);
    if (!broadcast)
        return;
    broadcast->topic = strdup(topic);
    broadcast->event = strdup(event);
    broadcast->payload = pinion__payload_ref(payload);
    pinion__list_append(&test->broadcasts, &broadcast->node);
    if (!broadcast->topic || !broadcast->event)
        broadcast_free(broadcast);
}

static int subscribe(pinion_test *test, const char *topic)
{
    struct subscription *own = calloc(1, sizeof *own);
    if (!own)
        return PINION_ENOMEM;
    int rc = pinion_endpoint_subscribe(test->endpoint, topic, keep_broadcast, test, &own->subscription);
    if (rc) {
        free(own);
        return rc;
    }
    pinion__list_append(&test->subscriptions, &own->node);
    pinion_test_run(test);
    return 0;
}

int pinion_test_subscribe(pinion_test *test, const char *topic)
{
    PINION_NEED_TEST(test, return PINION_EINVAL);
    PINION_NEEDED(topic);
    PINION_RETURN(subscribe(test, topic));
}

struct broadcast_expectation {
    pinion_test *test;
    const char *topic;
    const char *event;
    json_t *pattern;
};

static bool is_or_any(const char *text, const char *expected)
{
    return !expected || strcmp(text, expected) == 0;
}

static bool take_broadcast(void *context)
{
    const struct broadcast_expectation *expected = context;
    PINION_LIST_FOREACH_SAFE (node, &expected->test->broadcasts) {
        struct broadcast *broadcast = PINION_CONTAINER_OF(node, struct broadcast, node);
        if (!is_or_any(broadcast->topic, expected->topic) || !is_or_any(broadcast->event, expected->event))
            continue;
        if (expected->pattern &&
            !pinion__test_matches(expected->pattern, pinion_payload_tree(broadcast->payload)))
            continue;
        pinion__test_met(expected->test, pinion__payload_ref(broadcast->payload));
        broadcast_free(broadcast);
        return true;
    }
    return false;
}

static void write_broadcasts(FILE *out, const void *what)
{
    const pinion_test *test = what;
    if (pinion__list_empty(&test->broadcasts))
        fputs(" nothing", out);
    PINION_LIST_FOREACH (node, &test->broadcasts) {
        const struct broadcast *broadcast = PINION_CONTAINER_OF(node, struct broadcast, node);
        fprintf(out, " %s ", broadcast->event);
        pinion__test_write_payload(out, broadcast->payload);
        fprintf(out, " on %s", broadcast->topic);
    }
}

static int expect(pinion_test *test, const char *topic, const char *event, const char *pattern)
{
    struct broadcast_expectation expected = { .test = test, .topic = topic, .event = event };
    int rc = pinion__test_pattern(pattern, &expected.pattern);
    if (rc)
        return rc;
    if (!pinion__test_await(test, take_broadcast, &expected)) {
        const struct pinion_test_missed missed = { .test = test,
                                                   .what = "a broadcast",
                                                   .name = event,
                                                   .pattern = pattern,
                                                   .of = " on ",
                                                   .which = topic };
        rc = pinion__test_fail(PINION_ETIMEDOUT, &missed, write_broadcasts, test);
    }
    json_decref(expected.pattern);
    return rc;
}

int pinion_test_expect_broadcast(pinion_test *test, const char *topic, const char *event, const char *pattern)
{
    PINION_NEED_TEST(test, return PINION_EINVAL);
    PINION_RETURN(expect(test, topic, event, pattern));
}

void pinion__test_broadcasts_end(pinion_test *test)
{
    PINION_LIST_FOREACH_SAFE (node, &test->subscriptions) {
        struct subscription *own = PINION_CONTAINER_OF(node, struct subscription, node);
        pinion_subscription_free(own->subscription, NULL);
        pinion__list_remove(node);
        free(own);
    }
    pinion_test_run(test);
    PINION_LIST_FOREACH_SAFE (broadcast, &test->broadcasts) {
        broadcast_free(PINION_CONTAINER_OF(broadcast, struct broadcast, node));
    }
}
