/* Memory runs out at every point where the API takes some: each call says so, or did what it was to do, and
 * nothing is lost of what lists show. */
#include "helpers/engine.h"
#include "helpers/heap.h"

#define ENOUGH 40 /* allocations: more than any of these calls takes */
#define TOPIC  "room:1"

static pinion_presence *presence;

static int begin(void **state)
{
    int rc = setup(state);
    ok(pinion_presence_new(&presence, pinion_test_endpoint(test),
                           &(pinion_presence_options){ .diff_at_once = true, .shards = 1 }));
    return rc;
}

static int finish(void **state)
{
    heap_unlimit();
    return teardown(state);
}

static void a_new_presence(void **state)
{
    size_t n = 0;
    int rc = PINION_ENOMEM;
    for (; rc; n++) {
        pinion_presence *made = NULL;
        heap_limit(n);
        rc = pinion_presence_new(&made, pinion_test_endpoint(test),
                                 &(pinion_presence_options){ .name = "new", .shards = 3 });
        heap_unlimit();
        assert_true(rc == 0 || rc == PINION_ENOMEM);
        assert_int_equal(made != NULL, rc == 0);
    }
    assert_true(n > 10);
}

/* Tracked or not, as the call says; and what is tracked can be untracked, though nobody can be told. */
static void tracking(void **state)
{
    size_t failures = 0;
    for (size_t n = 0; n < ENOUGH; n++) {
        heap_limit(n);
        int rc = pinion_presence_track_on(presence, NULL, TOPIC, "ann", NULL);
        heap_unlimit();
        assert_true(rc == 0 || rc == PINION_ENOMEM);
        assert_int_equal(pinion_presence_count(presence, TOPIC), rc == 0);
        pinion_test_run(test);
        heap_limit(n);
        pinion_presence_untrack_on(presence, NULL, TOPIC, "ann");
        heap_unlimit();
        assert_int_equal(pinion_presence_count(presence, TOPIC), 0);
        pinion_test_run(test);
        failures += rc != 0;
    }
    assert_in_range(failures, 2, ENOUGH - 2);
}

static void updating(void **state)
{
    size_t failures = 0;
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "ann", NULL));
    for (size_t n = 0; n < ENOUGH; n++) {
        pinion_payload *meta = pinion_json("{s:i}", "n", (int)n + 1);
        heap_limit(n);
        int rc = pinion_presence_update_on(presence, NULL, TOPIC, "ann", meta);
        heap_unlimit();
        pinion_test_run(test);
        pinion_payload *one = pinion_presence_get_by_key(presence, TOPIC, "ann");
        const json_t *shown = json_array_get(pinion_payload_get(one, "metas"), 0);
        assert_int_equal(json_integer_value(json_object_get(shown, "n")) == (int)n + 1, rc == 0);
        pinion_payload_unref(one);
        failures += rc != 0;
    }
    assert_in_range(failures, 2, ENOUGH - 2);
}

static void listing(void **state)
{
    ok(pinion_presence_track_on(presence, NULL, TOPIC, "ann", NULL));
    for (size_t n = 0; n < 4; n++) {
        heap_limit(n);
        pinion_payload *all = pinion_presence_list(presence, TOPIC);
        pinion_payload *one = pinion_presence_get_by_key(presence, TOPIC, "ann");
        heap_unlimit();
        assert_int_equal(pinion_payload_kind(all), n > 0 ? PINION_PAYLOAD_JSON : PINION_PAYLOAD_POISON);
        assert_int_equal(pinion_payload_kind(one), n > 1 ? PINION_PAYLOAD_JSON : PINION_PAYLOAD_POISON);
        pinion_payload_unref(all);
        pinion_payload_unref(one);
    }
}

/* A diff that cannot be made is not sent; the next one is. */
static void sending_diffs(void **state)
{
    ok(pinion_test_subscribe(test, TOPIC));
    for (size_t n = 0; n < ENOUGH; n++) {
        ok(pinion_presence_track_on(presence, NULL, TOPIC, "ann", NULL));
        heap_limit(n);
        pinion_test_run(test);
        heap_unlimit();
        pinion_test_run(test);
        pinion_presence_untrack_on(presence, NULL, TOPIC, "ann");
        pinion_test_run(test);
        ok(pinion_test_expect_broadcast(test, TOPIC, "presence_diff",
                                        "{\"joins\":{},\"leaves\":{\"ann\":{}}}"));
    }
}

#define with_presence(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_presence(a_new_presence), with_presence(tracking),      with_presence(updating),
        with_presence(listing),        with_presence(sending_diffs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
