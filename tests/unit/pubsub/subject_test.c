/* The names under which nodes meet. */
#include "pubsub/subject.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(enum pinion_subject kind, const char *name, const char *expected)
{
    char out[PINION_SUBJECT_MAX];
    assert_int_equal(pinion__subject(out, "p", kind, name), strlen(expected));
    assert_string_equal(out, expected);
}

static void what_is_plain_stays(void **state)
{
    check(PINION_SUBJECT_ALL, NULL, "p.all");
    check(PINION_SUBJECT_TOPIC, "room:Lobby-7_x", "p.topic.room:Lobby-7_x");
    check(PINION_SUBJECT_NODE, "host-1a", "p.node.host-1a");
}

static void what_means_something_to_a_broker_is_encoded(void **state)
{
    check(PINION_SUBJECT_TOPIC, "", "p.topic.%");
    check(PINION_SUBJECT_TOPIC, "a.b c*>", "p.topic.a%2Eb%20c%2A%3E");
    check(PINION_SUBJECT_TOPIC, "%", "p.topic.%25");
    check(PINION_SUBJECT_TOPIC, "\xC3\xBC\r\n\x7F", "p.topic.%C3%BC%0D%0A%7F");
}

static void the_longest_fits(void **state)
{
    char prefix[PINION_SUBJECT_PREFIX_MAX + 1], cluster[PINION_CLUSTER_NAME_MAX + 1], name[256];
    char base[PINION_SUBJECT_BASE_MAX + 1], out[PINION_SUBJECT_MAX];
    memset(prefix, 'p', sizeof prefix - 1);
    memset(cluster, 'c', sizeof cluster - 1);
    memset(name, '.', sizeof name - 1);
    prefix[sizeof prefix - 1] = cluster[sizeof cluster - 1] = name[sizeof name - 1] = '\0';
    pinion__subject_base(base, prefix, cluster);
    assert_int_equal(strlen(base), PINION_SUBJECT_BASE_MAX);
    assert_int_equal(pinion__subject(out, base, PINION_SUBJECT_TOPIC, name), PINION_SUBJECT_MAX - 1);
    assert_int_equal(strlen(out), PINION_SUBJECT_MAX - 1);
}

/* A cluster's name is no topic, and nodes are told of in one place for all. */
static void clusters_are_apart(void **state)
{
    char base[PINION_SUBJECT_BASE_MAX + 1], out[PINION_SUBJECT_MAX];
    pinion__subject_base(base, "p", NULL);
    assert_string_equal(base, "p");
    pinion__subject_base(base, "p", "topic");
    assert_string_equal(base, "p.cluster.topic");
    assert_int_equal(pinion__subject(out, "p", PINION_SUBJECT_NODES, NULL), 7);
    assert_string_equal(out, "p.nodes");
}

static void expect_topic(const char *subject, const char *expected)
{
    char topic[256];
    assert_true(pinion__subject_topic(subject, "p.cluster.c", topic));
    assert_string_equal(topic, expected);
}

static void a_topic_is_read_back(void **state)
{
    static const char *const names[] = { "", "room:Lobby-7_x", "a.b c*>", "%", "\xC3\xBC\r\n\x7F", "topic" };
    char out[PINION_SUBJECT_MAX], longest[256];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)pinion__subject(out, "p.cluster.c", PINION_SUBJECT_TOPIC, names[i]);
        expect_topic(out, names[i]);
    }
    memset(longest, '.', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    (void)pinion__subject(out, "p.cluster.c", PINION_SUBJECT_TOPIC, longest);
    expect_topic(out, longest);
}

static void what_is_no_topics_subject_is_none(void **state)
{
    static const char *const subjects[] = { "",
                                            "p.all",
                                            "p.topic.a",
                                            "p.cluster.c.all",
                                            "p.cluster.c.node.a",
                                            "p.cluster.c.topic",
                                            "p.cluster.c.topic.",
                                            "p.cluster.c.topic.%4",
                                            "p.cluster.c.topic.%00",
                                            "p.cluster.cc.topic.a" };
    char long_one[PINION_SUBJECT_MAX + 300], topic[256];
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        assert_false(pinion__subject_topic(subjects[i], "p.cluster.c", topic));
    for (size_t len = 256; len < 900; len += 100) {
        memset(stpcpy(long_one, "p.cluster.c.topic."), 'a', len);
        long_one[strlen("p.cluster.c.topic.") + len] = '\0';
        assert_false(pinion__subject_topic(long_one, "p.cluster.c", topic));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_plain_stays),  cmocka_unit_test(what_means_something_to_a_broker_is_encoded),
        cmocka_unit_test(the_longest_fits),     cmocka_unit_test(clusters_are_apart),
        cmocka_unit_test(a_topic_is_read_back), cmocka_unit_test(what_is_no_topics_subject_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
