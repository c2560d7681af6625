/* Who has to go when there are as many sessions of long polling as may be. */
#include "helpers/capture.h"
#include "transport/longpoll_seats.h"
#include <arpa/inet.h>
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SEATS 200

static struct pinion_longpoll_seats seats;
static struct pinion_longpoll_seat seat[SEATS];
static uint64_t now;

static struct pinion_longpoll_client from(const char *address)
{
    struct pinion_longpoll_client client = { .known = address != NULL };
    if (!address)
        return client;
    if (inet_pton(AF_INET6, address, client.address) == 1)
        return client;
    memcpy(client.address, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
    assert_int_equal(inet_pton(AF_INET, address, client.address + 12), 1);
    return client;
}

/* Seat `number` is taken; gives who has to go for it, or -1. */
static int take(int number, const char *address)
{
    struct pinion_longpoll_client client = from(address);
    struct pinion_longpoll_evicted evicted;
    memset(&seat[number], 0, sizeof seat[number]);
    pinion__list_init(&seat[number].node);
    seat[number].loop = (unsigned)number;
    assert_int_equal(pinion__longpoll_seats_take(&seats, &seat[number], &client, now, &evicted), 0);
    if (!evicted.any)
        return -1;
    assert_null(seat[evicted.loop].group);
    pinion__longpoll_seats_left(&seats);
    return (int)evicted.loop;
}

static void poll_it(int number)
{
    pinion__longpoll_seats_polled(&seats, &seat[number]);
}

static void have(size_t max)
{
    now = 1000000;
    memset(seat, 0, sizeof seat);
    pinion__longpoll_seats_init(&seats, max);
}

static int end_test(void **state)
{
    for (int i = 0; i < SEATS; i++)
        pinion__longpoll_seats_give(&seats, &seat[i]);
    pinion__longpoll_seats_release(&seats);
    return 0;
}

static void nobody_goes_while_there_is_room(void **state)
{
    have(3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(i, "10.0.0.1"), -1);
    pinion__longpoll_seats_give(&seats, &seat[1]);
    assert_int_equal(take(3, "10.0.0.1"), -1);
    assert_int_equal(take(4, "10.0.0.1"), 0);
}

static void those_never_polled_go_first_the_oldest_of_them(void **state)
{
    have(4);
    for (int i = 0; i < 4; i++)
        take(i, "10.0.0.1");
    poll_it(0);
    poll_it(2);
    assert_int_equal(take(4, "10.0.0.1"), 1);
    assert_int_equal(take(5, "10.0.0.1"), 3);
    assert_int_equal(take(6, "10.0.0.1"), 4);
}

static void of_the_address_that_has_most_of_them(void **state)
{
    have(6);
    take(0, "10.0.0.1");
    for (int i = 1; i < 4; i++)
        take(i, "10.0.0.2");
    take(4, "10.0.0.3");
    take(5, "10.0.0.3");
    assert_int_equal(take(6, "10.0.0.4"), 1);
    assert_int_equal(take(7, "10.0.0.4"), 2); /* two each: the older ones */
    assert_int_equal(take(8, "10.0.0.4"), 4);
}

static void then_those_of_the_address_that_has_most(void **state)
{
    have(5);
    for (int i = 0; i < 5; i++) {
        take(i, i < 3 ? "10.0.0.1" : "10.0.0.2");
        poll_it(i);
    }
    poll_it(0);
    assert_int_equal(take(5, "10.0.0.3"), 1);
    poll_it(5);
    assert_int_equal(take(6, "10.0.0.1"), 2);
    poll_it(6);
}

static void of_ipv6_the_network_counts(void **state)
{
    have(3);
    take(0, "2001:db8::1");
    take(1, "2001:db8:1::1");
    take(2, "2001:db8:1::2");
    assert_int_equal(take(3, "2001:db8:2::1"), 1);
}

/* Unix sockets: they are not held for one who has most. */
static void clients_without_an_address_come_last(void **state)
{
    have(4);
    for (int i = 0; i < 4; i++) {
        take(i, i == 2 ? "10.0.0.1" : NULL);
        poll_it(i);
    }
    assert_int_equal(take(4, NULL), 2);
    poll_it(4);
    assert_int_equal(take(5, NULL), 0);
    poll_it(5);
    assert_int_equal(take(6, "10.0.0.1"), 1);
}

/* One address has the house full of polled sessions, and begins more without end. Another client has time for
 * its first poll all the same. */
static void who_has_just_come_is_spared_before_a_hog(void **state)
{
    have(100);
    for (int i = 0; i < 100; i++) {
        take(i, "10.0.0.1");
        poll_it(i);
    }
    assert_int_equal(take(100, "10.0.0.2"), 0);
    for (int i = 101; i < 150; i++) {
        assert_int_not_equal(take(i, "10.0.0.1"), 100);
        poll_it(i);
        now++;
    }
    now += 2000;
    assert_int_equal(take(150, "10.0.0.1"), 100); /* it never came */
}

static void those_on_their_way_out_are_bounded(void **state)
{
    struct pinion_longpoll_client client = from("10.0.0.1");
    struct pinion_longpoll_evicted evicted;
    have(1);
    take(0, "10.0.0.1");
    for (int i = 1; i <= 64; i++) {
        assert_int_equal(pinion__longpoll_seats_take(&seats, &seat[i], &client, now, &evicted), 0);
        assert_true(evicted.any);
    }
    assert_int_equal(pinion__longpoll_seats_take(&seats, &seat[65], &client, now, &evicted), PINION_EBUSY);
    assert_false(evicted.any);
    pinion__longpoll_seats_left(&seats);
    assert_int_equal(pinion__longpoll_seats_take(&seats, &seat[65], &client, now, &evicted), 0);
}

static void an_address_that_has_over_half_is_named_once_a_minute(void **state)
{
    struct capture capture = { 0 };
    char said[2000];
    have(4);
    for (int i = 0; i < 4; i++)
        take(i, i < 3 ? "10.0.0.1" : "10.0.0.2");
    assert_int_equal(capture_begin(&capture), 0);
    for (int i = 4; i < 10; i++)
        take(i, "10.0.0.1");
    now += 59999;
    take(10, "10.0.0.1");
    capture_end(&capture, said, sizeof said);
    assert_non_null(
        strstr(said, "ended or refused 1. 3 of the 4 there are come from 10.0.0.1: if that is a proxy"));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    assert_int_equal(capture_begin(&capture), 0);
    now++;
    take(11, "10.0.0.1");
    capture_end(&capture, said, sizeof said);
    assert_non_null(strstr(said, "ended or refused 7"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, end_test)
    const struct CMUnitTest tests[] = {
        TEST(nobody_goes_while_there_is_room),
        TEST(those_never_polled_go_first_the_oldest_of_them),
        TEST(of_the_address_that_has_most_of_them),
        TEST(then_those_of_the_address_that_has_most),
        TEST(of_ipv6_the_network_counts),
        TEST(clients_without_an_address_come_last),
        TEST(who_has_just_come_is_spared_before_a_hog),
        TEST(those_on_their_way_out_are_bounded),
        TEST(an_address_that_has_over_half_is_named_once_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
