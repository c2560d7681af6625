/* Which clause takes an event. */
#include "engine/clause.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helpers/slices.h"

static pinion_result one(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_noreply();
}

static pinion_result rest(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_noreply();
}

static void the_first_clause_that_takes_an_event_wins(void **state)
{
    static const pinion_clause clauses[] = { { "a", one }, { "*", rest }, { "b", one }, { NULL, NULL } };
    assert_ptr_equal(pinion__clause_find(clauses, LITERAL("a")), &clauses[0]);
    assert_ptr_equal(pinion__clause_find(clauses, LITERAL("b")), &clauses[1]);
    assert_ptr_equal(pinion__clause_find(clauses, LITERAL("")), &clauses[1]);
    assert_ptr_equal(pinion__clause_find(clauses, LITERAL("*")), &clauses[1]);
    assert_null(pinion__clause_find(clauses, LITERAL("a\0")));
    assert_null(pinion__clause_find(clauses + 2, LITERAL("a")));
    assert_null(pinion__clause_find(NULL, LITERAL("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_clause_that_takes_an_event_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
