/* docs/presence.md. */
#include "docs/snippet.h"

static const char *name_of(const char *id)
{
    return strcmp(id, "7") == 0 ? "Ann" : "Bob";
}

/* ---- the snippets ---- */

struct app {
    pinion_presence *presence;
};

static int add_presence(pinion_endpoint *endpoint)
{
    struct app *app = pinion_endpoint_context(endpoint);
    return pinion_presence_new(&app->presence, endpoint, NULL);
}

static const char *key_of(pinion_channel *channel, char text[32])
{
    json_t *user = pinion_payload_tree(pinion_assigned(channel, "user_id"));
    snprintf(text, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(user));
    return text;
}

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    const struct app *app = pinion_channel_context(channel);
    char key[32];
    pinion_presence_track(app->presence, channel, key_of(channel, key),
                          pinion_json("{s:s}", "status", "here"));
    pinion_presence_push_state(app->presence, channel);
    return pinion_noreply();
}

static pinion_result away(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    const struct app *app = pinion_channel_context(channel);
    char key[32];
    pinion_presence_update(app->presence, channel, key_of(channel, key),
                           pinion_json("{s:s}", "status", "away"));
    return pinion_noreply();
}

static void start_shift(const struct app *app, const char *robot)
{
    pinion_presence_track_on(app->presence, NULL, "rooms:lobby", robot, NULL);
    printf("%zu in the lobby\n", pinion_presence_count(app->presence, "rooms:lobby"));
}

static pinion_payload *add_names(const char *topic, pinion_payload *presences, void *data)
{
    json_t *users = json_deep_copy(pinion_payload_tree(presences)), *user;
    const char *id;
    json_object_foreach(users, id, user) json_object_set_new(user, "name", json_string(name_of(id)));
    pinion_payload_unref(presences);
    return pinion_payload_json(users);
}

static void note_who_left(const pinion_presence_diff *diff, void *data)
{
    json_t *user;
    const char *id;
    json_object_foreach(pinion_payload_tree(diff->leaves), id, user)
    {
        if (!pinion_payload_get(diff->presences, id)) /* the last of its devices */
            printf("%s has left %s\n", id, diff->topic);
    }
}

static int add_presence_with_names(pinion_endpoint *endpoint)
{
    struct app *app = pinion_endpoint_context(endpoint);
    return pinion_presence_new(
        &app->presence, endpoint,
        &(pinion_presence_options){ .name = "people", .fetch = add_names, .handle_metas = note_who_left });
}

/* ---- their tests ---- */

static struct app app;

static int setup_app(void **state)
{
    pinion_log_set_level(PINION_LOG_NONE);
    return pinion_test_new(&test, &(pinion_test_options){ .context = &app });
}

static pinion_result connect_as(pinion_socket *socket, const pinion_payload *params,
                                const pinion_connect_info *info)
{
    int id = atoi(json_string_value(pinion_payload_get(params, "id")));
    return pinion_socket_assign(socket, "user_id", pinion_json("i", id)) ? pinion_crash() : pinion_ok(NULL);
}

static const pinion_channel_def room_channel = {
    .after_join = after_join,
    .handle_in = PINION_CLAUSES({ "away", away }),
};

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "rooms:*", &room_channel }),
    .connect = connect_as,
};

static pinion_test_client *joined_as(const char *query)
{
    pinion_test_client *client = NULL;
    ok(pinion_test_connect(test, &user_socket, NULL, query, &client));
    ok(pinion_test_join(client, "rooms:lobby", NULL));
    return client;
}

static void members_see_each_other(void **state)
{
    ok(add_presence(pinion_test_endpoint(test)));
    pinion_test_client *ann = joined_as("id=7");
    ok(pinion_test_expect_push(ann, "rooms:lobby", "presence_state", "{\"7\":{}}"));
    pinion_test_client *bob = joined_as("id=8");
    ok(pinion_test_expect_push(bob, "rooms:lobby", "presence_state", "{\"7\":{},\"8\":{}}"));
    ok(pinion_test_push(bob, "rooms:lobby", "away", NULL));
    start_shift(&app, "robot");
    pinion_test_advance(test, 1500);
    ok(pinion_test_expect_push(ann, "rooms:lobby", "presence_diff",
                               "{\"joins\":{\"8\":{},\"robot\":{}},\"leaves\":{\"8\":{}}}"));
    pinion_payload *all = pinion_presence_list(app.presence, "rooms:lobby");
    json_t *meta = json_array_get(json_object_get(pinion_payload_get(all, "8"), "metas"), 0);
    assert_string_equal(json_string_value(json_object_get(meta, "status")), "away");
    pinion_payload_unref(all);
}

static void members_have_names(void **state)
{
    ok(add_presence_with_names(pinion_test_endpoint(test)));
    pinion_test_client *ann = joined_as("id=7"), *bob = joined_as("id=8");
    ok(pinion_test_expect_push(bob, "rooms:lobby", "presence_state",
                               "{\"7\":{\"name\":\"Ann\"},\"8\":{\"name\":\"Bob\"}}"));
    pinion_test_disconnect(ann);
    pinion_test_advance(test, 1500);
    ok(pinion_test_expect_push(bob, "rooms:lobby", "presence_diff",
                               "{\"leaves\":{\"7\":{\"name\":\"Ann\"}}}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(members_see_each_other, setup_app, teardown),
        cmocka_unit_test_setup_teardown(members_have_names, setup_app, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
