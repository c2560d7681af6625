/* The page of metrics: where it may be, and who may read it. What is on it: tests/unit/engine/tally_test.c
 * and tests/integration/metrics.test.mjs. */
#include "helpers/metrics.h"

static int mount(const char *path, const char *token)
{
    return pinion_endpoint_metrics(pinion_test_endpoint(test), path,
                                   &(pinion_metrics_options){ .token = token });
}

static int status_of(const char *method, const char *authorization)
{
    pinion_test_answer *answer = NULL;
    ok(pinion_test_http(test, method, "/metrics",
                        authorization ? &(pinion_test_http_options){ .headers = PINION_LIST(authorization) }
                                      : NULL,
                        &answer));
    ok(pinion_test_finish_work(test));
    return pinion_test_answer_status(answer);
}

static void a_path_is_taken_once(void **state)
{
    assert_int_equal(mount("metrics", NULL), PINION_EINVAL);
    assert_int_equal(mount("/:metrics", NULL), PINION_EINVAL);
    assert_int_equal(mount("/a/*", NULL), PINION_EINVAL);
    ok(mount("/metrics", NULL));
    assert_int_equal(mount("/more", NULL), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "has a page of metrics already"));
}

static void another_page_is_there_first(void **state)
{
    static const pinion_socket_def anybody = { .connect = NULL };
    ok(pinion_endpoint_socket(pinion_test_endpoint(test), "/metrics", &anybody,
                              &(pinion_socket_options){ .any_origin = true }));
    assert_int_equal(mount("/metrics", NULL), PINION_EINVAL);
    assert_int_equal(mount("/metrics/websocket", NULL), PINION_EINVAL);
    ok(mount("/other", NULL));
}

static void a_token_is_asked_for(void **state)
{
    ok(mount("/metrics", "s3cret"));
    assert_int_equal(status_of("GET", NULL), 401);
    assert_int_equal(status_of("GET", "authorization: Bearer s3cre"), 401);
    assert_int_equal(status_of("GET", "authorization: Bearer s3crets"), 401);
    assert_int_equal(status_of("GET", "authorization: Bearer "), 401);
    assert_int_equal(status_of("GET", "authorization: Basic s3cret"), 401);
    assert_int_equal(status_of("GET", "authorization: Bearer s3cret"), 200);
    assert_int_equal(status_of("HEAD", "authorization: bearer s3cret"), 200);
    assert_int_equal(status_of("HEAD", NULL), 401);
}

static void a_token_can_be_sent(void **state)
{
    char longest[1026];
    memset(longest, 'a', sizeof longest);
    longest[1025] = '\0';
    assert_int_equal(mount("/metrics", ""), PINION_EINVAL);
    assert_int_equal(mount("/metrics", "two words"), PINION_EINVAL);
    assert_int_equal(mount("/metrics", "a\n"), PINION_EINVAL);
    assert_int_equal(mount("/metrics", longest), PINION_EINVAL);
    longest[1024] = '\0';
    ok(mount("/metrics", longest));
}

static void it_is_read_with_get(void **state)
{
    ok(mount("/metrics", NULL));
    assert_int_equal(status_of("GET", NULL), 200);
    assert_int_equal(status_of("HEAD", NULL), 200);
    assert_int_equal(status_of("POST", NULL), 405);
    assert_int_equal(status_of("OPTIONS", NULL), 204);
}

static void whoever_goes_leaves_nothing(void **state)
{
    pinion_test_answer *answer = NULL;
    ok(mount("/metrics", NULL));
    ok(pinion_test_http(test, "GET", "/metrics", NULL, &answer));
    pinion_test_give_up(answer);
    ok(pinion_test_finish_work(test));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_path_is_taken_once, setup, teardown),
        cmocka_unit_test_setup_teardown(another_page_is_there_first, setup, teardown),
        cmocka_unit_test_setup_teardown(a_token_is_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_token_can_be_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_read_with_get, setup, teardown),
        cmocka_unit_test_setup_teardown(whoever_goes_leaves_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
