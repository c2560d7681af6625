/* A broadcast: what it refuses, what it holds, and that it is freed once. */
#include "pubsub/broadcast.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/slices.h"

static void check_refused(const char *topic, const char *event, pinion_payload *payload, int error)
{
    struct pinion_broadcast *broadcast = NULL;
    assert_int_equal(pinion__broadcast_new(&broadcast, 0, topic, event, payload), error);
    assert_null(broadcast);
}

static void what_cannot_be_sent_is_refused_and_consumed(void **state)
{
    char name[257];
    memset(name, 'n', 256);
    name[256] = '\0';
    check_refused("t", "e", pinion_json("nonsense"), PINION_EPAYLOAD);
    check_refused(name, "e", pinion_json("{s:i}", "n", 1), PINION_ETOOBIG);
    check_refused("t", name, pinion_json("{s:i}", "n", 1), PINION_ETOOBIG);
    check_refused(name, name, NULL, PINION_ETOOBIG);
}

static void names_are_copied_and_terminated(void **state)
{
    struct pinion_broadcast *broadcast;
    char topic[256], event[] = "event";
    memset(topic, 't', 255);
    topic[255] = '\0';
    assert_int_equal(pinion__broadcast_new(&broadcast, 7, topic, event, pinion_json("[i]", 1)), 0);
    memset(topic, 'x', 255);
    event[0] = 'x';
    assert_int_equal(broadcast->from, 7);
    assert_int_equal(broadcast->topic.len, 255);
    assert_int_equal(strspn(broadcast->topic.ptr, "t"), 255);
    assert_int_equal(broadcast->topic.ptr[255], '\0');
    assert_slice(broadcast->event, "event");
    assert_int_equal(broadcast->event.ptr[5], '\0');
    pinion__broadcast_unref(broadcast);
}

static void null_is_an_empty_object(void **state)
{
    struct pinion_broadcast *broadcast;
    size_t len;
    assert_int_equal(pinion__broadcast_new(&broadcast, 0, "", "", NULL), 0);
    const char *bytes = pinion_payload_bytes(broadcast->payload, &len);
    assert_slice(pinion__slice(bytes, len), "{}");
    pinion__broadcast_unref(broadcast);
}

static void its_size_grows_with_what_it_holds(void **state)
{
    struct pinion_broadcast *small, *large;
    static const char zeros[1000];
    assert_int_equal(pinion__broadcast_new(&small, 0, "t", "e", pinion_payload_binary("", 0)), 0);
    assert_int_equal(pinion__broadcast_new(&large, 0, "tt", "ee", pinion_payload_binary(zeros, 1000)), 0);
    assert_int_equal(pinion__broadcast_size(large), pinion__broadcast_size(small) + 1002);
    pinion__broadcast_unref(small);
    pinion__broadcast_unref(large);
}

static void the_last_reference_frees_it(void **state)
{
    struct pinion_broadcast *broadcast;
    assert_int_equal(pinion__broadcast_new(&broadcast, 0, "t", "e", NULL), 0);
    assert_ptr_equal(pinion__broadcast_ref(broadcast), broadcast);
    pinion__broadcast_unref(broadcast);
    assert_slice(broadcast->topic, "t"); /* still there */
    pinion__broadcast_unref(broadcast);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_sent_is_refused_and_consumed),
        cmocka_unit_test(names_are_copied_and_terminated),
        cmocka_unit_test(null_is_an_empty_object),
        cmocka_unit_test(its_size_grows_with_what_it_holds),
        cmocka_unit_test(the_last_reference_frees_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
