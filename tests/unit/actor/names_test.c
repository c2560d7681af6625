/* Names: which are allowed, and what opening one answers. */
#include "helpers/actor.h"

static int open_it(const char *name, const pinion_actor_def *def, pinion_actor_ref **ref)
{
    return pinion_actor_open(pinion_test_endpoint(test), name, def, (void *)"x", actor_destroyed, ref);
}

static void bad_names_are_refused(void **state)
{
    char long_name[300];
    pinion_actor_ref *ref = NULL;
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(open_it("", &plain_actor, &ref), PINION_ETOOBIG);
    assert_int_equal(open_it(long_name, &plain_actor, &ref), PINION_ETOOBIG);
    assert_int_equal(open_it("\xff", &plain_actor, &ref), PINION_EUTF8);
    assert_null(ref);
    expect_told("destroyed(x) destroyed(x) destroyed(x) ");
    long_name[255] = '\0';
    ok(open_it(long_name, &plain_actor, &ref));
    pinion_actor_ref_free(ref);
}

static void without_a_definition_it_is_only_looked_up(void **state)
{
    pinion_actor_ref *ref = NULL, *found = NULL;
    assert_int_equal(open_it("a", NULL, &found), PINION_ENOENT);
    assert_non_null(strstr(pinion_error_detail(), "there is no actor a"));
    ok(open_it("a", &plain_actor, &ref));
    ok(open_it("a", NULL, &found));
    story[0] = '\0';
    sent(found, "hello");
    expect_told("init(x) info(hello) ");
    pinion_actor_ref_free(ref);
    pinion_actor_ref_free(found);
}

static void another_definition_is_refused(void **state)
{
    static const pinion_actor_def other = { .init = actor_init };
    pinion_actor_ref *ref = NULL, *found = NULL;
    ok(open_it("a", &plain_actor, &ref));
    assert_int_equal(open_it("a", &other, &found), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "the actor a has another definition"));
    pinion_actor_ref_free(ref);
}

/* As a program that was built with other headers. */
static void definitions_of_another_length(void **state)
{
    static const struct {
        pinion_actor_def known;
        void *more;
    } longer = { .known = { .init = actor_init } }, wanting = { .more = &test };
    pinion_actor_ref *ref = NULL;
    pinion_endpoint *endpoint = pinion_test_endpoint(test);
    const size_t first = offsetof(pinion_actor_def, handle_call);
    ok(pinion_actor_open_sized(endpoint, "a", &plain_actor, (void *)"short", NULL, &ref, first));
    called(ref, "echo");
    expect_told("init(short) ended(PINION_ECLOSED) "); /* it has no handle_call */
    pinion_actor_ref_free(ref);
    ok(pinion_actor_open_sized(endpoint, "b", &longer.known, (void *)"long", NULL, &ref, sizeof longer));
    expect_told("init(long) ");
    pinion_actor_ref_free(ref);
    assert_int_equal(pinion_actor_open_sized(endpoint, "c", &wanting.known, NULL, NULL, &ref, sizeof wanting),
                     PINION_EINVAL);
    ok(pinion_actor_open_sized(endpoint, "d", &plain_actor, (void *)"1", NULL, &ref, first));
    pinion_actor_ref_free(ref);
    ok(pinion_actor_open_sized(endpoint, "d", &plain_actor, (void *)"2", NULL, &ref, first)); /* the same */
    expect_told("init(1) ");
    pinion_actor_ref_free(ref);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACTOR_TEST(bad_names_are_refused),
        ACTOR_TEST(without_a_definition_it_is_only_looked_up),
        ACTOR_TEST(another_definition_is_refused),
        ACTOR_TEST(definitions_of_another_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
