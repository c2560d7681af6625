/* Codes and their texts, the sentence of the last failure, and what main() says. */
#include "base/log.h"
#include "helpers/capture.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

static char logged[1200];

static void keep_line(pinion_log_level level, const char *line, void *data)
{
    assert_int_equal(level, PINION_LOG_ERROR);
    strncpy(logged, line, sizeof(logged) - 1);
}

static int keep_log_lines(void **state)
{
    memset(logged, 0, sizeof(logged));
    pinion_log_set_function(keep_line, NULL);
    return 0;
}

static void codes_nobody_defined_have_a_text(void **state)
{
    assert_string_equal(pinion_strerror(-9999), "unknown error");
    assert_string_equal(pinion_strerror(1), "unknown error");
    assert_string_equal(pinion_errname(-9999), "unknown");
    assert_string_equal(pinion_strerror(0), "no error");
    assert_string_equal(pinion_errname(0), "OK");
}

static void every_code_has_its_text_and_name(void **state)
{
#define CHECK(name, value, text)                                                                             \
    assert_int_equal(PINION_##name, value);                                                                  \
    assert_string_equal(pinion_strerror(value), text);                                                       \
    assert_string_equal(pinion_errname(value), "PINION_" #name);
    PINION_ERROR_MAP(CHECK)
#undef CHECK
}

static void a_failure_is_kept(void **state)
{
    assert_int_equal(pinion__fail(PINION_EADDRINUSE, "port %d is taken", 4000), PINION_EADDRINUSE);
    assert_string_equal(pinion_error_detail(), "port 4000 is taken");
}

static void a_failure_may_quote_the_one_before(void **state)
{
    assert_int_equal(pinion__fail(PINION_EIO, "no disk"), PINION_EIO);
    assert_int_equal(pinion__fail(PINION_EINVAL, "cannot mount: %s", pinion_error_detail()), PINION_EINVAL);
    assert_string_equal(pinion_error_detail(), "cannot mount: no disk");
}

static void a_long_sentence_is_cut(void **state)
{
    char text[2000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(pinion__fail(PINION_EINVAL, "%s", text), PINION_EINVAL);
    assert_int_equal(strspn(pinion_error_detail(), "x"), strlen(pinion_error_detail()));
    assert_in_range(strlen(pinion_error_detail()), 200, 1999);
}

static void *detail_length(void *out)
{
    *(size_t *)out = strlen(pinion_error_detail());
    return NULL;
}

static void another_thread_has_no_part_in_it(void **state)
{
    pthread_t thread;
    size_t length = 99;

    assert_int_equal(pinion__fail(PINION_EINVAL, "mine"), PINION_EINVAL);
    assert_int_equal(pthread_create(&thread, NULL, detail_length, &length), 0);
    pthread_join(thread, NULL);
    assert_int_equal(length, 0);
}

static void exit_says_why(int code, int expected_status, const char *expected)
{
    struct capture capture = { 0 };
    char said[600];

    assert_int_equal(capture_begin(&capture), 0);
    int status = pinion_exit(code);
    capture_end(&capture, said, sizeof(said));
    assert_int_equal(status, expected_status);
    assert_string_equal(said, expected);
}

static void exit_prints_the_sentence_of_this_failure_or_the_text(void **state)
{
    assert_int_equal(pinion__fail(PINION_EADDRINUSE, "port 4000 is taken"), PINION_EADDRINUSE);
    exit_says_why(PINION_EADDRINUSE, 1, "pinion: port 4000 is taken\n");
    exit_says_why(PINION_ENOMEM, 1, "pinion: out of memory\n");
    exit_says_why(0, 0, "");
}

static void a_limit_of_the_system_is_named_with_its_remedy(void **state)
{
    struct rlimit limit;
    char expected[64];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    snprintf(expected, sizeof expected, "may open %llu descriptors", (unsigned long long)limit.rlim_cur);
    assert_int_equal(pinion__fail_system(EMFILE, "cannot make %s", "a thing"), PINION_EIO);
    assert_non_null(strstr(pinion_error_detail(), "cannot make a thing: Too many open files"));
    assert_non_null(strstr(pinion_error_detail(), expected));
    assert_non_null(strstr(pinion_error_detail(), "ulimit -n"));
    assert_int_equal(pinion__fail_system(EAGAIN, "no thread"), PINION_EIO);
    assert_non_null(strstr(pinion_error_detail(), "TasksMax"));
    assert_int_equal(pinion__fail_system(ENOMEM, "no ring"), PINION_ENOMEM);
    assert_string_equal(pinion_error_detail(), "no ring: Cannot allocate memory");
    assert_string_equal(pinion__error_sentence(PINION_ENOMEM), pinion_error_detail());
    assert_string_equal(pinion__error_sentence(PINION_EBUSY), pinion_strerror(PINION_EBUSY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_nobody_defined_have_a_text),
        cmocka_unit_test(every_code_has_its_text_and_name),
        cmocka_unit_test_setup(a_failure_is_kept, keep_log_lines),
        cmocka_unit_test_setup(a_failure_may_quote_the_one_before, keep_log_lines),
        cmocka_unit_test_setup(a_long_sentence_is_cut, keep_log_lines),
        cmocka_unit_test_setup(a_limit_of_the_system_is_named_with_its_remedy, keep_log_lines),
        cmocka_unit_test_setup(another_thread_has_no_part_in_it, keep_log_lines),
        cmocka_unit_test_setup(exit_prints_the_sentence_of_this_failure_or_the_text, keep_log_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
