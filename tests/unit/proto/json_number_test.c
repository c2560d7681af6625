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

static void a_minus_zero_is_a_real(void **state)
{
    static const struct {
        const char *text, *real;
    } table[] = {
        { "-0", "-0.0" },
        { "[-0,0,-0]", "[-0.0,0,-0.0]" },
        { "[-0,-0.5,-0e1,-01]", "[-0.0,-0.5,-0e1,-01]" },
        { "{\"-0\":\"-0\",\"a\":-0}", "{\"-0\":\"-0\",\"a\":-0.0}" },
    };
    char out[100];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct pinion_slice text = pinion__slice_str(table[i].text);
        assert_true(pinion__json_has_minus_zero(text));
        size_t len = pinion__json_real_minus_zeros(text, out);
        assert_int_equal(len, strlen(table[i].real));
        assert_memory_equal(out, table[i].real, len);
    }
    assert_false(pinion__json_has_minus_zero(pinion__slice_str("")));
    assert_false(pinion__json_has_minus_zero(pinion__slice_str("[\"-0\",-0.0,-0e5,-1,10-0]")));
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
        cmocka_unit_test(every_real_reads_back_equal),  cmocka_unit_test(a_minus_zero_is_a_real),
        cmocka_unit_test(a_payload_keeps_its_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
