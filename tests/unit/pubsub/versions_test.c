/* Of a broadcast's changes: what somebody knows of them, and what is left for him. */
#include "pubsub/broadcast.h"
#include "pubsub/versions.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "helpers/slices.h"

static int rests, frees;
static bool fails;

static pinion_payload *rest(const struct pinion_versions *versions, pinion_payload *payload, uint64_t known)
{
    rests++;
    return fails ? pinion_json("nonsense") : pinion_json("{s:I}", "after", (json_int_t)known);
}

static void free_versions(struct pinion_versions *versions)
{
    frees++;
    free(versions);
}

static const struct pinion_versions_ops ops = { rest, free_versions };
static const uint64_t numbers[] = { 3, 5, 5, 9 };

static struct pinion_broadcast *broadcast_with(bool with_versions)
{
    struct pinion_broadcast *broadcast;
    assert_int_equal(pinion__broadcast_new(&broadcast, 7, "t", "e", NULL), 0);
    if (with_versions) {
        struct pinion_versions *versions = malloc(sizeof *versions);
        assert_non_null(versions);
        *versions = (struct pinion_versions){ &ops, &ops, numbers, 4, 1000 };
        broadcast->versions = versions;
    }
    rests = frees = 0;
    fails = false;
    return broadcast;
}

static void what_is_known_is_the_last_that_is_not_newer(void **state)
{
    struct pinion_versions versions = { &ops, NULL, numbers, 4, 0 };
    static const uint64_t known[] = { 0, 0, 0, 3, 3, 5, 5, 5, 5, 9, 9 };
    for (uint64_t i = 0; i < 11; i++)
        assert_int_equal(pinion__versions_known(&versions, i), known[i]);
    assert_int_equal(pinion__versions_known(&versions, UINT64_MAX), 9);
    assert_int_equal(pinion__versions_newest(&versions), 9);
    versions.count = 1;
    assert_int_equal(pinion__versions_known(&versions, 2), 0);
    assert_int_equal(pinion__versions_known(&versions, 3), 3);
}

static void who_knows_nothing_gets_it_whole(void **state)
{
    struct pinion_broadcast *broadcast = broadcast_with(true), *plain;
    assert_ptr_equal(pinion__broadcast_rest(broadcast, 0), broadcast);
    pinion__broadcast_unref(broadcast);
    assert_int_equal(frees, 0);
    assert_true(pinion__broadcast_size(broadcast) > 1000);
    pinion__broadcast_unref(broadcast);
    assert_int_equal(frees, 1); /* with the last reference */
    plain = broadcast_with(false);
    assert_ptr_equal(pinion__broadcast_rest(plain, 9), plain);
    pinion__broadcast_unref(plain);
    pinion__broadcast_unref(plain);
    assert_int_equal(rests, 0);
}

static void who_knows_a_part_gets_the_rest(void **state)
{
    struct pinion_broadcast *broadcast = broadcast_with(true);
    struct pinion_broadcast *part = pinion__broadcast_rest(broadcast, 5);
    size_t len;
    const char *bytes = pinion_payload_bytes(part->payload, &len);
    assert_slice(pinion__slice(bytes, len), "{\"after\":5}");
    assert_slice(part->topic, "t");
    assert_slice(part->event, "e");
    assert_int_equal(part->from, 7);
    assert_null(part->versions);
    pinion__broadcast_unref(part);
    assert_null(pinion__broadcast_rest(broadcast, 9));
    assert_int_equal(rests, 1);
    pinion__broadcast_unref(broadcast);
}

/* Rather a change twice than not at all. */
static void a_rest_that_cannot_be_made_is_the_whole(void **state)
{
    struct pinion_broadcast *broadcast = broadcast_with(true);
    fails = true;
    assert_ptr_equal(pinion__broadcast_rest(broadcast, 5), broadcast);
    pinion__broadcast_unref(broadcast);
    pinion__broadcast_unref(broadcast);
    assert_int_equal(frees, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_the_last_that_is_not_newer),
        cmocka_unit_test(who_knows_nothing_gets_it_whole),
        cmocka_unit_test(who_knows_a_part_gets_the_rest),
        cmocka_unit_test(a_rest_that_cannot_be_made_is_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
