/* docs/operations.md: the page of metrics behind a token. */
#include "docs/snippet.h"
#include "helpers/metrics.h"

/* ---- the snippet ---- */

static int with_metrics(pinion_endpoint *endpoint)
{
    return pinion_endpoint_metrics(endpoint, "/metrics", &(pinion_metrics_options){ .token = "s3cret" });
}

/* ---- its test ---- */

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
