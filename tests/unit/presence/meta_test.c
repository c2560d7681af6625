/* What is kept of a meta: all but the names that are ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "presence/item.h"
#include "presence/meta.h"
#include <pinion/error.h>
#include <string.h>

/* Consumes the payload. */
static void check_kept(pinion_payload *meta, const char *expected)
{
    struct pinion_buf kept;
    pinion__buf_init(&kept, PINION_PRESENCE_META_MAX);
    assert_int_equal(pinion__presence_meta_keep(meta, &kept), 0);
    assert_int_equal(kept.len, strlen(expected));
    assert_memory_equal(kept.data, expected, kept.len);
    pinion__buf_release(&kept);
    pinion_payload_unref(meta);
}

static pinion_payload *text(const char *json)
{
    return pinion_payload_text(json, strlen(json));
}

static void what_is_not_ours_is_kept_as_it_is(void **state)
{
    static const char *const metas[] = {
        "{}",
        "{\"a\":1}",
        "{\"\":\"\",\"b\":[1,{\"c\":\"},\\\"{\"},[]],\"d\":{\"e\":{}},\"f\":null}",
        "{\"big\":123456789012345678901234567890,\"small\":1e-300}",
        "{\"a phx_ref\":1,\"phx_refs\":2,\"phx_ref_previous\":3,\"x\":\"phx_ref\",\"y\":{\"phx_ref\":4}}",
        "{\"\\\"phx_ref\\\\\":\"\\\\\",\"\\u0000\":true}",
    };
    for (size_t i = 0; i < sizeof metas / sizeof *metas; i++)
        check_kept(text(metas[i]), metas[i]);
    check_kept(NULL, "{}");
    check_kept(text(" { \"a\" : [ 1 , 2 ] } "), "{\"a\":[1,2]}");
}

static void our_names_are_left_out_however_written(void **state)
{
    check_kept(text("{\"phx_ref\":\"x\"}"), "{}");
    check_kept(text("{\"phx_ref\":{\"a\":[1,2]},\"b\":2}"), "{\"b\":2}");
    check_kept(text("{\"a\":1,\"phx_ref_prev\":\"},\",\"b\":2,\"phx_ref\":null}"), "{\"a\":1,\"b\":2}");
    check_kept(text("{\"phx\\u005fref\":1,\"\\u0070hx_ref_prev\":2,\"a\":3}"), "{\"a\":3}");
}

static void the_ref_before_is_a_member(void **state)
{
    static const char *const metas[][2] = { { "{}", "{\"phx_ref_prev\":\"abc\"}" },
                                            { "{\"a\":1}", "{\"a\":1,\"phx_ref_prev\":\"abc\"}" } };
    for (size_t i = 0; i < 2; i++) {
        struct pinion_buf kept;
        pinion_payload *meta = text(metas[i][0]);
        pinion__buf_init(&kept, PINION_PRESENCE_META_MAX);
        assert_int_equal(pinion__presence_meta_keep(meta, &kept), 0);
        assert_int_equal(pinion__presence_meta_add_prev(&kept, "abc"), 0);
        assert_int_equal(kept.len, strlen(metas[i][1]));
        assert_memory_equal(kept.data, metas[i][1], kept.len);
        pinion__buf_release(&kept);
        pinion_payload_unref(meta);
    }
}

static void check_prev(const char *kept, const char *without)
{
    char copy[100];
    const char *prev = pinion__presence_meta_prev(pinion__slice_str(kept));
    assert_int_equal(prev != NULL, without != NULL);
    if (!without)
        return;
    assert_memory_equal(prev, "0123456789abcdef", 16);
    strcpy(copy, kept);
    size_t len = pinion__presence_meta_cut_prev(copy, strlen(copy));
    assert_int_equal(len, strlen(without));
    assert_memory_equal(copy, without, len);
}

static void the_ref_before_is_found_and_cut(void **state)
{
    check_prev("{\"phx_ref_prev\":\"0123456789abcdef\"}", "{}");
    check_prev("{\"a\":1,\"phx_ref_prev\":\"0123456789abcdef\"}", "{\"a\":1}");
    check_prev("{}", NULL);
    check_prev("{\"a\":\"0123456789abcdef0123456789abcdef\"}", NULL);
    check_prev("{\"a\":{\"b\":1,\"phx_ref_prev\":\"0123456789abcdef\"}}", NULL);
    check_prev("{\"a\":1,\"phx_ref_prev\":\"0123456789abcde\"}", NULL);
    check_prev("{\"a,\\\"phx_ref_prev\":\"0123456789abcdef\"}", NULL); /* a name with a quote in it */
}

static void check_refused(pinion_payload *meta, int expected)
{
    struct pinion_buf kept;
    pinion__buf_init(&kept, 20);
    assert_int_equal(pinion__presence_meta_keep(meta, &kept), expected);
    pinion__buf_release(&kept);
    pinion_payload_unref(meta);
}

static void what_is_no_object_is_refused(void **state)
{
    check_refused(text("[{}]"), PINION_EINVAL);
    check_refused(text("\"{}\""), PINION_EINVAL);
    check_refused(text("null"), PINION_EINVAL);
    check_refused(pinion_payload_binary("{}", 2), PINION_EINVAL);
    check_refused(text("{"), PINION_EPAYLOAD);
    check_refused(text("{\"a\":\"more than twenty bytes\"}"), PINION_ETOOBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_ours_is_kept_as_it_is),
        cmocka_unit_test(our_names_are_left_out_however_written),
        cmocka_unit_test(the_ref_before_is_a_member),
        cmocka_unit_test(the_ref_before_is_found_and_cut),
        cmocka_unit_test(what_is_no_object_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
