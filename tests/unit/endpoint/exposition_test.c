/* The text format of Prometheus, to the byte. */
#include "endpoint/exposition.h"
#include <locale.h>
#include <math.h>
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct pinion_exposition page;

static int begin(void **state)
{
    pinion__exposition_init(&page);
    return 0;
}

static int end(void **state)
{
    pinion__exposition_release(&page);
    return 0;
}

static void assert_page(const char *text)
{
    assert_int_equal(page.error, 0);
    assert_int_equal(pinion__buf_append_char(&page.text, '\0'), 0);
    assert_string_equal(page.text.data, text);
}

static void a_family_has_its_head_and_samples(void **state)
{
    const struct pinion_exposition_label labels[] = { { "a", "1" }, { "b", "2" }, { NULL, NULL } };
    pinion__exposition_counter(&page, "x_total", "All of it.", UINT64_MAX);
    pinion__exposition_family(&page, "y", "gauge", "More.");
    pinion__exposition_count(&page, labels, 7);
    pinion__exposition_count(&page, labels + 1, 8);
    assert_page("# HELP x_total All of it.\n# TYPE x_total counter\nx_total 18446744073709551615\n"
                "# HELP y More.\n# TYPE y gauge\ny{a=\"1\",b=\"2\"} 7\ny{b=\"2\"} 8\n");
}

static void labels_and_help_are_escaped(void **state)
{
    const struct pinion_exposition_label labels[] = { { "a", "\\ \" \n\\" }, { NULL, NULL } };
    pinion__exposition_family(&page, "x", "gauge", "\\ \" \nend");
    pinion__exposition_count(&page, labels, 1);
    assert_page("# HELP x \\\\ \" \\nend\n# TYPE x gauge\nx{a=\"\\\\ \\\" \\n\\\\\"} 1\n");
}

static void numbers_have_a_point_in_every_locale(void **state)
{
    (void)setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed */
    pinion__exposition_family(&page, "x", "gauge", "H");
    pinion__exposition_number(&page, NULL, 0.5);
    pinion__exposition_number(&page, NULL, -INFINITY);
    pinion__exposition_number(&page, NULL, INFINITY);
    pinion__exposition_number(&page, NULL, NAN);
    pinion__exposition_seconds(&page, NULL, 1000000001);
    (void)setlocale(LC_ALL, "C");
    assert_page("# HELP x H\n# TYPE x gauge\nx 0.5\nx -Inf\nx +Inf\nx NaN\nx 1.000000001\n");
}

static void buckets_are_summed_up(void **state)
{
    struct pinion_histogram_sum sum = { .sum_ns = 1500000000 };
    sum.counts[0] = 2;
    sum.counts[1] = 3;
    sum.counts[PINION_HISTOGRAM_BOUNDS] = 1;
    pinion__exposition_family(&page, "x_seconds", "histogram", "H");
    pinion__exposition_histogram(&page, NULL, &sum);
    assert_int_equal(page.error, 0);
    assert_int_equal(pinion__buf_append_char(&page.text, '\0'), 0);
    assert_non_null(strstr(page.text.data, "\nx_seconds_bucket{le=\"1e-05\"} 2\n"
                                           "x_seconds_bucket{le=\"5e-05\"} 5\n"));
    assert_non_null(strstr(page.text.data, "\nx_seconds_bucket{le=\"1.0\"} 5\n"
                                           "x_seconds_bucket{le=\"+Inf\"} 6\n"
                                           "x_seconds_sum 1.500000000\nx_seconds_count 6\n"));
}

static void what_does_not_fit_is_told(void **state)
{
    pinion__exposition_release(&page);
    pinion__buf_init(&page.text, 20);
    pinion__exposition_gauge(&page, "x", "A long text.", 1);
    assert_int_equal(page.error, PINION_ETOOBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_family_has_its_head_and_samples, begin, end),
        cmocka_unit_test_setup_teardown(labels_and_help_are_escaped, begin, end),
        cmocka_unit_test_setup_teardown(numbers_have_a_point_in_every_locale, begin, end),
        cmocka_unit_test_setup_teardown(buckets_are_summed_up, begin, end),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_told, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
