/* Patterns of origins: what is let in by which, and what is refused with the right spelling. */
#include "proto/origin_pattern.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static bool lets_in(const char *pattern_text, const char *origin_text)
{
    char why[PINION_ORIGIN_WHY];
    struct pinion_origin pattern, origin;
    if (!pinion__origin_pattern_read(pinion__slice_str(pattern_text), &pattern, why))
        fail_msg("%s is refused: %s", pattern_text, why);
    assert_true(pinion__origin_read(pinion__slice_str(origin_text), &origin));
    return pinion__origin_matches(&origin, &pattern);
}

static void expect_refused(const char *text, const char *sentence)
{
    char why[PINION_ORIGIN_WHY] = "";
    struct pinion_origin pattern;
    if (pinion__origin_pattern_read(pinion__slice_str(text), &pattern, why))
        fail_msg("%s is taken for an origin", text);
    if (!strstr(why, sentence))
        fail_msg("%s: \"%s\" does not say \"%s\"", text, why, sentence);
}

static void what_is_listed_is_let_in(void **state)
{
    assert_true(lets_in("https://example.com", "https://example.com"));
    assert_true(lets_in("https://example.com/", "https://example.com"));
    assert_true(lets_in("HTTPS://Example.COM:443", "https://example.com"));
    assert_true(lets_in("//example.com", "http://example.com:17"));
    assert_true(lets_in("//*.example.com", "https://a.b.example.com"));
    assert_true(lets_in("https://*.example.com:8443", "https://a.example.com:8443"));
    assert_true(lets_in("//localhost", "http://localhost:4000"));
    assert_true(lets_in("capacitor://localhost", "capacitor://localhost"));
    assert_true(lets_in("http://192.0.2.1:4000", "http://192.0.2.1:4000"));
    assert_true(lets_in("//my_host.7up", "http://my_host.7up"));
    assert_false(lets_in("//*.example.com", "https://evilexample.com"));
    assert_false(lets_in("http://192.0.2.1", "http://192.0.2.10"));
}

/* Browsers send one spelling; who lists an address need not know which. */
static void an_ipv6_address_is_let_in_however_it_is_written(void **state)
{
    assert_true(lets_in("http://[::1]:4000", "http://[::1]:4000"));
    assert_true(lets_in("http://[0:0:0:0:0:0:0:1]", "http://[::1]"));
    assert_true(lets_in("//[2001:DB8::0:1]", "http://[2001:db8::1]"));
    assert_true(lets_in("//[::ffff:192.0.2.1]", "http://[::ffff:c000:201]"));
    assert_false(lets_in("//[2001:db8::1]", "http://[2001:db8::2]"));
}

static void a_star_that_is_no_whole_name_is_refused(void **state)
{
    expect_refused("//*example.com", "\"//*.example.com\"");
    expect_refused("//*example.com", "\"//example.com\"");
    expect_refused("https://*example.com:8443", "\"https://*.example.com:8443\"");
    expect_refused("//a*.example.com", "\"//*.example.com\"");
    expect_refused("//a.*.example.com", "\"//*.example.com\"");
    expect_refused("//*.*.example.com", "\"//*.example.com\"");
    expect_refused("//**.example.com", "\"//*.example.com\"");
    expect_refused("//example.*", "\"//*.example.com\"");
    expect_refused("https://example.com:*", "without a port");
    expect_refused("//[*::1]", "\"//*.example.com\"");
}

static void a_star_alone_is_refused(void **state)
{
    expect_refused("*", "any_origin");
    expect_refused("//*", "any_origin");
    expect_refused("https://*", "any_origin");
    expect_refused("https://*:443", "any_origin");
    expect_refused("//*.", "any_origin");
    expect_refused("//*.:80", "any_origin");
    expect_refused("*://example.com", "\"//example.com\"");
}

static void what_no_page_can_have_is_refused(void **state)
{
    expect_refused("", "\"https://example.com\"");
    expect_refused("null", "\"https://example.com\"");
    expect_refused("example.com", "\"https://example.com\"");
    expect_refused("https:example.com", "\"https://example.com\"");
    expect_refused("https://", "\"https://example.com\"");
    expect_refused("https://:443", "\"https://example.com\"");
    expect_refused("https://example.com:", "\"https://example.com:8443\"");
    expect_refused("https://example.com:0", "\"https://example.com:8443\"");
    expect_refused("https://example.com:99999", "\"https://example.com:8443\"");
    expect_refused("https://user@example.com", "\"https://example.com\"");
    expect_refused(" https://example.com", "scheme");
    expect_refused("ht_tp://example.com", "scheme");
    expect_refused("7z://example.com", "scheme");
    expect_refused("https://example.com ", "\"https://example.com\"");
    expect_refused("https://example.com, https://example.org", "\"https://example.com\"");
}

static void hosts_with_dots_astray_are_refused(void **state)
{
    expect_refused("//.example.com", "\"//*.example.com\"");
    expect_refused("https://example.com.", "the dot at the end");
    expect_refused("//*.example.com.", "the dot at the end");
    expect_refused("//example..com", "two dots");
    expect_refused("//*..com", "two dots");
    expect_refused("//.", "dot");
}

static void addresses_that_browsers_write_otherwise_are_refused(void **state)
{
    expect_refused("http://[::1", "\"https://example.com\"");
    expect_refused("http://[::g]", "IPv6");
    expect_refused("http://[:::1]", "IPv6");
    expect_refused("http://[1:2]", "IPv6");
    expect_refused("http://[fe80::1%eth0]", "IPv6");
    expect_refused("http://127.1", "IPv4");
    expect_refused("http://192.0.2.256", "IPv4");
    expect_refused("http://192.0.2.0x1", "IPv4");
    expect_refused("http://1.2.3.4.5.6.7.8.9.10", "IPv4");
}

static void paths_and_letters_that_are_not_sent_are_refused(void **state)
{
    expect_refused("https://example.com/app", "path");
    expect_refused("https://example.com//", "path");
    expect_refused("https://example.com?a", "path");
    expect_refused("https://example.com#a", "path");
    expect_refused("https://m\xC3\xBCnchen.example", "xn--");
}

static void a_sentence_has_an_end(void **state)
{
    char text[2000];
    memset(text, 'a', sizeof text);
    memcpy(text, "//*", 3);
    text[sizeof text - 1] = '\0';
    expect_refused(text, "for the domain alone");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_listed_is_let_in),
        cmocka_unit_test(an_ipv6_address_is_let_in_however_it_is_written),
        cmocka_unit_test(a_star_that_is_no_whole_name_is_refused),
        cmocka_unit_test(a_star_alone_is_refused),
        cmocka_unit_test(what_no_page_can_have_is_refused),
        cmocka_unit_test(hosts_with_dots_astray_are_refused),
        cmocka_unit_test(addresses_that_browsers_write_otherwise_are_refused),
        cmocka_unit_test(paths_and_letters_that_are_not_sent_are_refused),
        cmocka_unit_test(a_sentence_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
