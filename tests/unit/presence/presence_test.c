/* The API, over the in-process transport: what channels track, what lists show, what clients are told. */
#include "helpers/capture.h"
#include "helpers/engine.h"

#define TOPIC "room:1"

static pinion_presence *presence;
static pinion_presence *in_use; /* what the channel's callbacks use */
static int status;              /* what the last act came to */

/* ---- a channel that is told what to do ---- */

static const char *word(const pinion_payload *payload, const char *name)
{
    return json_string_value(pinion_payload_get(payload, name));
}

/* {} is no meta of its own, but what NULL means. */
static pinion_payload *meta_of(const pinion_payload *payload)
{
    json_t *meta = pinion_payload_get(payload, "meta");
    return meta ? pinion_payload_json(json_incref(meta)) : NULL;
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (word(params, "join"))
        ok(pinion_presence_track(in_use, channel, word(params, "join"), NULL));
    return word(params, "refuse") ? pinion_error(NULL) : pinion_ok(NULL);
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    if (word(params, "key"))
        ok(pinion_presence_track(in_use, channel, word(params, "key"), meta_of(params)));
    pinion_push(channel, "presence_state", pinion_presence_list(in_use, pinion_channel_topic(channel)));
    return pinion_noreply();
}

static pinion_result track(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    status = pinion_presence_track(in_use, channel, word(payload, "key"), meta_of(payload));
    return pinion_ok(pinion_presence_list(in_use, pinion_channel_topic(channel)));
}

static pinion_result update(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    status = pinion_presence_update(in_use, channel, word(payload, "key"), meta_of(payload));
    return pinion_ok(pinion_presence_list(in_use, pinion_channel_topic(channel)));
}

static pinion_result untrack(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_presence_untrack(in_use, channel, word(payload, "key"));
    return pinion_ok(pinion_presence_list(in_use, pinion_channel_topic(channel)));
}

static pinion_result untrack_all(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pinion_presence_untrack_all(in_use, channel);
    return pinion_ok(pinion_presence_list(in_use, pinion_channel_topic(channel)));
}

static pinion_result track_on(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    status = pinion_presence_track_on(in_use, channel, word(payload, "topic"), word(payload, "key"), NULL);
    return pinion_ok(NULL);
}

static pinion_result boom(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_crash();
}

/* While it ends it is still on the list, and cannot be tracked anew. */
static size_t count_in_terminate;
static void terminate(pinion_channel *channel, pinion_reason reason)
{
    count_in_terminate = pinion_presence_count(in_use, TOPIC);
    status = pinion_presence_track(in_use, channel, "late", NULL);
}

static const pinion_channel_def room_channel = {
    .join = join,
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "track", track }, { "update", update }, { "untrack", untrack },
                                { "track_on", track_on }, { "untrack_all", untrack_all }, { "boom", boom }),
    .terminate = terminate,
};

static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "room:*", &room_channel }) };

static void use(const pinion_presence_options *options)
{
    ok(pinion_presence_new(&presence, pinion_test_endpoint(test), options));
    in_use = presence;
}

static int setup_at_once(void **state)
{
    int rc = setup(state);
    use(&(pinion_presence_options){ .diff_at_once = true });
    return rc;
}

static pinion_test_client *joined(const char *key)
{
    pinion_test_client *client = connected(&user_socket);
    ok(pinion_test_join(client, TOPIC, pinion_json("{s:s}", "key", key)));
    return client;
}

static void request(pinion_test_client *client, const char *event, pinion_payload *payload)
{
    ok(pinion_test_expect_reply(client, pinion_test_push(client, TOPIC, event, payload), "ok", NULL));
}

/* What was met last, as text. */
static void check_met(const char *expected)
{
    json_t *value = json_loads(expected, 0, NULL);
    assert_non_null(value);
    if (!json_equal(value, pinion_test_value(test))) {
        char *actual = json_dumps(pinion_test_value(test), JSON_COMPACT | JSON_ENCODE_ANY);
        fail_msg("expected %s, got %s", expected, actual);
    }
    json_decref(value);
}

/* The phx_ref of the first meta under a key of this member of what was met last (NULL: of itself). */
static const char *ref_in(const char *member, const char *key)
{
    static char ref[4][64];
    static int turn;
    json_t *lists = pinion_test_value(test);
    json_t *list = member ? json_object_get(lists, member) : lists;
    const json_t *meta = json_array_get(json_object_get(json_object_get(list, key), "metas"), 0);
    const char *found = json_string_value(json_object_get(meta, "phx_ref"));
    assert_non_null(found);
    turn = (turn + 1) % 4;
    return strcpy(ref[turn], found);
}

static json_t *metas_in(const char *member, const char *key)
{
    json_t *list = json_object_get(pinion_test_value(test), member);
    return json_object_get(json_object_get(list, key), "metas");
}

static void expect_diff(pinion_test_client *client, const char *pattern)
{
    ok(pinion_test_expect_push(client, TOPIC, "presence_diff", pattern));
}

static void expect_no_diff(pinion_test_client *client)
{
    ok(pinion_test_refute_push(client, TOPIC, "presence_diff"));
}

/* ---- tests ---- */

static void a_join_is_told_after_the_state(void **state)
{
    pinion_test_client *ann = joined("ann");
    bool binary;
    const char *bytes;
    size_t len;
    ok(pinion_test_next_frame(ann, &binary, &bytes, &len));
    assert_non_null(memmem(bytes, len, "\"presence_state\",{\"ann\":{\"metas\":[{\"phx_ref\":\"", 46));
    ok(pinion_test_next_frame(ann, &binary, &bytes, &len));
    assert_non_null(memmem(bytes, len, "[null,null,\"room:1\",\"presence_diff\",{\"joins\":{\"ann\":", 52));
    pinion_test_client *bob = joined("bob");
    ok(pinion_test_expect_push(bob, TOPIC, "presence_state", "{\"ann\":{},\"bob\":{}}"));
    expect_diff(ann, "{\"joins\":{\"bob\":{}},\"leaves\":{}}");
    expect_no_frame(ann);
}

static void an_update_is_a_leave_and_a_join(void **state)
{
    pinion_test_client *ann = joined("ann");
    expect_diff(ann, "{\"joins\":{\"ann\":{}}}");
    const char *first = ref_in("joins", "ann");
    request(ann, "update",
            pinion_json("{s:s, s:{s:s, s:s}}", "key", "ann", "meta", "at", "desk", "phx_ref", "mine"));
    assert_int_equal(status, 0);
    const char *second = ref_in(NULL, "ann");
    assert_string_not_equal(first, second);
    expect_diff(ann, NULL);
    char expected[500];
    snprintf(
        expected, sizeof expected,
        "{\"joins\":{\"ann\":{\"metas\":[{\"at\":\"desk\",\"phx_ref\":\"%s\",\"phx_ref_prev\":\"%s\"}]}},"
        "\"leaves\":{\"ann\":{\"metas\":[{\"phx_ref\":\"%s\"}]}}}",
        second, first, first);
    check_met(expected);
    assert_int_equal(pinion_presence_count(presence, TOPIC), 1);
}

static void every_way_to_end_untracks(void **state)
{
    pinion_test_client *watcher = joined("watcher");
    pinion_test_client *ann = joined("ann"), *bob = joined("bob"), *cleo = joined("cleo");
    assert_int_equal(pinion_presence_count(presence, TOPIC), 4);
    ok(pinion_test_leave(ann, TOPIC));
    expect_diff(watcher, "{\"joins\":{},\"leaves\":{\"ann\":{}}}");
    ok(pinion_test_push(bob, TOPIC, "boom", NULL));
    expect_diff(watcher, "{\"joins\":{},\"leaves\":{\"bob\":{}}}");
    assert_int_equal(count_in_terminate, 3);
    assert_int_equal(status, PINION_ECLOSED);
    pinion_test_disconnect(cleo);
    expect_diff(watcher, "{\"joins\":{},\"leaves\":{\"cleo\":{}}}");
    request(watcher, "untrack", pinion_json("{s:s}", "key", "watcher"));
    check_met("{}");
    expect_diff(watcher, "{\"joins\":{},\"leaves\":{\"watcher\":{}}}");
}

static void joining_again_is_one_leave_and_one_join(void **state)
{
    pinion_test_client *watcher = joined("watcher");
    pinion_test_client *ann = joined("ann");
    expect_diff(watcher, "{\"joins\":{\"ann\":{}}}");
    const char *first = ref_in("joins", "ann");
    ok(pinion_test_join(ann, TOPIC, pinion_json("{s:s}", "key", "ann")));
    expect_diff(watcher, "{\"leaves\":{\"ann\":{}}}");
    assert_string_equal(ref_in("leaves", "ann"), first);
    assert_string_not_equal(ref_in("joins", "ann"), first);
    assert_int_equal(pinion_presence_count(presence, TOPIC), 2);
}

static void a_refused_join_leaves_nothing(void **state)
{
    pinion_test_client *watcher = joined("watcher"), *ann = connected(&user_socket);
    expect_diff(watcher, "{\"joins\":{\"watcher\":{}}}");
    assert_int_equal(pinion_test_join(ann, TOPIC, pinion_json("{s:s, s:s}", "join", "ann", "refuse", "yes")),
                     PINION_EACCES);
    assert_int_equal(pinion_presence_count(presence, TOPIC), 1);
    expect_no_diff(watcher);
}

static void several_metas_under_one_key(void **state)
{
    pinion_test_client *phone = joined("ann"), *desk = joined("ann");
    request(phone, "track", pinion_json("{s:s}", "key", "ann"));
    assert_int_equal(status, PINION_EBUSY);
    request(phone, "track", pinion_json("{s:s}", "key", "other"));
    assert_int_equal(status, 0);
    assert_int_equal(pinion_presence_count(presence, TOPIC), 3);
    assert_int_equal(pinion_presence_count_keys(presence, TOPIC), 2);
    pinion_payload *of_ann = pinion_presence_get_by_key(presence, TOPIC, "ann");
    assert_int_equal(json_array_size(pinion_payload_get(of_ann, "metas")), 2);
    pinion_payload_unref(of_ann);
    assert_null(pinion_presence_get_by_key(presence, TOPIC, "nobody"));
    assert_null(pinion_presence_get_by_key(presence, "nowhere", "ann"));
    pinion_test_disconnect(desk);
    assert_int_equal(pinion_presence_count_keys(presence, TOPIC), 2);
    request(phone, "untrack", pinion_json("{}")); /* under any key */
    check_met("{}");
}

static void what_cannot_be_tracked_is_refused(void **state)
{
    char key[300];
    pinion_test_client *ann = joined("ann");
    memset(key, 'k', 256);
    key[256] = '\0';
    request(ann, "track", pinion_json("{s:s}", "key", key));
    assert_int_equal(status, PINION_EINVAL);
    request(ann, "track", pinion_json("{s:s, s:[]}", "key", "list", "meta"));
    assert_int_equal(status, PINION_EINVAL);
    request(ann, "update", pinion_json("{s:s}", "key", "nobody"));
    assert_int_equal(status, PINION_ENOENT);
    assert_int_equal(pinion_presence_track_on(presence, NULL, "", "k", NULL), PINION_EINVAL);
    assert_int_equal(pinion_presence_track_on(presence, NULL, "t", "\xff", NULL), PINION_EINVAL);
    assert_int_equal(pinion_presence_track_on(presence, NULL, "t", "k", pinion_json("nonsense")),
                     PINION_EPAYLOAD);
    assert_int_equal(pinion_presence_count(presence, TOPIC), 1);
    assert_int_equal(pinion_presence_count(presence, "t"), 0);
}

static void assert_no_key(int rc)
{
    assert_int_equal(rc, PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "key"));
}

/* With such a key everybody would be one person. */
static void a_key_that_is_none_is_refused_and_logged(void **state)
{
    struct capture capture = { 0 };
    char text[8192];
    pinion_test_client *ann = joined("ann");
    assert_int_equal(capture_begin(&capture), 0);
    pinion_log_set_level(PINION_LOG_WARNING);
    assert_no_key(pinion_presence_track_on(presence, NULL, "t", NULL, pinion_json("{s:i}", "n", 1)));
    assert_no_key(pinion_presence_track_on(presence, NULL, "t", "", NULL));
    assert_no_key(pinion_presence_update_on(presence, NULL, "t", NULL, NULL));
    request(ann, "track", pinion_json("{s:s}", "key", ""));
    int empty = status;
    request(ann, "update", pinion_json("{s:i}", "key", 7)); /* no string */
    pinion_log_set_level(PINION_LOG_NONE);
    capture_end(&capture, text, sizeof text);
    assert_int_equal(empty, PINION_EINVAL);
    assert_int_equal(status, PINION_EINVAL);
    assert_non_null(strstr(text, "presence: the key for t is NULL"));
    assert_int_equal(pinion_presence_count(presence, TOPIC), 1);
    assert_int_equal(pinion_presence_count(presence, "t"), 0);
}

/* Of the metas under its key, and of the keys. */
static void an_update_keeps_its_place(void **state)
{
    pinion_test_client *phone = joined("ann"), *desk = joined("ann"), *tab = joined("ann");
    for (int i = 0; i < 6; i++) {
        pinion_test_client *const clients[] = { phone, desk, tab };
        static const char *const names[] = { "phone", "desk", "tab" };
        request(clients[i % 3], "update",
                pinion_json("{s:s, s:{s:s, s:i}}", "key", "ann", "meta", "at", names[i % 3], "n", i));
        assert_int_equal(status, 0);
    }
    const json_t *metas = json_object_get(json_object_get(pinion_test_value(test), "ann"), "metas");
    assert_int_equal(json_array_size(metas), 3);
    assert_string_equal(json_string_value(json_object_get(json_array_get(metas, 0), "at")), "phone");
    assert_string_equal(json_string_value(json_object_get(json_array_get(metas, 1), "at")), "desk");
    assert_string_equal(json_string_value(json_object_get(json_array_get(metas, 2), "at")), "tab");
    request(desk, "untrack", pinion_json("{s:s}", "key", "ann"));
    request(tab, "update", pinion_json("{s:s}", "key", "ann"));
    assert_int_equal(pinion_presence_count(presence, TOPIC), 2);
}

static void on_other_topics_and_without_a_channel(void **state)
{
    pinion_test_client *ann = joined("ann");
    ok(pinion_test_subscribe(test, "users"));
    request(ann, "track_on", pinion_json("{s:s, s:s}", "topic", "users", "key", "ann"));
    ok(pinion_test_expect_broadcast(test, "users", "presence_diff", "{\"joins\":{\"ann\":{}}}"));
    ok(pinion_presence_track_on(presence, NULL, "users", "robot", pinion_json("{s:i}", "n", 1)));
    assert_int_equal(pinion_presence_track_on(presence, NULL, "users", "robot", NULL), PINION_EBUSY);
    ok(pinion_test_expect_broadcast(test, "users", "presence_diff", "{\"joins\":{\"robot\":{}}}"));
    ok(pinion_presence_update_on(presence, NULL, "users", "robot", pinion_json("{s:i}", "n", 2)));
    ok(pinion_test_expect_broadcast(test, "users", "presence_diff",
                                    "{\"joins\":{\"robot\":{}},\"leaves\":{\"robot\":{}}}"));
    pinion_test_disconnect(ann);
    ok(pinion_test_expect_broadcast(test, "users", "presence_diff", "{\"leaves\":{\"ann\":{}}}"));
    pinion_presence_untrack_on(presence, NULL, "users", "robot");
    ok(pinion_test_expect_broadcast(test, "users", "presence_diff", "{\"leaves\":{\"robot\":{}}}"));
    assert_int_equal(pinion_presence_count(presence, "users"), 0);
}

static void from_all_topics_at_once(void **state)
{
    static const char *const topics[] = { "users", "a", "b", "c", "d", "e" };
    pinion_test_client *ann = joined("ann"), *bob = joined("bob");
    for (size_t i = 0; i < 6; i++) {
        request(ann, "track_on", pinion_json("{s:s, s:s}", "topic", topics[i], "key", "ann"));
        request(bob, "track_on", pinion_json("{s:s, s:s}", "topic", topics[i], "key", "bob"));
        ok(pinion_presence_track_on(presence, NULL, topics[i], "robot", NULL));
    }
    request(ann, "untrack_all", NULL);
    ok(pinion_test_subscribe(test, "users"));
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pinion_presence_count(presence, topics[i]), 2);
    assert_int_equal(pinion_presence_count(presence, TOPIC), 1);
    expect_diff(bob, "{\"leaves\":{\"ann\":{}}}");
    pinion_presence_untrack_all(presence, NULL);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pinion_presence_count(presence, topics[i]), 1);
    ok(pinion_test_expect_broadcast(test, "users", "presence_diff", "{\"leaves\":{\"robot\":{}}}"));
    request(ann, "track", pinion_json("{s:s}", "key", "ann")); /* it may be tracked again */
    assert_int_equal(pinion_presence_count(presence, TOPIC), 2);
}

/* The first at once, the others together when the interval is over, and so on; then it is quiet again. */
static void changes_that_follow_are_told_together(void **state)
{
    use(NULL);
    pinion_test_client *watcher = joined("watcher");
    expect_diff(watcher, "{\"joins\":{\"watcher\":{}}}");
    pinion_test_client *ann = joined("ann");
    joined("bob");
    pinion_test_disconnect(ann);
    expect_no_diff(watcher);
    pinion_test_advance(test, 1499);
    expect_no_diff(watcher);
    pinion_test_advance(test, 1);
    expect_diff(watcher, "{\"joins\":{\"ann\":{},\"bob\":{}},\"leaves\":{\"ann\":{}}}");
    joined("cleo");
    expect_no_diff(watcher);
    pinion_test_advance(test, 1500);
    expect_diff(watcher, "{\"joins\":{\"cleo\":{}},\"leaves\":{}}");
    pinion_test_advance(test, 1500);
    expect_no_diff(watcher);
    joined("dan");
    expect_diff(watcher, "{\"joins\":{\"dan\":{}},\"leaves\":{}}");
}

/* As above, but nobody is given a list: who has come and gone was not here. */
static void who_comes_and_goes_within_an_interval_is_not_told(void **state)
{
    use(NULL);
    pinion_test_client *watcher = joined("watcher");
    expect_diff(watcher, "{\"joins\":{\"watcher\":{}}}");
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "ann", NULL));
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "bob", NULL));
    pinion_presence_untrack_on(presence, NULL, TOPIC, "ann");
    pinion_test_advance(test, 1500);
    expect_diff(watcher, "{\"joins\":{\"bob\":{}},\"leaves\":{}}");
    assert_null(metas_in("joins", "ann"));
    pinion_presence_untrack_on(presence, NULL, TOPIC, "bob");
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "ann", NULL));
    pinion_payload_unref(
        pinion_presence_get_by_key(presence, TOPIC, "ann")); /* a list of one key counts, too */
    pinion_presence_untrack_on(presence, NULL, TOPIC, "ann");
    pinion_test_advance(test, 1500);
    expect_diff(watcher, "{\"joins\":{\"ann\":{}},\"leaves\":{\"ann\":{},\"bob\":{}}}");
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "ann", NULL));
    pinion_presence_untrack_on(presence, NULL, TOPIC, "ann");
    pinion_test_advance(test, 1500);
    expect_no_diff(watcher);
}

/* One client changes its meta without end. */
static void updates_without_end_are_one_leave_and_one_join(void **state)
{
    use(NULL);
    pinion_test_client *watcher = joined("watcher");
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "ann", pinion_json("{s:i}", "n", 0)));
    pinion_test_advance(test, 1500);
    expect_diff(watcher, "{\"joins\":{\"watcher\":{}}}");
    expect_diff(watcher, "{\"joins\":{\"ann\":{}}}");
    for (int round = 1; round <= 3; round++) {
        const char *known = ref_in("joins", "ann");
        for (int i = 1; i <= 5000; i++)
            ok(pinion_presence_update_on(presence, NULL, TOPIC, "ann", pinion_json("{s:i}", "n", i)));
        pinion_test_advance(test, 1500);
        expect_diff(watcher, "{\"joins\":{\"ann\":{}},\"leaves\":{\"ann\":{}}}");
        assert_int_equal(json_array_size(metas_in("joins", "ann")), 1);
        assert_int_equal(json_array_size(metas_in("leaves", "ann")), 1);
        assert_string_equal(ref_in("leaves", "ann"), known);
        const json_t *meta = json_array_get(metas_in("joins", "ann"), 0);
        assert_string_equal(json_string_value(json_object_get(meta, "phx_ref_prev")), known);
        assert_int_equal(json_integer_value(json_object_get(meta, "n")), 5000);
    }
    expect_no_diff(watcher);
}

/* ---- bounds ---- */

static void expect_no_broadcast(void)
{
    assert_int_not_equal(pinion_test_expect_broadcast(test, TOPIC, "presence_diff", NULL), 0);
}

static pinion_payload *meta_of_bytes(size_t len)
{
    char text[5001];
    assert_true(len >= 8 && len < sizeof text);
    snprintf(text, sizeof text, "{\"a\":\"%0*d\"}", (int)len - 8, 0);
    assert_int_equal(strlen(text), len);
    return pinion_payload_text(text, len);
}

/* Also where the ref of the one before is added. */
static void a_meta_has_a_bound(void **state)
{
    use(NULL);
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "ann", meta_of_bytes(4096)));
    ok(pinion_presence_update_on(presence, NULL, TOPIC, "ann", meta_of_bytes(4096)));
    assert_int_equal(pinion_presence_track_on(presence, NULL, TOPIC, "bob", meta_of_bytes(4097)),
                     PINION_ETOOBIG);
    assert_non_null(strstr(pinion_error_detail(), "max_meta"));
    assert_int_equal(pinion_presence_update_on(presence, NULL, TOPIC, "ann", meta_of_bytes(4097)),
                     PINION_ETOOBIG);
    assert_int_equal(pinion_presence_count(presence, TOPIC), 1);
    use(&(pinion_presence_options){ .name = "small", .max_meta = 20 });
    assert_int_equal(pinion_presence_track_on(presence, NULL, TOPIC, "bob", meta_of_bytes(21)),
                     PINION_ETOOBIG);
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "bob", meta_of_bytes(20)));
}

static void the_metas_of_a_key_have_a_bound(void **state)
{
    use(&(pinion_presence_options){ .max_metas = 2 });
    pinion_test_client *one = joined("ann"), *two = joined("ann"), *three = connected(&user_socket);
    ok(pinion_test_join(three, TOPIC, NULL));
    request(three, "track", pinion_json("{s:s}", "key", "ann"));
    assert_int_equal(status, PINION_ETOOBIG);
    request(two, "track", pinion_json("{s:s}", "key", "ann"));
    assert_int_equal(status, PINION_EBUSY);
    request(two, "update", pinion_json("{s:s}", "key", "ann"));
    assert_int_equal(status, 0);
    request(three, "track", pinion_json("{s:s}", "key", "bob"));
    assert_int_equal(status, 0);
    pinion_test_disconnect(one); /* the first of them, which counted the others */
    request(three, "track", pinion_json("{s:s}", "key", "ann"));
    assert_int_equal(status, 0);
    assert_int_equal(pinion_presence_count(presence, TOPIC), 3);
}

/* In the order in which they came, a part at each turn; the next interval begins after the last. */
static void a_long_diff_goes_in_parts(void **state)
{
    size_t diffs = 0;
    use(&(pinion_presence_options){ .max_diff = 1000 });
    ok(pinion_test_subscribe(test, TOPIC));
    for (int i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof key, "%03d", i);
        ok(pinion_presence_track_on(presence, NULL, TOPIC, key, NULL));
    }
    pinion_test_run(test);
    ok(pinion_test_expect_broadcast(test, TOPIC, "presence_diff", "{\"joins\":{\"000\":{}},\"leaves\":{}}"));
    for (size_t told = json_object_size(json_object_get(pinion_test_value(test), "joins")); told < 100;
         diffs++) {
        char pattern[100];
        snprintf(pattern, sizeof pattern, "{\"joins\":{\"%03zu\":{}},\"leaves\":{}}", told);
        ok(pinion_test_expect_broadcast(test, TOPIC, "presence_diff", pattern));
        size_t count = json_object_size(json_object_get(pinion_test_value(test), "joins"));
        assert_in_range(count, 1, 20);
        told += count;
    }
    assert_in_range(diffs, 4, 20);
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "late", NULL));
    pinion_test_advance(test, 1499);
    expect_no_broadcast();
    pinion_test_advance(test, 1);
    ok(pinion_test_expect_broadcast(test, TOPIC, "presence_diff", "{\"joins\":{\"late\":{}}}"));
}

/* So that what waits is bounded as well. */
static void as_much_as_a_diff_holds_does_not_wait(void **state)
{
    use(&(pinion_presence_options){ .max_diff = 1000 });
    ok(pinion_test_subscribe(test, TOPIC));
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "first", NULL));
    pinion_test_run(test);
    ok(pinion_test_expect_broadcast(test, TOPIC, "presence_diff", "{\"joins\":{\"first\":{}}}"));
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "a", meta_of_bytes(700)));
    pinion_test_run(test);
    expect_no_broadcast();
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "b", meta_of_bytes(700)));
    pinion_test_run(test);
    ok(pinion_test_expect_broadcast(test, TOPIC, "presence_diff", "{\"joins\":{\"a\":{}}}"));
}

static size_t crowd_bytes, crowd_diffs;

static void count_bytes(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
    size_t len;
    pinion_payload_bytes(payload, &len);
    crowd_bytes += len;
    crowd_diffs++;
}

static void join_crowd(unsigned count)
{
    crowd_bytes = crowd_diffs = 0;
    for (unsigned i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "%04u", i);
        ok(pinion_presence_track_on(presence, NULL, TOPIC, key, NULL));
        pinion_test_run(test);
    }
    pinion_test_advance(test, 1500);
    for (unsigned i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "%04u", i);
        pinion_presence_untrack_on(presence, NULL, TOPIC, key);
    }
    pinion_test_advance(test, 3000);
    assert_int_equal(pinion_presence_count(presence, TOPIC), 0);
}

/* What each member of a crowd is sent grows as the crowd does, in as many messages for any. */
static void a_crowd_is_told_in_proportion(void **state)
{
    pinion_subscription *subscription;
    use(NULL);
    ok(pinion_endpoint_subscribe(pinion_test_endpoint(test), TOPIC, count_bytes, NULL, &subscription));
    join_crowd(500);
    size_t bytes = crowd_bytes;
    assert_int_equal(crowd_diffs, 3); /* the first; the other joins; all leaves */
    join_crowd(1000);
    assert_int_equal(crowd_diffs, 3);
    assert_in_range(crowd_bytes, 2 * bytes - 200, 2 * bytes);
    pinion_subscription_free(subscription, NULL);
}

/* ---- fetch and handle_metas ---- */

static char handled[1000];
static bool fails;

static pinion_payload *add_names(const char *topic, pinion_payload *presences, void *data)
{
    json_t *all = json_deep_copy(pinion_payload_tree(presences)), *one;
    const char *key;
    assert_string_equal(topic, TOPIC);
    json_object_foreach(all, key, one)
        json_object_set_new(one, "name", json_sprintf("%s %s", (const char *)data, key));
    pinion_payload_unref(presences);
    if (fails)
        json_decref(all);
    return fails ? pinion_json("nonsense") : pinion_payload_json(all);
}

static void append_keys(const char *title, const pinion_payload *presences)
{
    const char *key;
    json_t *one;
    size_t len = strlen(handled);
    len += (size_t)snprintf(handled + len, sizeof handled - len, " %s:", title);
    json_object_foreach(pinion_payload_tree(presences), key, one) len += (size_t)snprintf(
        handled + len, sizeof handled - len, "%s%s", key, json_object_get(one, "name") ? "!" : "");
}

static void handle_metas(const pinion_presence_diff *diff, void *data)
{
    append_keys("joins", diff->joins);
    append_keys("leaves", diff->leaves);
    append_keys("presences", diff->presences);
    strcat(handled, ";");
}

static void fetch_enriches_lists_and_diffs(void **state)
{
    fails = false;
    use(&(pinion_presence_options){ .diff_at_once = true, .fetch = add_names, .data = "Dr." });
    pinion_test_client *ann = joined("ann");
    ok(pinion_test_expect_push(ann, TOPIC, "presence_state", "{\"ann\":{\"name\":\"Dr. ann\"}}"));
    expect_diff(ann, "{\"joins\":{\"ann\":{\"name\":\"Dr. ann\"}},\"leaves\":{}}");
    pinion_payload *one = pinion_presence_get_by_key(presence, TOPIC, "ann");
    assert_string_equal(json_string_value(pinion_payload_get(one, "name")), "Dr. ann");
    pinion_payload_unref(one);
    joined("bob");
    expect_diff(ann, "{\"joins\":{\"bob\":{\"name\":\"Dr. bob\"}}}");
}

static void a_diff_that_cannot_be_fetched_goes_out_as_it_was(void **state)
{
    fails = true;
    use(&(pinion_presence_options){ .diff_at_once = true, .fetch = add_names, .data = "Dr." });
    pinion_test_client *ann = joined("ann");
    ok(pinion_test_refute_push(ann, TOPIC, "presence_state"));
    expect_diff(ann, "{\"joins\":{\"ann\":{}}}");
    assert_null(
        json_object_get(json_object_get(json_object_get(pinion_test_value(test), "joins"), "ann"), "name"));
    pinion_payload *unfetched = pinion_presence_get_by_key(presence, TOPIC, "ann");
    assert_int_equal(pinion_payload_kind(unfetched), PINION_PAYLOAD_POISON);
    pinion_payload_unref(unfetched);
}

static void the_application_hears_of_diffs(void **state)
{
    fails = false;
    handled[0] = '\0';
    use(&(pinion_presence_options){
        .diff_at_once = true, .fetch = add_names, .handle_metas = handle_metas, .data = "Dr." });
    pinion_test_client *ann = joined("ann"), *bob = joined("bob");
    request(ann, "update", pinion_json("{s:s}", "key", "ann"));
    pinion_test_disconnect(bob);
    assert_string_equal(handled, " joins:ann! leaves: presences:ann;"
                                 " joins:bob! leaves: presences:annbob;"
                                 " joins:ann! leaves:ann! presences:annbob;"
                                 " joins: leaves:bob! presences:ann;");
}

/* ---- options ---- */

static int refused(const pinion_presence_options *options)
{
    pinion_presence *none = NULL;
    int rc = pinion_presence_new(&none, pinion_test_endpoint(test), options);
    assert_null(none);
    return rc;
}

static void options_that_cannot_be_are_refused(void **state)
{
    char name[300];
    memset(name, 'n', 256);
    name[256] = '\0';
    assert_int_equal(refused(&(pinion_presence_options){ .name = "" }), PINION_EINVAL);
    assert_int_equal(refused(&(pinion_presence_options){ .name = name }), PINION_EINVAL);
    assert_int_equal(refused(&(pinion_presence_options){ .shards = 65 }), PINION_EINVAL);
    assert_int_equal(refused(&(pinion_presence_options){ .max_meta = 65472 }), PINION_EINVAL);
    assert_int_equal(refused(&(pinion_presence_options){ .heartbeat_ms = 100, .down_ms = 399 }),
                     PINION_EINVAL);
    assert_int_equal(refused(&(pinion_presence_options){ .heartbeat_ms = 40000 }), PINION_EINVAL);
    use(&(pinion_presence_options){ .shards = 64, .heartbeat_ms = 100, .down_ms = 400 });
    assert_int_equal(refused(NULL), PINION_EINVAL); /* the name is taken */
    assert_non_null(strstr(pinion_error_detail(), "presence"));
    use(&(pinion_presence_options){ .name = "another" });
}

static void an_endpoint_that_has_started_gets_none(void **state)
{
    pinion_endpoint *endpoint = NULL;
    pinion_presence *none = NULL;
    ok(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 2 }));
    ok(pinion_presence_new(&none, endpoint, NULL));
    ok(pinion_presence_track_on(none, NULL, "t", "k", NULL)); /* before it runs */
    ok(pinion_endpoint_start(endpoint));
    none = NULL;
    assert_int_equal(pinion_presence_new(&none, endpoint, &(pinion_presence_options){ .name = "late" }),
                     PINION_EINVAL);
    assert_null(none);
    pinion_endpoint_stop(endpoint);
    pinion_endpoint_free(endpoint);
}

#define at_once(test) cmocka_unit_test_setup_teardown(test, setup_at_once, teardown)
#define alone(test)   cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        at_once(a_join_is_told_after_the_state),
        at_once(an_update_is_a_leave_and_a_join),
        at_once(every_way_to_end_untracks),
        at_once(joining_again_is_one_leave_and_one_join),
        at_once(a_refused_join_leaves_nothing),
        at_once(several_metas_under_one_key),
        at_once(what_cannot_be_tracked_is_refused),
        at_once(a_key_that_is_none_is_refused_and_logged),
        at_once(an_update_keeps_its_place),
        at_once(on_other_topics_and_without_a_channel),
        at_once(from_all_topics_at_once),
        alone(changes_that_follow_are_told_together),
        alone(who_comes_and_goes_within_an_interval_is_not_told),
        alone(updates_without_end_are_one_leave_and_one_join),
        alone(a_meta_has_a_bound),
        alone(the_metas_of_a_key_have_a_bound),
        alone(a_long_diff_goes_in_parts),
        alone(as_much_as_a_diff_holds_does_not_wait),
        alone(a_crowd_is_told_in_proportion),
        alone(fetch_enriches_lists_and_diffs),
        alone(a_diff_that_cannot_be_fetched_goes_out_as_it_was),
        alone(the_application_hears_of_diffs),
        alone(options_that_cannot_be_are_refused),
        alone(an_endpoint_that_has_started_gets_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
