#include "token/secret.h"
#include <pinion/endpoint.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helpers/slices.h"

#define VARIABLE "PINION_SECRET_KEY_BASE"

/* 64 bytes, and one less. */
#define LONG_ENOUGH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TOO_SHORT   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define ANOTHER     "another secret of sixty-four bytes, which comes from elsewhere, ."

static struct pinion_secret secret;

static int set_up(void **state)
{
    unsetenv(VARIABLE);
    return pinion__secret_init(&secret);
}

static int tear_down(void **state)
{
    unsetenv(VARIABLE);
    pinion__secret_release(&secret);
    return 0;
}

static struct pinion_slice bytes_of(const struct pinion_secret *of)
{
    return pinion__slice(of->bytes, of->len);
}

static void at_first_it_is_random(void **state)
{
    struct pinion_secret other;
    assert_int_equal(pinion__secret_init(&other), 0);
    assert_int_equal(secret.len, 64);
    assert_false(secret.missing);
    assert_false(pinion__slice_eq(bytes_of(&secret), bytes_of(&other)));
    pinion__secret_release(&other);
    assert_null(other.bytes);
}

static void the_option_is_copied(void **state)
{
    char text[] = LONG_ENOUGH;
    assert_int_equal(pinion__secret_configure(&secret, text), 0);
    memset(text, 'x', sizeof text - 1);
    assert_slice(bytes_of(&secret), LONG_ENOUGH);
    assert_false(secret.missing);
}

static void without_the_option_the_environment_counts(void **state)
{
    setenv(VARIABLE, ANOTHER, 1);
    assert_int_equal(pinion__secret_configure(&secret, NULL), 0);
    assert_slice(bytes_of(&secret), ANOTHER);
    assert_int_equal(pinion__secret_configure(&secret, LONG_ENOUGH), 0);
    assert_slice(bytes_of(&secret), LONG_ENOUGH);
}

static void without_both_it_stays_random_and_is_missing(void **state)
{
    for (int set = 0; set <= 1; set++) {
        if (set)
            setenv(VARIABLE, "", 1);
        assert_int_equal(pinion__secret_configure(&secret, NULL), 0);
        assert_true(secret.missing);
        assert_int_equal(secret.len, 64);
    }
}

static void a_short_one_is_refused_with_advice(void **state)
{
    assert_int_equal(pinion__secret_configure(&secret, TOO_SHORT), PINION_EINVAL);
    assert_string_equal(pinion_error_detail(),
                        "secret_key_base: 63 bytes are too few for a secret: it needs at least 64; "
                        "`openssl rand -base64 48` prints a good one");
    assert_int_equal(pinion__secret_configure(&secret, ""), PINION_EINVAL);
    setenv(VARIABLE, TOO_SHORT, 1);
    assert_int_equal(pinion__secret_configure(&secret, NULL), PINION_EINVAL);
    assert_memory_equal(pinion_error_detail(), VARIABLE ": 63 bytes", strlen(VARIABLE) + 10);
}

static void an_endpoint_is_not_made_with_a_short_one(void **state)
{
    pinion_endpoint *endpoint = NULL;
    int rc = pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .secret_key_base = TOO_SHORT });
    assert_int_equal(rc, PINION_EINVAL);
    assert_null(endpoint);
    assert_int_equal(
        pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .secret_key_base = LONG_ENOUGH }), 0);
    pinion_endpoint_free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(at_first_it_is_random, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_option_is_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_the_option_the_environment_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_both_it_stays_random_and_is_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_short_one_is_refused_with_advice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_endpoint_is_not_made_with_a_short_one, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
