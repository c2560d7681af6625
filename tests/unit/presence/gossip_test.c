/* Presences of several nodes, in step whatever happens between them. Each node is an endpoint with loops of
 * its own; nothing here waits for time to pass, but for diffs to come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>

#include "engine/hub.h"
#include "helpers/presence_endpoints.h"

/* Quick to tell, and never down by themselves; or quick to be down. */
static const pinion_presence_options patient = { .heartbeat_ms = 10, .down_ms = 600000 };
static const pinion_presence_options quick = { .heartbeat_ms = 10, .down_ms = 200, .remove_ms = 600000 };
static const pinion_presence_options forgetful = { .heartbeat_ms = 10, .down_ms = 200, .remove_ms = 210 };

static struct member a, b, c;

static int begin(void **state)
{
    pinion_log_set_level(PINION_LOG_NONE);
    return pinion_cluster_new(&cluster, &(pinion_cluster_options){ .seed = 7 });
}

static int finish(void **state)
{
    end_member(&a);
    end_member(&b);
    end_member(&c);
    pinion_cluster_free(cluster);
    return 0;
}

static void begin_two(pinion_presence_options options)
{
    begin_member(&a, "a", options);
    begin_member(&b, "b", options);
}

static void cut(const char *one, const char *other, bool is_cut)
{
    must(pinion_cluster_cut(cluster, one, other, is_cut));
}

/* ---- in step ---- */

static void what_one_tracks_the_other_shows(void **state)
{
    begin_two(patient);
    track(&a, "ann", 1);
    track(&b, "bob", 1);
    wait_for(&a, "ann=1 bob=1 ");
    wait_for(&b, "ann=1 bob=1 ");
    update(&a, "ann", 2);
    wait_for(&b, "ann=2 bob=1 ");
    untrack(&a, "ann");
    wait_for(&b, "bob=1 ");
    wait_for(&a, "bob=1 ");
    assert_int_equal(pinion_presence_count(b.presence, TOPIC), 1);
    wait_until(&b, b.joins == 3 && b.leaves == 2); /* an update is one of each */
}

static void a_key_is_the_same_on_all_nodes(void **state)
{
    begin_two(patient);
    track(&a, "ann", 1);
    wait_for(&b, "ann=1 ");
    track(&b, "ann", 2);
    wait_for(&a, "ann=2 ");
    wait_until(&a, pinion_presence_count(a.presence, TOPIC) == 2);
    pinion_payload *here = pinion_presence_get_by_key(a.presence, TOPIC, "ann");
    pinion_payload *there = pinion_presence_get_by_key(b.presence, TOPIC, "ann");
    assert_true(json_equal(pinion_payload_tree(here), pinion_payload_tree(there))); /* refs too */
    pinion_payload_unref(here);
    pinion_payload_unref(there);
}

static void who_comes_later_gets_all(void **state)
{
    begin_two(patient);
    for (int i = 0; i < 3000; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        track(i % 2 ? &a : &b, key, i);
    }
    wait_until(&a, pinion_presence_count(a.presence, TOPIC) == 3000);
    begin_member(&c, "c", patient);
    wait_until(&c, pinion_presence_count(c.presence, TOPIC) == 3000);
    track(&c, "cleo", 1);
    wait_until(&b, pinion_presence_count(b.presence, TOPIC) == 3001);
}

/* More than the removals that are remembered: it is told of the whole state. */
static void who_missed_much_gets_all(void **state)
{
    begin_two(patient);
    track(&a, "ann", 0);
    wait_for(&b, "ann=0 ");
    cut("a", "b", true);
    for (int i = 1; i <= 20000; i++)
        update(&a, "ann", i);
    track(&a, "last", 1);
    cut("a", "b", false);
    wait_for(&b, "ann=20000 last=1 ");
}

static void losses_are_made_good(void **state)
{
    begin_member(&c, "c", patient);
    begin_two(patient);
    pinion_cluster_lose(cluster, 0.5);
    for (int i = 0; i < 50; i++) {
        char key[16];
        snprintf(key, sizeof key, "%02d", i);
        track(&a, key, i);
        track(&b, key, i);
        if (i % 3 == 0)
            untrack(&a, key);
    }
    track(&a, "z", 1);
    wait_until(&b, pinion_presence_count(b.presence, TOPIC) == 84);
    wait_until(&a, pinion_presence_count(a.presence, TOPIC) == 84);
    wait_until(&c, pinion_presence_count(c.presence, TOPIC) == 84);
}

/* ---- nodes that go and come ---- */

static void a_partition_is_seen_and_healed(void **state)
{
    begin_two(quick);
    begin_member(&c, "c", quick);
    track(&a, "ann", 1);
    track(&b, "bob", 1);
    track(&c, "cleo", 1);
    wait_for(&a, "ann=1 bob=1 cleo=1 ");
    wait_for(&b, "ann=1 bob=1 cleo=1 ");
    cut("a", "b", true);
    wait_for(&a, "ann=1 cleo=1 ");
    wait_for(&b, "bob=1 cleo=1 ");
    wait_for(&c, "ann=1 bob=1 cleo=1 ");
    update(&a, "ann", 2);
    untrack(&b, "bob");
    track(&b, "ben", 3);
    wait_for(&c, "ann=2 ben=3 cleo=1 ");
    cut("a", "b", false);
    wait_for(&a, "ann=2 ben=3 cleo=1 ");
    wait_for(&b, "ann=2 ben=3 cleo=1 ");
}

/* What came back has the ref it had, and is told as a join. */
static void what_comes_back_is_what_left(void **state)
{
    begin_two(quick);
    track(&a, "ann", 1);
    wait_for(&b, "ann=1 ");
    pinion_payload *before = pinion_presence_list(b.presence, TOPIC);
    cut("a", "b", true);
    wait_for(&b, "");
    cut("a", "b", false);
    wait_for(&b, "ann=1 ");
    pinion_payload *after = pinion_presence_list(b.presence, TOPIC);
    assert_true(json_equal(pinion_payload_tree(before), pinion_payload_tree(after)));
    wait_until(&b, b.joins >= 2 && b.leaves >= 1);
    pinion_payload_unref(before);
    pinion_payload_unref(after);
}

static void count_is(struct member *member, size_t expected)
{
    while (pinion_presence_count(member->presence, TOPIC) != expected)
        sched_yield();
}

static size_t metas_told(struct member *member)
{
    pthread_mutex_lock(&member->lock);
    size_t count = member->joins + member->leaves;
    pthread_mutex_unlock(&member->lock);
    return count;
}

/* Clients are told neither, as they have not seen it away. */
static void who_is_back_before_it_is_told_was_never_away(void **state)
{
    pinion_presence_options slow = quick;
    slow.diff_interval_ms = 600000;
    begin_two(slow);
    track(&a, "ann", 1);
    wait_for(&b, "ann=1 ");
    for (int round = 0; round < 3; round++) {
        cut("a", "b", true);
        count_is(&b, 0);
        cut("a", "b", false);
        count_is(&b, 1);
    }
    assert_int_equal(metas_told(&b), 1);
}

/* Its join and its leave come in messages of their own, while b's clients are not told anything. */
static void what_another_node_takes_back_is_not_told(void **state)
{
    pinion_presence_options slow = patient;
    slow.diff_interval_ms = 600000;
    begin_two(slow);
    track(&a, "ann", 1);
    wait_for(&b, "ann=1 ");
    for (int round = 0; round < 3; round++) {
        track(&a, "bob", round);
        count_is(&b, 2);
        untrack(&a, "bob");
        count_is(&b, 1);
    }
    assert_int_equal(metas_told(&b), 1);
}

static size_t diffs_of(struct member *member)
{
    pthread_mutex_lock(&member->lock);
    size_t diffs = member->diffs;
    pthread_mutex_unlock(&member->lock);
    return diffs;
}

/* A node goes down and comes up while a topic's changes wait for their interval, which the return cuts short.
 * The interval then runs anew, and what follows is told when it is over; other timers of the loop go on. */
static void down_and_up_while_an_interval_runs(void **state)
{
    pinion_presence_options slow = quick;
    slow.diff_interval_ms = 300;
    begin_two(slow);
    track(&a, "ann", 1);
    track(&b, "bob", 0);
    wait_for(&b, "ann=1 bob=0 ");
    for (int round = 1; round <= 3; round++) {
        cut("a", "b", true);
        update(&b, "bob", round); /* an interval begins */
        while (strstr(shown(&b), "ann"))
            update(&b, "bob", round); /* changes wait on it all the time */
        cut("a", "b", false);
        while (!strstr(shown(&b), "ann"))
            update(&b, "bob", round);
        size_t diffs = diffs_of(&b);
        update(&b, "bob", 100 + round);
        wait_until(&b, b.diffs > diffs);
    }
    track(&a, "last", 1); /* a tells it, b's loop hears it, and b's clients are told */
    wait_for(&b, "ann=1 bob=103 last=1 ");
}

/* As in a rolling deploy: it says goodbye, and comes back in another life, again and again. */
static void a_node_that_restarts_again_and_again(void **state)
{
    pinion_presence_options slow = patient;
    slow.diff_interval_ms = 50;
    begin_two(slow);
    track(&b, "bob", 0);
    for (int round = 1; round <= 6; round++) {
        track(&a, "ann", round);
        while (!strstr(shown(&b), "ann="))
            update(&b, "bob", round);
        end_member(&a);
        while (strstr(shown(&b), "ann="))
            update(&b, "bob", round);
        begin_member(&a, "a", slow);
        size_t diffs = diffs_of(&b);
        update(&b, "bob", 100 + round);
        wait_until(&b, b.diffs > diffs);
    }
    wait_for(&a, "bob=106 ");
}

/* What is forgotten is asked for anew. */
static void a_forgotten_node_may_come_back(void **state)
{
    begin_two(forgetful);
    track(&a, "ann", 1);
    track(&a, "zoe", 1);
    wait_for(&b, "ann=1 zoe=1 ");
    cut("a", "b", true);
    wait_for(&b, "");
    untrack(&a, "zoe");
    cut("a", "b", false);
    wait_for(&b, "ann=1 ");
}

/* down_ms is far away: it is the goodbye that does it. */
static void who_stops_has_left_at_once(void **state)
{
    begin_two(patient);
    track(&a, "ann", 1);
    track(&b, "bob", 1);
    wait_for(&b, "ann=1 bob=1 ");
    end_member(&a);
    wait_for(&b, "bob=1 ");
    begin_member(&a, "a", patient);
    wait_for(&a, "bob=1 ");
    track(&a, "anna", 2);
    wait_for(&b, "anna=2 bob=1 ");
}

/* A node that dies is cut off, so that its goodbye does not arrive. */
static void who_dies_leaves_after_a_while(void **state)
{
    begin_two(quick);
    track(&a, "ann", 1);
    track(&b, "bob", 1);
    wait_for(&b, "ann=1 bob=1 ");
    cut("a", NULL, true);
    end_member(&a);
    wait_for(&b, "bob=1 ");
}

/* Nothing of the life before comes back, though it was not known to be over. */
static void who_dies_and_returns_at_once(void **state)
{
    begin_two(patient);
    track(&a, "ann", 1);
    track(&b, "bob", 1);
    wait_for(&b, "ann=1 bob=1 ");
    cut("a", NULL, true);
    end_member(&a);
    cut("a", NULL, false);
    begin_member(&a, "a", patient);
    wait_for(&b, "bob=1 ");
    track(&a, "anna", 2);
    wait_for(&b, "anna=2 bob=1 ");
    wait_for(&a, "anna=2 bob=1 ");
}

/* ---- what does not belong ---- */

static void presences_of_other_names_are_apart(void **state)
{
    pinion_presence_options other = patient;
    other.name = "other";
    begin_member(&a, "a", patient);
    begin_member(&b, "b", other);
    begin_member(&c, "c", patient);
    track(&b, "bob", 1);
    track(&a, "ann", 1);
    wait_for(&c, "ann=1 ");
    assert_string_equal(shown(&b), "bob=1 ");
    track(&c, "cleo", 1);
    wait_for(&a, "ann=1 cleo=1 ");
}

static void numbers_of_shards_do_not_mix(void **state)
{
    pinion_presence_options other = patient;
    other.shards = 3;
    begin_member(&a, "a", patient);
    begin_member(&b, "b", other);
    begin_member(&c, "c", patient);
    track(&b, "bob", 1);
    track(&a, "ann", 1);
    wait_for(&c, "ann=1 ");
    track(&c, "cleo", 1);
    wait_for(&a, "ann=1 cleo=1 ");
}

static void send_raw(const char *bytes, size_t len)
{
    must(pinion__pubsub_send(&pinion__hub_of(a.endpoint)->pubsub, PINION_ENVELOPE_PRESENCE, NULL,
                             pinion__slice(bytes, len)));
}

static void what_cannot_be_read_harms_nothing(void **state)
{
    begin_two(patient);
    track(&a, "ann", 1);
    wait_for(&b, "ann=1 ");
    for (unsigned shard = 0; shard < 8; shard++) {
        char body[][64] = { "\x01\x08presence\0\x08", "\x01\x08presence\0\x08garbage",
                            "\x01\x08presence\0\x08\x01\x01\x01z\x01\0\0\0\0", /* about another node */
                            "\x02\x08presence\0\x08", "\x02\x08presence\0\x08\x05" };
        static const size_t lengths[] = { 12, 19, 21, 12, 13 };
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            body[i][10] = (char)shard;
            send_raw(body[i], lengths[i]);
        }
        send_raw("", 0);
    }
    track(&a, "anna", 2);
    wait_for(&b, "ann=1 anna=2 ");
}

/* ---- under load ---- */

static void *come_and_go(void *data)
{
    struct member *member = data;
    for (int i = 0; i < 2000; i++) {
        char key[32];
        snprintf(key, sizeof key, "%p-%d", data, i / 2 % 50);
        if (i % 2)
            untrack(member, key);
        else
            track(member, key, i);
    }
    return NULL;
}

static void many_threads_at_once(void **state)
{
    pthread_t threads[2];
    begin_two(patient);
    pthread_create(&threads[0], NULL, come_and_go, &a);
    pthread_create(&threads[1], NULL, come_and_go, &b);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    track(&a, "over", 1);
    wait_until(&b, strstr(shown(&b), "over=1"));
    wait_until(&a, pinion_presence_count(a.presence, TOPIC) == pinion_presence_count(b.presence, TOPIC));
}

#define with_cluster(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_cluster(what_one_tracks_the_other_shows),
        with_cluster(a_key_is_the_same_on_all_nodes),
        with_cluster(who_comes_later_gets_all),
        with_cluster(who_missed_much_gets_all),
        with_cluster(losses_are_made_good),
        with_cluster(a_partition_is_seen_and_healed),
        with_cluster(what_comes_back_is_what_left),
        with_cluster(what_another_node_takes_back_is_not_told),
        with_cluster(who_is_back_before_it_is_told_was_never_away),
        with_cluster(down_and_up_while_an_interval_runs),
        with_cluster(a_node_that_restarts_again_and_again),
        with_cluster(a_forgotten_node_may_come_back),
        with_cluster(who_stops_has_left_at_once),
        with_cluster(who_dies_leaves_after_a_while),
        with_cluster(who_dies_and_returns_at_once),
        with_cluster(presences_of_other_names_are_apart),
        with_cluster(numbers_of_shards_do_not_mix),
        with_cluster(what_cannot_be_read_harms_nothing),
        with_cluster(many_threads_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
