/* The rule for calls that cannot be right, and the sentence of a public function that failed. */
#include "base/misuse.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/death.h"

static char logged[500];

static void keep_line(pinion_log_level level, const char *line, void *data)
{
    assert_int_equal(level, PINION_LOG_WARNING);
    snprintf(logged, sizeof logged, "%s", line);
}

static int set_up(void **state)
{
    pinion_log_set_level(PINION_LOG_WARNING);
    pinion_log_set_function(keep_line, NULL);
    logged[0] = '\0';
    return 0;
}

static int a_public_function(const void *argument, int number)
{
    PINION_NEEDED(argument);
    PINION_RULE(number < 10, return PINION_EINVAL, "number is %d, and 9 is the most", number);
    return 0;
}

static void a_call_that_is_right_costs_nothing_and_says_nothing(void **state)
{
    assert_int_equal(a_public_function("", 9), 0);
    assert_string_equal(logged, "");
}

static void misuse(const void *argument)
{
    (void)a_public_function(argument, 10);
}

static void builds_with_checks_end_with_the_name_of_the_function(void **state)
{
    char said[200];
    if (!ASSERTIONS_ARE_ON)
        skip();
    assert_true(aborts_saying(misuse, "", said, sizeof said));
    assert_string_equal(said, "pinion: a_public_function: number is 10, and 9 is the most\n");
    assert_true(aborts_saying(misuse, NULL, said, sizeof said));
    assert_string_equal(said, "pinion: a_public_function: argument is NULL\n");
}

static void other_builds_refuse_the_call_and_say_so(void **state)
{
    if (ASSERTIONS_ARE_ON)
        skip();
    assert_int_equal(a_public_function("", 10), PINION_EINVAL);
    assert_string_equal(pinion_error_detail(), "a_public_function: number is 10, and 9 is the most");
    assert_string_equal(logged, "a_public_function: number is 10, and 9 is the most: the call has no effect");
    assert_int_equal(a_public_function(NULL, 0), PINION_EINVAL);
    assert_string_equal(pinion_error_detail(), "a_public_function: argument is NULL");
}

/* ---- sentences ---- */

static int fail_silently(int code)
{
    PINION_RETURN(code);
}

static int fail_with(int code, int sentence_of)
{
    PINION_RETURN((pinion__fail(sentence_of, "of the call itself"), code));
}

static void a_failure_without_a_sentence_is_not_explained_by_the_one_before(void **state)
{
    (void)pinion__fail(PINION_ENOMEM, "an older failure");
    assert_int_equal(fail_silently(PINION_ENOMEM), PINION_ENOMEM);
    assert_string_equal(pinion_error_detail(), "fail_silently: out of memory");
}

static void a_sentence_of_the_call_is_kept(void **state)
{
    assert_int_equal(fail_with(PINION_EIO, PINION_EIO), PINION_EIO);
    assert_string_equal(pinion_error_detail(), "of the call itself");
}

/* Something else was tried first, say, and did not matter. */
static void a_sentence_of_another_code_is_not(void **state)
{
    assert_int_equal(fail_with(PINION_ENOENT, PINION_EIO), PINION_ENOENT);
    assert_string_equal(pinion_error_detail(), "fail_with: no such file, directory or name");
}

static void success_leaves_the_last_failure_alone(void **state)
{
    (void)pinion__fail(PINION_EIO, "an older failure");
    assert_int_equal(fail_silently(0), 0);
    assert_int_equal(fail_silently(7), 7);
    assert_string_equal(pinion_error_detail(), "an older failure");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_call_that_is_right_costs_nothing_and_says_nothing, set_up),
        cmocka_unit_test_setup(builds_with_checks_end_with_the_name_of_the_function, set_up),
        cmocka_unit_test_setup(other_builds_refuse_the_call_and_say_so, set_up),
        cmocka_unit_test_setup(a_failure_without_a_sentence_is_not_explained_by_the_one_before, set_up),
        cmocka_unit_test_setup(a_sentence_of_the_call_is_kept, set_up),
        cmocka_unit_test_setup(a_sentence_of_another_code_is_not, set_up),
        cmocka_unit_test_setup(success_leaves_the_last_failure_alone, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
