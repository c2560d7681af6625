/* Frames: one block of memory, framing written backwards from the body. */
#include "base/frame.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_size_that_wraps_around_is_refused(void **state)
{
    assert_null(pinion__frame_new(SIZE_MAX));
    assert_null(pinion__frame_new(SIZE_MAX - sizeof(struct pinion_frame)));
}

static void a_new_frame_is_empty_text_with_one_reference(void **state)
{
    struct pinion_frame *frame = pinion__frame_new(5);

    assert_non_null(frame);
    assert_int_equal(frame->refs, 1);
    assert_int_equal(frame->opcode, PINION_OPCODE_TEXT);
    assert_int_equal(frame->capacity, 5);
    assert_int_equal(pinion__frame_wire(frame).len, 0);
    memcpy(pinion__frame_body(frame), "abcde", 5); /* the whole capacity is ours */
    frame->body_len = 5;
    assert_true(pinion__slice_is(pinion__frame_wire(frame), "abcde"));
    pinion__frame_unref(frame);
}

static void framing_precedes_the_body_on_the_wire(void **state)
{
    struct pinion_frame *frame = pinion__frame_copy("body", 4);
    char *body = pinion__frame_body(frame);

    assert_true(pinion__slice_is(pinion__frame_wire(frame), "body"));
    memcpy(body - 2, "h:", 2);
    frame->head_len = 2;
    assert_true(pinion__slice_is(pinion__frame_wire(frame), "h:body"));
    memcpy(body - PINION_FRAME_HEADROOM, "0123456789abc:", PINION_FRAME_HEADROOM);
    frame->head_len = PINION_FRAME_HEADROOM;
    assert_true(pinion__slice_is(pinion__frame_wire(frame), "0123456789abc:body"));
    assert_int_equal(frame->body_len, 4);
    pinion__frame_unref(frame);
}

static void a_frame_lives_until_the_last_reference_goes(void **state)
{
    struct pinion_frame *frame = pinion__frame_copy("x", 1);

    assert_ptr_equal(pinion__frame_ref(frame), frame);
    pinion__frame_unref(frame);
    assert_int_equal(frame->refs, 1);
    assert_true(pinion__slice_is(pinion__frame_wire(frame), "x"));
    pinion__frame_unref(frame);
    pinion__frame_unref(NULL);
}

static void an_empty_copy_needs_no_bytes(void **state)
{
    struct pinion_frame *frame = pinion__frame_copy(NULL, 0);

    assert_non_null(frame);
    assert_int_equal(pinion__frame_wire(frame).len, 0);
    pinion__frame_unref(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_size_that_wraps_around_is_refused),
        cmocka_unit_test(a_new_frame_is_empty_text_with_one_reference),
        cmocka_unit_test(framing_precedes_the_body_on_the_wire),
        cmocka_unit_test(a_frame_lives_until_the_last_reference_goes),
        cmocka_unit_test(an_empty_copy_needs_no_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
