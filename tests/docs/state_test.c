/* docs/channels.md, "State and assigns". */
#include "docs/snippet.h"

/* ---- the snippet ---- */

struct player {
    char *name;
    int score;
};

static void player_free(void *state)
{
    struct player *player = state;
    free(player->name);
    free(player);
}

static pinion_result game_join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    const char *name = json_string_value(pinion_payload_get(params, "name"));
    struct player *player = calloc(1, sizeof *player);
    if (!player)
        return pinion_crash();
    pinion_channel_set_state(channel, player, player_free); /* from here on it is freed on every path */
    if (!name)
        return pinion_error(pinion_json("{s:s}", "reason", "a player has a name"));
    player->name = strdup(name);
    return player->name ? pinion_ok(NULL) : pinion_crash();
}

static pinion_result score(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    struct player *player = pinion_channel_state(channel);
    player->score++;
    return pinion_ok(pinion_json("{s:s, s:i}", "name", player->name, "score", player->score));
}

/* Two kinds of rooms, which differ in one value. */
static pinion_result room_join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (json_is_true(pinion_payload_tree(pinion_assigned(channel, "members_only"))))
        return pinion_error(pinion_json("{s:s}", "reason", "members only"));
    return pinion_ok(NULL);
}

static const pinion_channel_def public_channel = {
    .join = room_join,
    .assigns = "{\"members_only\": false}",
};

static const pinion_channel_def private_channel = {
    .join = room_join,
    .assigns = "{\"members_only\": true}",
};

/* ---- their tests; the leak sanitizer watches over the destructor ---- */

static const pinion_channel_def game_channel = {
    .join = game_join,
    .handle_in = PINION_CLAUSES({ "score", score }),
};

static const pinion_socket_def user_socket = {
    .channels = PINION_ROUTES({ "game:*", &game_channel }, { "public:*", &public_channel },
                              { "private:*", &private_channel }),
};

static void each_channel_has_a_state_of_its_own(void **state)
{
    pinion_test_client *ann = joined(&user_socket, "game:1", pinion_json("{s:s}", "name", "ann"));
    pinion_test_client *bob = joined(&user_socket, "game:1", pinion_json("{s:s}", "name", "bob"));
    expect_answer(ann, "game:1", "score", NULL, "ok", "{\"name\":\"ann\",\"score\":1}");
    expect_answer(ann, "game:1", "score", NULL, "ok", "{\"name\":\"ann\",\"score\":2}");
    expect_answer(bob, "game:1", "score", NULL, "ok", "{\"name\":\"bob\",\"score\":1}");
}

static void a_refused_join_leaves_nothing(void **state)
{
    expect_refusal(connected(&user_socket), "game:1", NULL, "a player has a name");
}

static void the_kinds_differ_in_their_assigns(void **state)
{
    pinion_test_client *client = joined(&user_socket, "public:1", NULL);
    expect_refusal(client, "private:1", NULL, "members only");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_channel_has_a_state_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(the_kinds_differ_in_their_assigns, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_join_leaves_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
