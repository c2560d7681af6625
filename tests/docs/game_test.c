/* examples/game, on the test kit's clock: a tick is exactly 50 ms there. */
#include "docs/snippet.h"
#include "game/game.h"

#define TOPIC "game:1"

static pinion_test_client *player(const char *name)
{
    char query[60];
    pinion_test_client *client = NULL;
    snprintf(query, sizeof query, "player=%s", name);
    ok(pinion_test_connect(test, &game_socket, NULL, query, &client));
    return client;
}

static int seat_of(pinion_test_client *client)
{
    ok(pinion_test_join(client, TOPIC, NULL));
    return (int)json_integer_value(json_object_get(pinion_test_value(test), "seat"));
}

static void steer(pinion_test_client *client, char direction)
{
    assert_true(pinion_test_push(client, TOPIC, "steer", pinion_payload_binary(&direction, 1)) > 0);
    pinion_test_run(test);
}

/* Let a tick pass, and take the state that the client is sent. */
static const uint8_t *state(pinion_test_client *client, size_t *length)
{
    pinion_test_advance(test, GAME_TICK_MS);
    ok(pinion_test_expect_push(client, TOPIC, "state", NULL));
    return (const uint8_t *)pinion_test_bytes(test, length);
}

static void expect_player(const uint8_t *at, int seat, bool there, int x, int y)
{
    assert_int_equal(at[0], seat);
    assert_int_equal(at[1], there);
    assert_int_equal(at[2] * 256 + at[3], x);
    assert_int_equal(at[4] * 256 + at[5], y);
}

static void a_room_ticks_and_moves_its_players(void **unused)
{
    size_t length;
    pinion_test_client *ann = player("ann"), *bob = player("bob");
    assert_int_equal(seat_of(ann), 0);
    assert_int_equal(seat_of(bob), 1);
    steer(ann, 2);
    steer(bob, 1);
    const uint8_t *bytes = state(ann, &length);
    assert_int_equal(length, 4 + 2 * 6);
    assert_memory_equal(bytes, "\0\0\0\1", 4);
    expect_player(bytes + 4, 0, true, 510, 500);
    expect_player(bytes + 10, 1, true, 500, 490);
    steer(ann, 0);
    bytes = state(ann, &length);
    assert_memory_equal(bytes, "\0\0\0\2", 4);
    expect_player(bytes + 4, 0, true, 510, 500);
    expect_player(bytes + 10, 1, true, 500, 480);
}

static void twenty_times_a_second(void **unused)
{
    pinion_test_client *ann = player("ann");
    (void)seat_of(ann);
    pinion_test_advance(test, 1000);
    for (int i = 0; i < 20; i++)
        ok(pinion_test_expect_push(ann, TOPIC, "state", NULL));
    ok(pinion_test_refute_push(ann, TOPIC, "state"));
}

static void who_comes_back_has_the_old_seat(void **unused)
{
    size_t length;
    pinion_test_client *ann = player("ann"), *bob = player("bob");
    (void)seat_of(bob);
    assert_int_equal(seat_of(ann), 1);
    steer(ann, 2);
    pinion_test_disconnect(ann);
    expect_player(state(bob, &length) + 10, 1, false, 500, 500);
    pinion_test_advance(test, GAME_GRACE_MS - 200);
    ann = player("ann");
    assert_int_equal(seat_of(ann), 1);
    expect_player(state(ann, &length) + 10, 1, true, 500, 500);
    pinion_test_client *again = player("ann"); /* the old connection is still there */
    assert_int_equal(seat_of(again), 1);
    pinion_test_disconnect(ann); /* nobody misses it */
    expect_player(state(again, &length) + 10, 1, true, 500, 500);
}

static void who_stays_away_loses_the_seat(void **unused)
{
    size_t length;
    pinion_test_client *ann = player("ann"), *bob = player("bob");
    (void)seat_of(ann);
    (void)seat_of(bob);
    pinion_test_disconnect(ann);
    pinion_test_advance(test, GAME_GRACE_MS + GAME_TICK_MS);
    for (int i = 0; i < GAME_GRACE_MS / GAME_TICK_MS + 1; i++)
        ok(pinion_test_expect_push(bob, TOPIC, "state", NULL));
    (void)state(bob, &length);
    assert_int_equal(length, 4 + 6);
    assert_int_equal(seat_of(player("cid")), 0);
}

static void who_leaves_gives_the_seat_up(void **unused)
{
    pinion_test_client *ann = player("ann"), *bob = player("bob");
    (void)seat_of(ann);
    (void)seat_of(bob);
    ok(pinion_test_leave(ann, TOPIC));
    assert_int_equal(seat_of(player("cid")), 0);
}

static void a_full_room_is_full(void **unused)
{
    char name[10];
    for (int i = 0; i < GAME_SEATS; i++) {
        snprintf(name, sizeof name, "p%d", i);
        assert_int_equal(seat_of(player(name)), i);
    }
    expect_refusal(player("late"), TOPIC, NULL, "full");
}

static void what_is_no_direction_is_refused(void **unused)
{
    pinion_test_client *ann = player("ann"), *nobody;
    (void)seat_of(ann);
    expect_answer(ann, TOPIC, "steer", pinion_json("{s:i}", "direction", 2), "error", NULL);
    expect_answer(ann, TOPIC, "steer", pinion_payload_binary("ab", 2), "error", NULL);
    assert_int_equal(pinion_test_connect(test, &game_socket, NULL, "", &nobody), PINION_EACCES);
}

static void a_room_ends_when_it_is_empty(void **unused)
{
    pinion_test_client *ann = player("ann");
    (void)seat_of(ann);
    pinion_test_advance(test, 60000);
    assert_int_equal(stats().actors, 1);
    pinion_test_disconnect(ann);
    pinion_test_advance(test, GAME_GRACE_MS - 1);
    assert_int_equal(stats().actors, 1);
    pinion_test_advance(test, GAME_TICK_MS); /* when no tick waits to be handled */
    assert_int_equal(stats().actors, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_room_ticks_and_moves_its_players, setup, teardown),
        cmocka_unit_test_setup_teardown(twenty_times_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(who_comes_back_has_the_old_seat, setup, teardown),
        cmocka_unit_test_setup_teardown(who_stays_away_loses_the_seat, setup, teardown),
        cmocka_unit_test_setup_teardown(who_leaves_gives_the_seat_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_room_is_full, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_direction_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_room_ends_when_it_is_empty, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
