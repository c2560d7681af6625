/* Counters and gauges of the application: names, labels, and adding from many threads. */
#include "helpers/metrics.h"
#include <pthread.h>

#define THREADS 12
#define TIMES   20000

static pinion_endpoint *endpoint(void)
{
    return pinion_test_endpoint(test);
}

static pinion_counter *counter(const char *name, const pinion_label *labels)
{
    pinion_counter *made = NULL;
    ok(pinion_counter_new(&made, endpoint(), name, "Help.", labels));
    return made;
}

static void assert_refused(const char *name, const char *help, const pinion_label *labels, const char *why)
{
    pinion_counter *made = NULL;
    assert_int_equal(pinion_counter_new(&made, endpoint(), name, help, labels), PINION_EINVAL);
    assert_null(made);
    if (!strstr(pinion_error_detail(), why))
        fail_msg("\"%s\" does not say \"%s\"", pinion_error_detail(), why);
}

static void a_counter_is_shown(void **state)
{
    mount_metrics();
    pinion_counter *games = counter("games_total", NULL);
    assert_metric("games_total", "", 0);
    pinion_counter_add(games, 1);
    pinion_counter_add(games, 41);
    assert_metric("games_total", "", 42);
    assert_non_null(strstr(metrics_page(), "# HELP games_total Help.\n# TYPE games_total counter\n"));
}

static void a_gauge_rises_and_falls(void **state)
{
    pinion_gauge *heat = NULL;
    mount_metrics();
    ok(pinion_gauge_new(&heat, endpoint(), "heat_celsius", "How hot it is.", NULL));
    pinion_gauge_set(heat, 20.5);
    pinion_gauge_add(heat, -21);
    assert_non_null(strstr(metrics_page(), "\n# TYPE heat_celsius gauge\nheat_celsius -0.5\n"));
}

static void labels_make_figures_of_one_family(void **state)
{
    mount_metrics();
    pinion_counter *chess = counter("games_total", PINION_LABELS({ "game", "chess" }));
    (void)counter("moves_total", NULL);
    pinion_counter *go = counter("games_total", PINION_LABELS({ "game", "go\n\"\\" }));
    pinion_counter_add(chess, 2);
    pinion_counter_add(go, 3);
    assert_non_null(strstr(metrics_page(), "# TYPE games_total counter\ngames_total{game=\"chess\"} 2\n"
                                           "games_total{game=\"go\\n\\\"\\\\\"} 3\n"));
}

static void bad_names_are_refused(void **state)
{
    char longest[202];
    memset(longest, 'a', sizeof longest);
    memcpy(longest + 194, "_total", 7);
    (void)counter(longest, NULL);
    memmove(longest + 1, longest, 201);
    longest[0] = 'a';
    assert_refused(longest, "Help.", NULL, "1 to 200");
    assert_refused("", "Help.", NULL, "1 to 200");
    assert_refused("1_total", "Help.", NULL, "begins with no digit");
    assert_refused("a-b_total", "Help.", NULL, "a-z");
    assert_refused("games", "Help.", NULL, "ends with _total");
    assert_refused("pinion_games_total", "Help.", NULL, "the library's");
    assert_refused("process_games_total", "Help.", NULL, "the library's");
    assert_refused("games_total", "", NULL, "help");
    assert_refused("games_total", "\xff", NULL, "help");
    pinion_gauge *gauge = NULL;
    assert_int_equal(pinion_gauge_new(&gauge, endpoint(), "games_total", "Help.", NULL), PINION_EINVAL);
    assert_int_equal(pinion_gauge_new(&gauge, endpoint(), "games_count", "Help.", NULL), PINION_EINVAL);
}

static void bad_labels_are_refused(void **state)
{
    pinion_label many[18] = { { NULL, NULL } };
    static const char names[] = "abcdefghijklmnopq";
    char text[17][2];
    for (int i = 0; i < 17; i++) {
        snprintf(text[i], sizeof text[i], "%c", names[i]);
        many[i] = (pinion_label){ text[i], "" };
    }
    assert_refused("games_total", "Help.", many, "more than 16");
    assert_refused("games_total", "Help.", PINION_LABELS({ "a:b", "" }), "a-z");
    assert_refused("games_total", "Help.", PINION_LABELS({ "__a", "" }), "__");
    assert_refused("games_total", "Help.", PINION_LABELS({ "a", "" }, { "a", "" }), "twice");
    assert_refused("games_total", "Help.", PINION_LABELS({ "a", "\xff" }), "UTF-8");
    assert_refused("games_total", "Help.", PINION_LABELS({ "a", NULL }), "UTF-8");
}

static void a_figure_is_registered_once(void **state)
{
    pinion_gauge *gauge = NULL;
    (void)counter("games_total", PINION_LABELS({ "a", "1" }, { "b", "2" }));
    (void)counter("games_total", PINION_LABELS({ "a", "2" }, { "b", "2" }));
    (void)counter("games_total", PINION_LABELS({ "a", "1" }));
    assert_refused("games_total", "Help.", PINION_LABELS({ "b", "2" }, { "a", "1" }), "there already");
    assert_refused("games_total", "Other help.", NULL, "another help text");
    ok(pinion_gauge_new(&gauge, endpoint(), "games", "Help.", NULL));
    assert_int_equal(pinion_gauge_new(&gauge, endpoint(), "games", "Help.", NULL), PINION_EINVAL);
}

static void there_are_not_too_many(void **state)
{
    char text[20];
    pinion_counter *one_more = NULL;
    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof text, "%d", i);
        (void)counter("games_total", PINION_LABELS({ "a", text }));
    }
    assert_int_equal(pinion_counter_new(&one_more, endpoint(), "more_total", "Help.", NULL), PINION_EBUSY);
}

struct shared {
    pinion_counter *counter;
    pinion_gauge *gauge;
};

static void *add(void *data)
{
    const struct shared *shared = data;
    for (int i = 0; i < TIMES; i++) {
        pinion_counter_add(shared->counter, 1);
        pinion_gauge_add(shared->gauge, i % 2 ? -1 : 2);
    }
    return NULL;
}

static void no_count_is_lost_between_threads(void **state)
{
    pthread_t threads[THREADS];
    struct shared shared = { .counter = counter("games_total", NULL) };
    mount_metrics();
    ok(pinion_gauge_new(&shared.gauge, endpoint(), "players", "Help.", NULL));
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add, &shared), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_metric("games_total", "", THREADS * TIMES);
    assert_metric("players", "", THREADS * TIMES / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_counter_is_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(a_gauge_rises_and_falls, setup, teardown),
        cmocka_unit_test_setup_teardown(labels_make_figures_of_one_family, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_names_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_labels_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_figure_is_registered_once, setup, teardown),
        cmocka_unit_test_setup_teardown(there_are_not_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(no_count_is_lost_between_threads, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
