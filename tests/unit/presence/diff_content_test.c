/* What a client's state has shown is not told to it again: clients here do not look at refs, but count. */
#include "helpers/engine.h"

#define TOPIC "room:1"

static pinion_presence *presence;
static pinion_presence *other; /* a second one, on the same topics */
static int status;

static const char *word(const pinion_payload *payload, const char *name)
{
    return json_string_value(pinion_payload_get(payload, name));
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (word(params, "early"))
        status = pinion_presence_push_state(presence, channel);
    return pinion_ok(NULL);
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    if (word(params, "key"))
        ok(pinion_presence_track(presence, channel, word(params, "key"), NULL));
    if (!word(params, "late"))
        ok(pinion_presence_push_state(presence, channel));
    return pinion_noreply();
}

static pinion_result push_state(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    status = pinion_presence_push_state(word(payload, "other") ? other : presence, channel);
    return pinion_ok(NULL);
}

static pinion_result update(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_presence_update(presence, channel, word(payload, "key"), NULL));
    return pinion_ok(NULL);
}

static pinion_result pass_on(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_push(channel, event, pinion_payload_ref((pinion_payload *)payload)));
    return pinion_noreply();
}

static const pinion_channel_def room_channel = {
    .join = join,
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "push_state", push_state }, { "update", update }),
};

static const pinion_channel_def intercepting_channel = {
    .join = join,
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "push_state", push_state }, { "update", update }),
    .handle_out = PINION_CLAUSES({ "presence_diff", pass_on }),
};

static const pinion_socket_def plain_socket = { .channels = PINION_ROUTES({ "room:*", &room_channel }) };
static const pinion_socket_def intercepting_socket = { .channels = PINION_ROUTES(
                                                           { "room:*", &intercepting_channel }) };
static const pinion_socket_def *user_socket;

static void use(const pinion_presence_options *options)
{
    ok(pinion_presence_new(&presence, pinion_test_endpoint(test), options));
}

static int begin(void **state)
{
    user_socket = &plain_socket;
    return setup(state);
}

static int begin_intercepting(void **state)
{
    user_socket = &intercepting_socket;
    return setup(state);
}

/* ---- a client that counts: a state sets, a diff adds and takes away ---- */

struct counter {
    pinion_test_client *client;
    json_t *counts; /* {key: metas} */
    size_t diffs;
    size_t bytes; /* of states and diffs */
};

static void add(json_t *counts, const json_t *list, int sign)
{
    const char *key;
    json_t *one;
    json_object_foreach((json_t *)list, key, one)
    {
        json_int_t metas = (json_int_t)json_array_size(json_object_get(one, "metas"));
        json_int_t had = json_integer_value(json_object_get(counts, key));
        assert_true(metas > 0);
        json_object_set_new(counts, key, json_integer(had + sign * metas));
    }
}

/* A pair of a client's frames: its event and its payload. */
static void take_message(struct counter *counter, const char *bytes, size_t len)
{
    json_t *message = json_loadb(bytes, len, 0, NULL);
    const char *event = json_string_value(json_array_get(message, 3));
    const json_t *payload = json_array_get(message, 4);
    assert_non_null(event);
    if (strcmp(event, "presence_state") == 0) {
        json_object_clear(counter->counts);
        add(counter->counts, payload, 1);
        counter->bytes += len;
    } else if (strcmp(event, "presence_diff") == 0) {
        add(counter->counts, json_object_get(payload, "joins"), 1);
        add(counter->counts, json_object_get(payload, "leaves"), -1);
        counter->diffs++;
        counter->bytes += len;
    }
    json_decref(message);
}

static void take_all(struct counter *counter)
{
    while (pinion_test_frames(counter->client) > 0) {
        bool binary;
        const char *bytes;
        size_t len;
        ok(pinion_test_next_frame(counter->client, &binary, &bytes, &len));
        take_message(counter, bytes, len);
    }
}

/* Everybody once, and nobody who is gone. */
static void check_counts(struct counter *counter, size_t here)
{
    const char *key;
    json_t *count;
    size_t seen = 0;
    take_all(counter);
    json_object_foreach(counter->counts, key, count)
    {
        assert_in_range(json_integer_value(count), 0, 1);
        seen += json_integer_value(count) == 1;
    }
    assert_int_equal(seen, here);
}

static struct counter joined_with(pinion_payload *params)
{
    struct counter counter = { .client = connected(user_socket), .counts = json_object() };
    ok(pinion_test_join(counter.client, TOPIC, params));
    return counter;
}

static struct counter joined(const char *key)
{
    return joined_with(pinion_json("{s:s?}", "key", key));
}

static void done(struct counter *counter)
{
    json_decref(counter->counts);
}

static void tick(void)
{
    pinion_test_advance(test, 1500);
}

/* ---- tests ---- */

static void the_own_join_is_in_the_state_alone(void **state)
{
    use(&(pinion_presence_options){ .diff_at_once = true });
    struct counter ann = joined("ann"), bob = joined("bob");
    check_counts(&ann, 2);
    check_counts(&bob, 2);
    assert_int_equal(ann.diffs, 1);
    assert_int_equal(bob.diffs, 0);
    done(&ann);
    done(&bob);
}

static void what_waits_for_others_is_not_told_to_whom_it_was_shown(void **state)
{
    use(NULL);
    struct counter ann = joined("ann"), bob = joined("bob"), cleo = joined("cleo"), watcher = joined(NULL);
    tick();
    check_counts(&ann, 3);
    check_counts(&bob, 3);
    check_counts(&cleo, 3);
    check_counts(&watcher, 3);
    assert_int_equal(ann.diffs, 1);
    assert_int_equal(bob.diffs, 1);
    assert_int_equal(cleo.diffs, 0);
    assert_int_equal(watcher.diffs, 0);
    pinion_test_disconnect(bob.client);
    tick();
    check_counts(&ann, 2);
    check_counts(&cleo, 2);
    check_counts(&watcher, 2);
    done(&ann);
    done(&bob);
    done(&cleo);
    done(&watcher);
}

/* What joined and left was shown to one of them. */
static void who_was_shown_a_join_is_told_the_leave_alone(void **state)
{
    use(NULL);
    struct counter ann = joined("ann");
    tick();
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "robot", NULL));
    struct counter bob = joined("bob");
    pinion_presence_untrack_on(presence, NULL, TOPIC, "robot");
    tick();
    check_counts(&ann, 2);
    check_counts(&bob, 2);
    assert_int_equal(bob.diffs, 1);
    done(&ann);
    done(&bob);
}

static void updates_after_a_state_are_told(void **state)
{
    use(NULL);
    struct counter ann = joined("ann"), bob = joined("bob");
    for (int i = 0; i < 3; i++) {
        ok(pinion_test_expect_reply(
            ann.client, pinion_test_push(ann.client, TOPIC, "update", pinion_json("{s:s}", "key", "ann")),
            "ok", NULL));
        struct counter more = joined(NULL);
        tick();
        check_counts(&more, 2);
        assert_int_equal(more.diffs, 0);
        done(&more);
    }
    check_counts(&ann, 2);
    check_counts(&bob, 2);
    done(&ann);
    done(&bob);
}

static void a_second_state_counts_from_its_own_moment(void **state)
{
    use(NULL);
    struct counter ann = joined("ann"), bob = joined("bob");
    ok(pinion_test_push(ann.client, TOPIC, "push_state", NULL));
    struct counter cleo = joined("cleo");
    tick();
    check_counts(&ann, 3);
    check_counts(&bob, 3);
    check_counts(&cleo, 3);
    done(&ann);
    done(&bob);
    done(&cleo);
}

/* Until then it is told everything, as one that is pushed no state is. */
static void a_state_may_come_late_or_never(void **state)
{
    use(NULL);
    struct counter early = joined_with(pinion_json("{s:s, s:s}", "early", "yes", "late", "yes"));
    assert_int_equal(status, PINION_ENOTJOINED);
    struct counter ann = joined_with(pinion_json("{s:s, s:s}", "key", "ann", "late", "yes"));
    check_counts(&ann, 1);
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "robot", NULL));
    ok(pinion_test_push(ann.client, TOPIC, "push_state", NULL));
    tick();
    check_counts(&ann, 2);
    check_counts(&early, 2);
    done(&ann);
    done(&early);
}

/* The versions of two presences have nothing to do with each other. */
static void the_state_of_one_presence_hides_nothing_of_another(void **state)
{
    use(&(pinion_presence_options){ .shards = 1 });
    ok(pinion_presence_new(&other, pinion_test_endpoint(test),
                           &(pinion_presence_options){ .name = "other", .shards = 1 }));
    for (int i = 0; i < 10; i++) {
        ok(pinion_presence_track_on(other, NULL, "room:2", "robot", NULL));
        pinion_presence_untrack_on(other, NULL, "room:2", "robot");
    }
    struct counter ann = joined("ann");
    ok(pinion_test_push(ann.client, TOPIC, "push_state", pinion_json("{s:s}", "other", "yes")));
    pinion_test_advance(test, 10000);
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "bob", NULL));
    pinion_test_advance(test, 1);
    ok(pinion_test_expect_push(ann.client, TOPIC, "presence_diff", "{\"joins\":{\"bob\":{}},\"leaves\":{}}"));
    done(&ann);
}

/* ---- fetch ---- */

static bool without_refs;

static pinion_payload *add_names(const char *topic, pinion_payload *presences, void *data)
{
    json_t *all = json_deep_copy(pinion_payload_tree(presences)), *one, *meta;
    const char *key;
    size_t i;
    json_object_foreach(all, key, one)
    {
        json_object_set_new(one, "name", json_sprintf("Dr. %s", key));
        json_array_foreach(json_object_get(one, "metas"), i, meta)
        {
            if (without_refs)
                json_object_del(meta, "phx_ref");
        }
    }
    pinion_payload_unref(presences);
    return pinion_payload_json(all);
}

static void what_fetch_has_made_is_left_out_by_its_refs(void **state)
{
    without_refs = false;
    use(&(pinion_presence_options){ .fetch = add_names });
    struct counter ann = joined("ann"), phone = joined("bob");
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "bob", NULL)); /* another meta of bob's */
    tick();
    ok(pinion_test_expect_push(phone.client, TOPIC, "presence_diff",
                               "{\"joins\":{\"bob\":{\"name\":\"Dr. bob\"}},\"leaves\":{}}"));
    json_t *joins = json_object_get(pinion_test_value(test), "joins");
    assert_int_equal(json_object_size(joins), 1);
    assert_int_equal(json_array_size(json_object_get(json_object_get(joins, "bob"), "metas")), 1);
    ok(pinion_test_expect_push(ann.client, TOPIC, "presence_diff", "{\"joins\":{\"bob\":{}}}"));
    joins = json_object_get(pinion_test_value(test), "joins");
    assert_int_equal(json_array_size(json_object_get(json_object_get(joins, "bob"), "metas")), 2);
    done(&ann);
    done(&phone);
}

static void metas_without_refs_are_told_rather_twice(void **state)
{
    without_refs = true;
    use(&(pinion_presence_options){ .fetch = add_names });
    struct counter ann = joined("ann"), bob = joined("bob");
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "robot", NULL));
    tick();
    ok(pinion_test_expect_push(bob.client, TOPIC, "presence_diff", "{\"joins\":{\"robot\":{}}}"));
    done(&ann);
    done(&bob);
}

/* ---- a crowd ---- */

struct crowd {
    size_t bytes; /* that a member was sent, on average */
    size_t most;  /* that one was sent */
    size_t diffs; /* the most that one was sent */
};

/* All join within one interval, each of them with its state. */
static struct crowd crowd_of(unsigned count)
{
    struct crowd crowd = { 0 };
    struct counter *members = calloc(count, sizeof *members);
    for (unsigned i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "%04u", i);
        members[i] = joined(key);
    }
    tick();
    for (unsigned i = 0; i < count; i++) {
        check_counts(&members[i], count);
        crowd.bytes += members[i].bytes;
        if (members[i].bytes > crowd.most)
            crowd.most = members[i].bytes;
        if (members[i].diffs > crowd.diffs)
            crowd.diffs = members[i].diffs;
        pinion_test_disconnect(members[i].client);
        done(&members[i]);
    }
    free(members);
    crowd.bytes /= count;
    tick();
    assert_int_equal(pinion_presence_count(presence, TOPIC), 0);
    return crowd;
}

/* Each is sent everybody once, in its state or in a diff: in proportion to the crowd. */
static void a_crowd_that_joins_is_told_in_proportion(void **state)
{
    use(NULL);
    struct crowd half = crowd_of(300), whole = crowd_of(600);
    print_message("a member of 300 joiners is sent %zu bytes (%zu at most) in %zu diffs at most, of 600: %zu "
                  "(%zu) in %zu\n",
                  half.bytes, half.most, half.diffs, whole.bytes, whole.most, whole.diffs);
    assert_in_range(whole.bytes, 2 * half.bytes - half.bytes / 10, 2 * half.bytes + half.bytes / 10);
    assert_in_range(whole.most, whole.bytes, whole.bytes + 1000);
    assert_in_range(whole.diffs, 1, 6);
}

#define plain(test)        cmocka_unit_test_setup_teardown(test, begin, teardown)
#define intercepting(test) cmocka_unit_test_setup_teardown(test, begin_intercepting, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        plain(the_own_join_is_in_the_state_alone),
        plain(what_waits_for_others_is_not_told_to_whom_it_was_shown),
        plain(who_was_shown_a_join_is_told_the_leave_alone),
        plain(updates_after_a_state_are_told),
        plain(a_second_state_counts_from_its_own_moment),
        plain(a_state_may_come_late_or_never),
        plain(the_state_of_one_presence_hides_nothing_of_another),
        plain(what_fetch_has_made_is_left_out_by_its_refs),
        plain(metas_without_refs_are_told_rather_twice),
        plain(a_crowd_that_joins_is_told_in_proportion),
        intercepting(the_own_join_is_in_the_state_alone),
        intercepting(what_waits_for_others_is_not_told_to_whom_it_was_shown),
        intercepting(who_was_shown_a_join_is_told_the_leave_alone),
        intercepting(updates_after_a_state_are_told),
        intercepting(what_fetch_has_made_is_left_out_by_its_refs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
