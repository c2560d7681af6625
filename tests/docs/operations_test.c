/* docs/operations.md: the page of metrics behind a token. */
#include "docs/snippet.h"
#include "helpers/metrics.h"

/* ---- the snippet ---- */

static int with_metrics(pinion_endpoint *endpoint)
{
    return pinion_endpoint_metrics(endpoint, "/metrics", &(pinion_metrics_options){ .token = "s3cret" });
}

static pinion_counter *games;
static pinion_gauge *players;

static int with_figures(pinion_endpoint *endpoint)
{
    int rc = pinion_counter_new(&games, endpoint, "arcade_games_total", "Games that were played.",
                                PINION_LABELS({ "game", "chess" }));
    if (!rc)
        rc = pinion_gauge_new(&players, endpoint, "arcade_players", "Players at the tables.", NULL);
    return rc;
}

static void game_over(void)
{
    pinion_counter_add(games, 1);
    pinion_gauge_add(players, -2);
}

/* ---- its test ---- */

static void own_figures_are_shown(void **state)
{
    mount_metrics();
    ok(with_figures(pinion_test_endpoint(test)));
    game_over();
    assert_metric("arcade_games_total", "game=\"chess\"", 1);
    assert_metric("arcade_players", "", -2);
}

static void it_wants_the_token(void **state)
{
    pinion_test_answer *answer = NULL;
    ok(with_metrics(pinion_test_endpoint(test)));
    ok(pinion_test_http(test, "GET", "/metrics", NULL, &answer));
    ok(pinion_test_expect_status(answer, 401));
    ok(pinion_test_http(test, "GET", "/metrics",
                        &(pinion_test_http_options){ .headers = PINION_LIST("authorization: Bearer s3cret") },
                        &answer));
    ok(pinion_test_expect_status(answer, 200));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_wants_the_token, setup, teardown),
        cmocka_unit_test_setup_teardown(own_figures_are_shown, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
