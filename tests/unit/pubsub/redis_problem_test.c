/* What a Redis server's errors mean. Nothing that was sent is ever said again. */
#include "pubsub/redis_problem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *answer, bool passes, const char *words)
{
    char text[160];
    assert_int_equal(pinion__redis_problem(answer)->passes, passes);
    pinion__redis_sentence(answer, text, sizeof text);
    assert_non_null(strstr(text, words));
    assert_null(strstr(text, "secret"));
}

static void what_somebody_has_to_mend(void **state)
{
    check("WRONGPASS invalid username-password pair or user is disabled.", false, "user or the password");
    check("NOAUTH Authentication required.", false, "wants a password");
    check("ERR invalid password", false, "password");
    check("ERR Client sent AUTH, but no password is set", false, "has none set");
    check("ERR AUTH <password> called without any password configured", false, "has none set");
    check("ERR unknown command `AUTH`, with args beginning with: `secret`", false, "does not know");
    check("NOPERM this user has no permissions to run the 'ping' command", false, "does not let this user");
    check("DENIED Redis is running in protected mode", false, "protected mode");
}

static void what_passes(void **state)
{
    check("ERR max number of clients reached", true, "maxclients");
    check("LOADING Redis is loading the dataset in memory", true, "loading");
    check("BUSY Redis is busy running a script.", true, "busy");
    check("MASTERDOWN Link with MASTER is down", true, "lost its master");
    check("MISCONF Redis is configured to save RDB snapshots", true, "cannot save");
    check("CLUSTERDOWN Hash slot not served", true, "cluster");
    check("NOTHEARDOF secret", true, "NOTHEARDOF"); /* whatever it is: no start ends for it */
    check("", true, "error");
}

static void what_is_a_permission(void **state)
{
    assert_true(pinion__redis_is_refusal("NOPERM this user has no permissions"));
    assert_false(pinion__redis_is_refusal("NOAUTH Authentication required."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_somebody_has_to_mend),
        cmocka_unit_test(what_passes),
        cmocka_unit_test(what_is_a_permission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
