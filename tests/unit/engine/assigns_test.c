/* Assigns: shared by a socket and its channels until one of them changes its own. */
#include "engine/assigns.h"
#include "helpers/engine.h"

static int64_t number(const pinion_payload *value)
{
    assert_non_null(value);
    return json_integer_value(pinion_payload_tree(value));
}

static void set(struct pinion_assigns **assigns, const char *key, int value)
{
    assert_int_equal(pinion__assigns_set(assigns, key, pinion_json("i", value)), 0);
}

/* ---- the set itself ---- */

static void a_poison_value_changes_nothing(void **state)
{
    struct pinion_assigns *assigns = NULL;
    assert_int_equal(pinion__assigns_set(&assigns, "k", pinion_json("nonsense")), PINION_EPAYLOAD);
    assert_null(assigns);
    set(&assigns, "k", 1);
    assert_int_equal(pinion__assigns_set(&assigns, "k", pinion_json("nonsense")), PINION_EPAYLOAD);
    assert_int_equal(number(pinion__assigns_get(assigns, "k")), 1);
    pinion__assigns_unref(assigns);
}

static void the_empty_set_costs_nothing(void **state)
{
    assert_null(pinion__assigns_ref(NULL));
    assert_null(pinion__assigns_get(NULL, "k"));
    pinion__assigns_unref(NULL);
    pinion_payload *object = pinion__assigns_object(NULL);
    assert_int_equal(json_object_size(pinion_payload_tree(object)), 0);
    pinion_payload_unref(object);
}

static void a_value_is_replaced_and_the_others_stay_where_they_are(void **state)
{
    struct pinion_assigns *assigns = NULL;
    set(&assigns, "a", 1);
    set(&assigns, "b", 2);
    const pinion_payload *b = pinion__assigns_get(assigns, "b");
    set(&assigns, "a", 3);
    assert_int_equal(number(pinion__assigns_get(assigns, "a")), 3);
    assert_ptr_equal(pinion__assigns_get(assigns, "b"), b); /* borrowed until it is assigned again */
    assert_null(pinion__assigns_get(assigns, "ab"));
    pinion__assigns_unref(assigns);
}

static void a_shared_set_is_copied_when_it_changes(void **state)
{
    struct pinion_assigns *mine = NULL, *other;
    set(&mine, "a", 1);
    other = pinion__assigns_ref(mine);
    assert_ptr_equal(other, mine);
    set(&mine, "a", 2);
    set(&mine, "b", 2);
    assert_int_equal(number(pinion__assigns_get(other, "a")), 1);
    assert_null(pinion__assigns_get(other, "b"));
    pinion__assigns_unref(other);
    assert_int_equal(number(pinion__assigns_get(mine, "a")), 2);
    pinion__assigns_unref(mine);
}

static void the_object_has_every_json_value(void **state)
{
    struct pinion_assigns *assigns = NULL;
    set(&assigns, "n", 1);
    assert_int_equal(pinion__assigns_set(&assigns, "empty", NULL), 0);
    assert_int_equal(pinion__assigns_set(&assigns, "bytes", pinion_payload_binary("\0", 1)), 0);
    pinion_payload *object = pinion__assigns_object(assigns);
    json_t *expected = json_pack("{s:i, s:{}}", "n", 1, "empty");
    assert_true(json_equal(pinion_payload_tree(object), expected));
    json_decref(expected);
    pinion_payload_unref(object);
    pinion__assigns_unref(assigns);
}

static void an_object_is_added_as_a_whole(void **state)
{
    struct pinion_assigns *mine = NULL;
    set(&mine, "a", 1);
    struct pinion_assigns *other = pinion__assigns_ref(mine);
    assert_int_equal(pinion__assigns_add(&mine, "{\"a\": 2, \"b\": 3}"), 0);
    assert_int_equal(number(pinion__assigns_get(mine, "a")), 2);
    assert_int_equal(number(pinion__assigns_get(mine, "b")), 3);
    assert_int_equal(number(pinion__assigns_get(other, "a")), 1);
    struct pinion_assigns *before = mine;
    assert_int_equal(pinion__assigns_add(&mine, "[1]"), PINION_EPAYLOAD);
    assert_int_equal(pinion__assigns_add(&mine, "{\"a\": 5, \"b\""), PINION_EPAYLOAD);
    assert_int_equal(pinion__assigns_add(&mine, ""), PINION_EPAYLOAD);
    assert_ptr_equal(mine, before);
    assert_int_equal(pinion__assigns_add(&mine, "{}"), 0);
    assert_ptr_equal(mine, before);
    pinion__assigns_unref(mine);
    pinion__assigns_unref(other);
}

/* ---- a socket's and its channels' ---- */

static pinion_result connect(pinion_socket *socket, const pinion_payload *params,
                             const pinion_connect_info *info)
{
    ok(pinion_socket_assign(socket, "user", pinion_json("i", 7)));
    return pinion_ok(NULL);
}

/* Sets, in the channel, its topic's last character as "n", which the socket does not have. */
static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    ok(pinion_assign(channel, "n", pinion_json("i", topic[strlen(topic) - 1] - '0')));
    return pinion_ok(NULL);
}

static pinion_result promote(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_assign(channel, "user", pinion_payload_ref(payload)));
    return pinion_noreply();
}

static pinion_result promote_all(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_socket_assign(pinion_channel_socket(channel), "user", pinion_payload_ref(payload)));
    return pinion_noreply();
}

static pinion_result show(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    assert_null(pinion_assigned(channel, "nobody"));
    assert_null(pinion_socket_assigned(pinion_channel_socket(channel), "n"));
    return pinion_ok(pinion_assigns(channel));
}

static const pinion_channel_def channel_def = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "promote", promote }, { "promote_all", promote_all }, { "show", show }),
};
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &channel_def }),
                                              .connect = connect };

static void expect_assigns(pinion_test_client *client, const char *topic, const char *expected)
{
    ok(pinion_test_expect_reply(client, pinion_test_push(client, topic, "show", NULL), "ok", expected));
}

static void a_channel_starts_with_its_sockets_and_changes_its_own(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    ok(pinion_test_join(client, "room:1", NULL));
    ok(pinion_test_join(client, "room:2", NULL));
    ok(pinion_test_push(client, "room:1", "promote", pinion_json("s", "admin")));
    expect_assigns(client, "room:1", "{\"user\":\"admin\",\"n\":1}");
    expect_assigns(client, "room:2", "{\"user\":7,\"n\":2}");
}

static void a_sockets_change_is_for_the_channels_to_come(void **state)
{
    pinion_test_client *client = connected(&socket_def);
    ok(pinion_test_join(client, "room:1", NULL));
    ok(pinion_test_push(client, "room:1", "promote_all", pinion_json("i", 8)));
    ok(pinion_test_join(client, "room:2", NULL));
    expect_assigns(client, "room:1", "{\"user\":7,\"n\":1}");
    expect_assigns(client, "room:2", "{\"user\":8,\"n\":2}");
}

static pinion_result keep_n(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    assert_int_equal(number(pinion_assigned(channel, "n")), 5); /* in join already */
    return pinion_ok(pinion_assigns(channel));
}

/* Two definitions share their functions. */
static const pinion_channel_def open_def = { .join = keep_n,
                                             .assigns = "{\"n\": 5, \"user\": 0, \"open\": true}" };
static const pinion_channel_def closed_def = { .join = keep_n, .assigns = "{\"n\": 5}" };
static const pinion_socket_def kinds_def = {
    .connect = connect, .channels = PINION_ROUTES({ "open:*", &open_def }, { "closed:*", &closed_def })
};

static void a_definitions_are_there_from_the_start(void **state)
{
    pinion_test_client *client = connected(&kinds_def);
    ok(pinion_test_join(client, "closed:1", NULL));
    json_t *expected = json_pack("{s:i, s:i}", "n", 5, "user", 7);
    assert_true(json_equal(pinion_test_value(test), expected));
    json_decref(expected);
    ok(pinion_test_join(client, "open:1", NULL));
    expected = json_pack("{s:i, s:i, s:b}", "n", 5, "user", 0, "open", 1);
    assert_true(json_equal(pinion_test_value(test), expected));
    json_decref(expected);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_poison_value_changes_nothing),
        cmocka_unit_test(the_empty_set_costs_nothing),
        cmocka_unit_test(a_value_is_replaced_and_the_others_stay_where_they_are),
        cmocka_unit_test(a_shared_set_is_copied_when_it_changes),
        cmocka_unit_test(the_object_has_every_json_value),
        cmocka_unit_test(an_object_is_added_as_a_whole),
        T(a_channel_starts_with_its_sockets_and_changes_its_own),
        T(a_definitions_are_there_from_the_start),
        T(a_sockets_change_is_for_the_channels_to_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
