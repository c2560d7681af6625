/* Whose word is taken for where a request comes from. */
#include "proto/forwarded.h"
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define TRUSTED "10.0.0.0/8", "192.0.2.1", "::1", "2001:db8::/32"

static char head[2000];
static struct pinion_http_request request;
static struct pinion_forwarded found;

static void look_as(const char *peer, const char *headers)
{
    static const char *const names[] = { TRUSTED };
    struct pinion_network trusted[4];
    uint8_t address[16];
    snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", headers);
    assert_true(pinion__http1_parse(head, strlen(head), 0, &request) > 0);
    for (size_t i = 0; i < 4; i++)
        assert_true(pinion__network_read(pinion__slice_str(names[i]), &trusted[i]));
    assert_true(pinion__address_read(pinion__slice_str(peer), address));
    pinion__forwarded(&request, address, 1234, trusted, 4, &found);
}

/* The client's address and port, and what is known of its request. */
static void expect(const char *address, int port, const char *scheme, const char *host)
{
    uint8_t expected[16];
    assert_true(pinion__address_read(pinion__slice_str(address), expected));
    if (memcmp(found.address, expected, 16) != 0) {
        char text[INET6_ADDRSTRLEN];
        fail_msg("expected %s, got %s", address, inet_ntop(AF_INET6, found.address, text, sizeof text));
    }
    assert_int_equal(found.port, port);
    assert_true(pinion__slice_is(found.scheme, scheme));
    assert_true(pinion__slice_is(found.host, host));
}

static void a_stranger_is_not_believed(void **state)
{
    look_as("203.0.113.7",
            "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\nForwarded: for=1.2.3.4\r\n");
    expect("203.0.113.7", 1234, "", "");
}

static void a_trusted_proxy_is(void **state)
{
    look_as("10.1.2.3",
            "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: example.com\r\n");
    expect("198.51.100.1", 0, "https", "example.com");
    look_as("10.1.2.3", "X-Forwarded-For: 198.51.100.1:4711\r\nX-Forwarded-Port: 8443\r\n");
    expect("198.51.100.1", 4711, "", "");
    assert_int_equal(found.host_port, 8443);
    look_as("2001:db8::9", "X-Forwarded-For: 2400::1\r\n");
    expect("2400::1", 0, "", "");
}

static void it_may_have_nothing_to_say(void **state)
{
    look_as("10.1.2.3", "");
    expect("10.1.2.3", 1234, "", "");
}

/* What a client wrote itself stands left of what our proxies added. */
static void the_nearest_stranger_is_the_client(void **state)
{
    look_as("10.1.2.3", "X-Forwarded-For: 1.1.1.1, 198.51.100.1, 10.9.9.9\r\n");
    expect("198.51.100.1", 0, "", "");
    look_as("10.1.2.3",
            "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 192.0.2.1\r\n");
    expect("198.51.100.1", 0, "", "");
    look_as("10.1.2.3", "X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n");
    expect("10.0.0.1", 0, "", "");
}

static void the_scheme_is_of_the_same_hop(void **state)
{
    look_as("10.1.2.3",
            "X-Forwarded-For: 1.1.1.1, 198.51.100.1, 10.9.9.9\r\nX-Forwarded-Proto: ftp, https, http\r\n");
    expect("198.51.100.1", 0, "https", "");
    look_as("10.1.2.3", "X-Forwarded-For: 198.51.100.1, 10.9.9.9\r\nX-Forwarded-Proto: https\r\n");
    expect("198.51.100.1", 0, "https", "");
}

static void nonsense_ends_the_way(void **state)
{
    look_as("10.1.2.3", "X-Forwarded-For: 198.51.100.1, unknown, 10.9.9.9\r\n");
    expect("10.9.9.9", 0, "", "");
    look_as("10.1.2.3", "X-Forwarded-For: , ,\r\n");
    expect("10.1.2.3", 1234, "", "");
    look_as("10.1.2.3", "X-Forwarded-For: 300.1.1.1\r\n");
    expect("10.1.2.3", 1234, "", "");
}

static void a_way_has_an_end(void **state)
{
    char headers[1500] = "X-Forwarded-For: 198.51.100.1";
    for (int i = 0; i < 50; i++)
        strcat(headers, ", 10.0.0.1");
    strcat(headers, "\r\n");
    look_as("10.1.2.3", headers);
    expect("10.0.0.1", 0, "", "");
}

static void forwarded_of_rfc_7239(void **state)
{
    look_as("10.1.2.3", "Forwarded: for=198.51.100.1;proto=https;host=example.com\r\n");
    expect("198.51.100.1", 0, "https", "example.com");
    look_as("10.1.2.3",
            "Forwarded: for=1.1.1.1, For=\"[2400::1]:99\"; Proto=https, for=10.2.2.2;proto=http\r\n");
    expect("2400::1", 99, "https", "");
    look_as("10.1.2.3", "Forwarded: for=_hidden\r\n");
    expect("10.1.2.3", 1234, "", "");
}

/* A client's Host, which a proxy passes on in quotes, may hold commas and semicolons. */
static void what_stands_in_quotes_of_forwarded_is_no_address(void **state)
{
    look_as("10.0.0.1", "Forwarded: proto=http;host=\"x,for=6.6.6.6;y=\";for=198.51.100.1\r\n");
    expect("198.51.100.1", 0, "http", "x,for=6.6.6.6;y=");
    look_as("10.0.0.1", "Forwarded: host=\"x;for=6.6.6.6;y=\";for=198.51.100.1\r\n");
    expect("198.51.100.1", 0, "", "x;for=6.6.6.6;y=");
    look_as("10.0.0.1", "Forwarded: host=\"\\\"x\\\\\\\",for=6.6.6.6\";for=198.51.100.1\r\n");
    expect("198.51.100.1", 0, "", "\\\"x\\\\\\\",for=6.6.6.6");
}

static void a_quote_left_open_does_not_reach_into_what_a_proxy_wrote(void **state)
{
    look_as("10.0.0.1", "Forwarded: for=6.6.6.6;x=\", for=198.51.100.1\r\n");
    expect("198.51.100.1", 0, "", "");
    look_as("10.0.0.1", "Forwarded: for=6.6.6.6;x=\"\\, for=198.51.100.1;host=\"a\"\r\n");
    expect("198.51.100.1", 0, "", "a");
}

/* A client that says Forwarded to a proxy which only knows X-Forwarded-For. */
static void x_forwarded_for_counts_before_forwarded(void **state)
{
    look_as("10.1.2.3",
            "Forwarded: for=9.9.9.9;proto=https;host=evil.example\r\nX-Forwarded-For: 198.51.100.1\r\n");
    expect("198.51.100.1", 0, "", "");
    look_as("10.1.2.3", "X-Forwarded-For:\r\nForwarded: for=9.9.9.9\r\nX-Forwarded-For: 198.51.100.1\r\n");
    expect("198.51.100.1", 0, "", "");
}

static void networks_are_read(void **state)
{
    static const char *const bad[] = { "",           "x",      "10.0.0.0/33", "10.0.0.0/",  "::/129",
                                       "10.0.0.0/x", "10.0.0", "10.0.0.0/-1", "1.1.1.1:80", "[::1]" };
    struct pinion_network network;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(pinion__network_read(pinion__slice_str(bad[i]), &network));
    assert_true(pinion__network_read(pinion__slice_str("0.0.0.0/0"), &network));
    assert_int_equal(network.bits, 96);
    assert_true(pinion__network_read(pinion__slice_str("::/0"), &network));
    assert_int_equal(network.bits, 0);
    assert_true(pinion__network_read(pinion__slice_str("10.16.0.0/12"), &network));
    assert_int_equal(network.bits, 108);
}

/* The proxies of one vendor write the scheme of a WebSocket; others write capitals. */
static void schemes_are_read_as_http_or_https(void **state)
{
    static const char *const table[][2] = {
        { "ws", "http" }, { "wss", "https" }, { "WSS", "https" }, { "HTTPS", "https" }, { "Http", "http" },
        { "ftp", "" },    { "", "" },         { "httpsx", "" },   { "https;x", "" },
    };
    char headers[200];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        snprintf(headers, sizeof headers, "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: %s\r\n",
                 table[i][0]);
        look_as("10.1.2.3", headers);
        expect("198.51.100.1", 0, table[i][1], "");
        snprintf(headers, sizeof headers, "Forwarded: for=198.51.100.1;proto=\"%s\"\r\n", table[i][0]);
        look_as("10.1.2.3", headers);
        expect("198.51.100.1", 0, table[i][1], "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemes_are_read_as_http_or_https),
        cmocka_unit_test(a_stranger_is_not_believed),
        cmocka_unit_test(a_trusted_proxy_is),
        cmocka_unit_test(it_may_have_nothing_to_say),
        cmocka_unit_test(the_nearest_stranger_is_the_client),
        cmocka_unit_test(the_scheme_is_of_the_same_hop),
        cmocka_unit_test(nonsense_ends_the_way),
        cmocka_unit_test(a_way_has_an_end),
        cmocka_unit_test(forwarded_of_rfc_7239),
        cmocka_unit_test(what_stands_in_quotes_of_forwarded_is_no_address),
        cmocka_unit_test(a_quote_left_open_does_not_reach_into_what_a_proxy_wrote),
        cmocka_unit_test(x_forwarded_for_counts_before_forwarded),
        cmocka_unit_test(networks_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
