/* Steps that all take together: every member learns the same of each, whoever is quick or slow. */
#include "base/log.h"
#include "endpoint/starting.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MEMBERS 6
#define STEPS   4
#define NOBODY  MEMBERS

static struct pinion_starting starting;
static unsigned failing_member, failing_step;

struct member {
    pthread_t thread;
    unsigned number;
    unsigned steps; /* taken without a failure */
    int rc;
    char sentence[100];
};

static void *take_steps(void *data)
{
    struct member *member = data;
    for (member->steps = 0; member->steps < STEPS; member->steps++) {
        bool fails = member->number == failing_member && member->steps == failing_step;
        int rc = fails ? pinion__fail(PINION_EIO, "member %u", member->number) : 0;
        member->rc = pinion__starting_meet(&starting, rc, 1);
        if (member->rc)
            break;
    }
    snprintf(member->sentence, sizeof member->sentence, "%s", pinion_error_detail());
    return NULL;
}

static void start_with(unsigned member, unsigned step)
{
    struct member members[MEMBERS];
    char expected[32];
    failing_member = member;
    failing_step = step;
    snprintf(expected, sizeof expected, "member %u", member);
    pinion__starting_begin(&starting, MEMBERS);
    for (unsigned i = 0; i < MEMBERS; i++) {
        members[i] = (struct member){ .number = i };
        assert_int_equal(pthread_create(&members[i].thread, NULL, take_steps, &members[i]), 0);
    }
    for (unsigned i = 0; i < MEMBERS; i++) {
        pthread_join(members[i].thread, NULL);
        assert_int_equal(members[i].rc, member == NOBODY ? 0 : PINION_EIO);
        assert_int_equal(members[i].steps, member == NOBODY ? STEPS : step);
        assert_string_equal(members[i].sentence, member == NOBODY ? "" : expected);
    }
}

static void all_take_all_steps(void **state)
{
    for (int i = 0; i < 50; i++)
        start_with(NOBODY, 0);
}

static void one_that_fails_stops_all_after_that_step(void **state)
{
    for (int i = 0; i < 20; i++) {
        for (unsigned step = 0; step < STEPS; step++)
            start_with((unsigned)i % MEMBERS, step);
    }
}

static void after_a_failure_all_begin_anew(void **state)
{
    for (int i = 0; i < 20; i++) {
        start_with(1, 2);
        start_with(NOBODY, 0);
    }
}

static void one_may_speak_for_others(void **state)
{
    pinion__starting_begin(&starting, 3);
    assert_int_equal(pinion__starting_meet(&starting, 0, 3), 0);
    assert_int_equal(pinion__starting_meet(&starting, pinion__fail(PINION_EBUSY, "why"), 3), PINION_EBUSY);
    assert_string_equal(pinion_error_detail(), "why");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_take_all_steps),
        cmocka_unit_test(one_that_fails_stops_all_after_that_step),
        cmocka_unit_test(after_a_failure_all_begin_anew),
        cmocka_unit_test(one_may_speak_for_others),
    };
    pinion__starting_init(&starting);
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    pinion__starting_release(&starting);
    return failures;
}
