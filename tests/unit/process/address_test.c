/* Addresses: from names and sockets, compared, and as text. */
#include "process/address.h"
#include <arpa/inet.h>
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct pinion_address ip(const char *host, uint16_t port)
{
    struct pinion_address addresses[PINION_ADDRESSES];
    unsigned count;
    assert_int_equal(pinion__address_resolve(host, addresses, &count), 0);
    assert_int_equal(count, 1);
    pinion__address_set_port(&addresses[0], port);
    return addresses[0];
}

/* The name of a unix-domain socket bound to these bytes. */
static struct pinion_address local(const char *name, size_t len)
{
    struct pinion_address address = { .len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len) };
    struct sockaddr_un *un = (struct sockaddr_un *)&address.storage;
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, name, len);
    return address;
}

static void as_text(const struct pinion_address *address, const char *expected)
{
    char text[PINION_ADDRESS_TEXT];
    assert_string_equal(pinion__address_text(address, text), expected);
}

static void each_kind_has_its_text(void **state)
{
    struct pinion_address v4 = ip("127.0.0.1", 4000), v6 = ip("2001:db8::7", 65535);
    struct pinion_address path = local("/run/chat.sock", sizeof "/run/chat.sock"),
                          abstract = local("\0chat", 5), none = local("", 0);
    as_text(&v4, "127.0.0.1:4000");
    as_text(&v6, "[2001:db8::7]:65535");
    as_text(&path, "unix:/run/chat.sock");
    as_text(&abstract, "unix:@chat");
    as_text(&none, "unix:");
}

static void the_longest_name_has_its_text(void **state)
{
    char name[sizeof((struct sockaddr_un *)NULL)->sun_path], text[PINION_ADDRESS_TEXT];
    memset(name, 'x', sizeof name); /* such a name has no terminator */
    struct pinion_address address = local(name, sizeof name);
    assert_int_equal(strlen(pinion__address_text(&address, text)), strlen("unix:") + sizeof name);
}

static void ports_do_not_count_for_the_host(void **state)
{
    struct pinion_address one = ip("127.0.0.1", 1), same = ip("127.0.0.1", 2), other = ip("127.0.0.2", 1);
    struct pinion_address six = ip("::1", 1), same_six = ip("::1", 2), other_six = ip("::2", 1);
    struct pinion_address path = local("/run/a", 7);
    assert_true(pinion__address_same_host(&one, &same));
    assert_false(pinion__address_same_host(&one, &other));
    assert_true(pinion__address_same_host(&six, &same_six));
    assert_false(pinion__address_same_host(&six, &other_six));
    assert_false(pinion__address_same_host(&one, &six));
    assert_false(pinion__address_same_host(&path, &path));
}

static void only_ip_has_ports(void **state)
{
    struct pinion_address v4 = ip("127.0.0.1", 4000), v6 = ip("::1", 4001), path = local("/run/a", 7);
    assert_int_equal(pinion__address_port(&v4), 4000);
    assert_int_equal(pinion__address_port(&v6), 4001);
    assert_int_equal(pinion__address_port(&path), 0);
}

static void a_host_that_is_none_is_named(void **state)
{
    struct pinion_address addresses[PINION_ADDRESSES];
    unsigned count = 7;
    assert_int_equal(pinion__address_resolve("no such host", addresses, &count), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "\"no such host\""));
    assert_int_equal(count, 7);
}

static void what_is_no_socket_has_no_address(void **state)
{
    struct pinion_address address;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pinion__address_of(ends[0], &address), PINION_EIO);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_text),          cmocka_unit_test(the_longest_name_has_its_text),
        cmocka_unit_test(ports_do_not_count_for_the_host), cmocka_unit_test(only_ip_has_ports),
        cmocka_unit_test(a_host_that_is_none_is_named),    cmocka_unit_test(what_is_no_socket_has_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
