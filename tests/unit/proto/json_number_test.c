#include "proto/json_number.h"
#include "proto/payload.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helpers/random.h"

static void check_shortened(const char *text, const char *expected)
{
    size_t len = strlen(text);
    char *copy = malloc(len); /* exactly, so that a sanitizer sees a byte too many */
    memcpy(copy, text, len);
    size_t short_len = pinion__json_shorten_reals(copy, len);
    if (short_len != strlen(expected) || memcmp(copy, expected, short_len) != 0)
        fail_msg("%s became %.*s", text, (int)short_len, copy);
    free(copy);
}

static void reals_have_the_fewest_digits(void **state)
{
    check_shortened("0.10000000000000001", "0.1");
    check_shortened("-0.10000000000000001", "-0.1");
    check_shortened("[0.10000000000000001,0.20000000000000001,0.30000000000000004]",
                    "[0.1,0.2,0.30000000000000004]");
    check_shortened("{\"a\":1.1000000000000001,\"b\":[2.2000000000000002]}", "{\"a\":1.1,\"b\":[2.2]}");
    check_shortened("1.2345678901234568e17", "1.2345678901234568e17");
    check_shortened("1.0000000000000001e-05", "1e-5");
    check_shortened("9007199254740992.0", "9007199254740992.0");
    check_shortened("123456789012345.5", "123456789012345.5");
    check_shortened("4.9406564584124654e-324", "5e-324");
    check_shortened("9.2233720368547758e18", "9.223372036854776e18");
    check_shortened("1.7976931348623157e308", "1.7976931348623157e308");
}

static void what_is_no_long_real_stays(void **state)
{
    static const char *const texts[] = {
        "",
        "0",
        "0.5",
        "true",
        "12345678901234567890",
        "\"0.10000000000000001\"",
        "{\"0.10000000000000001\":\"a\\\"0.10000000000000001\"}",
        "[\"\\\\\",0.5]",
        "[-1,1e5,null,\"e.\"]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_shortened(texts[i], texts[i]);
}

/* Every real that is printed reads back as itself, in a payload as in JSON. */
static void every_real_reads_back_equal(void **state)
{
    struct random_source source = { .state = 1 };
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = random_next(&source);
        double value, read;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        pinion_payload *payload = pinion_json("[f]", value);
        size_t len;
        const char *text = pinion_payload_bytes(payload, &len);
        char copy[64];
        assert_true(len > 2 && len < sizeof copy);
        memcpy(copy, text + 1, len - 2);
        copy[len - 2] = '\0';
        read = strtod(copy, NULL);
        assert_memory_equal(&read, &value, sizeof read);
        assert_non_null(strpbrk(copy, ".e"));
        pinion_payload_unref(payload);
    }
}

/* In memory that ends where the number ends, or goes on with something else. */
static enum pinion_json_number read_number(const char *text, int64_t *integer, double *real)
{
    size_t len = strlen(text);
    char *copy = malloc(len + 1);
    memcpy(copy, text, len);
    copy[len] = ',';
    struct pinion_slice number = pinion__json_number_at(pinion__slice(copy, len + 1));
    assert_int_equal(number.len, len);
    copy = realloc(copy, len);
    enum pinion_json_number kind = pinion__json_read_number(pinion__slice(copy, len), integer, real);
    free(copy);
    return kind;
}

static void check_integer(const char *text, int64_t expected)
{
    int64_t integer;
    double real;
    assert_int_equal(read_number(text, &integer, &real), PINION_JSON_INTEGER);
    assert_int_equal(integer, expected);
}

static void check_real(const char *text, enum pinion_json_number kind, double expected)
{
    int64_t integer;
    double real;
    assert_int_equal(read_number(text, &integer, &real), kind);
    if (real != expected || signbit(real) != signbit(expected))
        fail_msg("%s became %.17g", text, real);
}

static void numbers_are_read(void **state)
{
    check_integer("0", 0);
    check_integer("-1", -1);
    check_integer("9223372036854775807", INT64_MAX);
    check_integer("-9223372036854775808", INT64_MIN);
    check_real("-0", PINION_JSON_REAL, -0.0);
    check_real("-0.0", PINION_JSON_REAL, -0.0);
    check_real("0.1", PINION_JSON_REAL, 0.1);
    check_real("1E2", PINION_JSON_REAL, 100);
    check_real("1e-400", PINION_JSON_REAL, 0);
    check_real("9223372036854775808", PINION_JSON_WIDE, 9223372036854775808.0);
    check_real("-92233720368547758080", PINION_JSON_WIDE, -92233720368547758080.0);
    check_real("0.1000000000000000000000000000000000000000000000000000000000000000000000", PINION_JSON_REAL,
               0.1);
}

static void a_payload_keeps_its_numbers(void **state)
{
    static const char sent[] = "{\"a\":[0.1,-0,1.5e-7,-0.0,3]}";
    pinion_payload *payload = pinion_payload_text(sent, sizeof sent - 1);
    pinion_payload *again = pinion_json("{s:O}", "a", pinion_payload_get(payload, "a"));
    size_t len;
    const char *text = pinion_payload_bytes(again, &len);
    assert_int_equal(len, strlen("{\"a\":[0.1,-0.0,1.5e-7,-0.0,3]}"));
    assert_memory_equal(text, "{\"a\":[0.1,-0.0,1.5e-7,-0.0,3]}", len);
    pinion_payload_unref(payload);
    pinion_payload_unref(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reals_have_the_fewest_digits), cmocka_unit_test(what_is_no_long_real_stays),
        cmocka_unit_test(every_real_reads_back_equal),  cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(a_payload_keeps_its_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
