/* Every text ends at a guard page. */
#include "helpers/guard.h"
#include "proto/http1_host.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static struct guard guard;

static bool is_host(const char *text)
{
    return pinion__http1_is_host(pinion__slice(guard_place(&guard, text, strlen(text)), strlen(text)));
}

static void hosts_are_names_addresses_and_ports(void **state)
{
    static const char *const hosts[] = {
        "example.com",      "example.com:80", "example.com:",  "a:65535",   "a:00080",
        "127.0.0.1:4000",   "_a-b~.c",        "[::1]",         "[::1]:443", "[::1]:",
        "[::ffff:1.2.3.4]", "a%7Eb",          "a!$&'()*+,;=b", "A.",
    };
    for (size_t i = 0; i < LEN(hosts); i++)
        assert_true(is_host(hosts[i]));
}

static void what_is_no_host_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        ":",
        ":80",
        "a:b",
        "a:80:80",
        "a:65536",
        "a:99999999999",
        "a: 80",
        "a b",
        "user@a",
        "a/b",
        "a?b",
        "a#b",
        "[::1",
        "::1",
        "[g::1]",
        "[]",
        "[::1]x",
        "[::1]80",
        "[::1]:x",
        "[:::1]",
        "a[::1]",
        "[1.2.3.4]",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "a%zz",
        "a%4",
        "a%",
        "\xc3\xa9.com",
        "a\"b",
        "[11111:1111:1111:1111:1111:1111:1111:1111:1111:1111]",
    };
    for (size_t i = 0; i < LEN(texts); i++) {
        if (is_host(texts[i]))
            print_message("%s\n", texts[i]);
        assert_false(is_host(texts[i]));
    }
}

static void a_nul_ends_nothing(void **state)
{
    assert_false(pinion__http1_is_host(pinion__slice("a\0b", 3)));
    assert_false(pinion__http1_is_host(pinion__slice("[::1\0]", 6)));
}

static int set_up(void **state)
{
    guard = guard_new(1024);
    return 0;
}

static int tear_down(void **state)
{
    guard_free(&guard);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_names_addresses_and_ports),
        cmocka_unit_test(what_is_no_host_is_refused),
        cmocka_unit_test(a_nul_ends_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
