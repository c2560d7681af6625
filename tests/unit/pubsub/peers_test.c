/* Who is there, who has gone, and who is expected back. */
#include "pubsub/peers.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct pinion_peers peers;
static char told[256];

static int begin(void **state)
{
    told[0] = '\0';
    return pinion__peers_init(&peers);
}

static int finish(void **state)
{
    pinion__peers_release(&peers);
    return 0;
}

static void tell(void *context, const char *node, bool up)
{
    size_t len = strlen(told);
    snprintf(told + len, sizeof told - len, "%s%c ", node, up ? '+' : '-');
}

static void hear(const char *node, uint64_t life, unsigned flags, uint64_t now)
{
    const struct pinion_notice notice = {
        .flags = flags, .life = life, .born = life, .node = pinion__slice_str(node)
    };
    pinion__peers_hear(&peers, &notice, now, tell, NULL);
}

static void expect(const char *text)
{
    assert_string_equal(told, text);
    told[0] = '\0';
}

static void they_come_and_go(void **state)
{
    hear("a", 1, PINION_NOTICE_RUNS, 1000);
    hear("b", 1, PINION_NOTICE_RUNS, 1000);
    hear("a", 1, PINION_NOTICE_RUNS, 2000);
    expect("a+ b+ ");
    assert_int_equal(pinion__peers_up(&peers), 2);
    hear("a", 1, PINION_NOTICE_BYE, 2500);
    expect("a- ");
    pinion__peers_check(&peers, 1000 + PINION_PEER_DOWN_MS - 1, tell, NULL);
    expect("");
    pinion__peers_check(&peers, 1000 + PINION_PEER_DOWN_MS, tell, NULL);
    expect("b- ");
    hear("b", 1, PINION_NOTICE_RUNS, 9000);
    expect("b+ ");
    hear("nobody", 1, PINION_NOTICE_BYE, 9000);
    expect("");
    assert_int_equal(pinion__peers_up(&peers), 1);
}

static void a_new_life_ends_the_old_one(void **state)
{
    hear("a", 1, PINION_NOTICE_RUNS, 1000);
    hear("a", 2, PINION_NOTICE_RUNS, 1000);
    expect("a+ a- a+ ");
    hear("a", 1, PINION_NOTICE_RUNS, 1500); /* which still serves for a while */
    hear("a", 1, PINION_NOTICE_BYE, 1600);
    expect("");
    hear("a", 2, PINION_NOTICE_BYE, 1700);
    expect("a- ");
    hear("a", 1, PINION_NOTICE_RUNS, 1800);
    expect("a+ ");
}

static void a_message_that_nobody_got(void **state)
{
    hear("a", 1, PINION_NOTICE_RUNS, 1000);
    pinion__peers_miss(&peers, "a", tell, NULL);
    pinion__peers_miss(&peers, "a", tell, NULL);
    expect("a+ a- ");
    pinion__peers_miss(&peers, "stranger", tell, NULL); /* nothing is kept of it */
    expect("stranger- stranger+ ");
    hear("a", 1, PINION_NOTICE_RUNS, 1000);
    expect("a+ ");
}

static void those_of_before_an_outage_are_expected(void **state)
{
    hear("a", 1, PINION_NOTICE_RUNS, 10000);
    hear("b", 1, PINION_NOTICE_RUNS, 10000);
    hear("left", 1, PINION_NOTICE_RUNS, 10000);
    hear("left", 1, PINION_NOTICE_BYE, 10000);
    pinion__peers_check(&peers, 14000, tell, NULL); /* silent, as behind a broker that hangs */
    pinion__peers_await(&peers, 15000);
    assert_int_equal(pinion__peers_awaited(&peers), 2);
    hear("a", 1, PINION_NOTICE_RUNS, 16000);
    assert_int_equal(pinion__peers_awaited(&peers), 1);
    assert_int_equal(pinion__peers_give_up(&peers), 1);
    assert_int_equal(pinion__peers_awaited(&peers), 0);
    pinion__peers_await(&peers, 10000 + PINION_PEER_AGO_MS); /* b has been gone for too long */
    assert_int_equal(pinion__peers_awaited(&peers), 1);
}

static void nobody_is_taken_as_gone_for_an_outage(void **state)
{
    hear("a", 1, PINION_NOTICE_RUNS, 1000);
    pinion__peers_await(&peers, 2000);
    pinion__peers_resume(&peers, 60000);
    pinion__peers_check(&peers, 60000 + PINION_PEER_DOWN_MS - 1, tell, NULL);
    expect("a+ ");
}

static void there_is_a_bound(void **state)
{
    char name[16];
    for (unsigned i = 0; i < PINION_PEERS_MAX + 10; i++) {
        snprintf(name, sizeof name, "n%u", i);
        hear(name, 1, PINION_NOTICE_RUNS, 1000 + i);
    }
    assert_int_equal(peers.map.count, PINION_PEERS_MAX);
    assert_int_equal(pinion__peers_up(&peers), PINION_PEERS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(they_come_and_go, begin, finish),
        cmocka_unit_test_setup_teardown(a_new_life_ends_the_old_one, begin, finish),
        cmocka_unit_test_setup_teardown(a_message_that_nobody_got, begin, finish),
        cmocka_unit_test_setup_teardown(those_of_before_an_outage_are_expected, begin, finish),
        cmocka_unit_test_setup_teardown(nobody_is_taken_as_gone_for_an_outage, begin, finish),
        cmocka_unit_test_setup_teardown(there_is_a_bound, begin, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
