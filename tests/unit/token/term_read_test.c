/* The pieces of terms; whole terms are in term_read_json_test.c. */
#include "token/term.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/guard.h"
#include "helpers/slices.h"

static struct guard guard;

static void begin(struct pinion_term_reader *reader, struct pinion_slice bytes)
{
    char *placed = guard_place(&guard, bytes.ptr, bytes.len);
    assert_int_equal(pinion__term_read_begin(reader, pinion__slice(placed, bytes.len)), 0);
}

static void a_tuple_is_read_element_by_element(void **state)
{
    struct pinion_term_reader reader;
    struct pinion_slice bytes;
    json_t *number = NULL;
    size_t arity = 0;
    begin(&reader, LITERAL("\x83h\3m\0\0\0\2\xFF\0a\7w\x08infinity"));
    assert_true(pinion__term_next_is_tuple(&reader));
    assert_int_equal(pinion__term_read_tuple(&reader, &arity), 0);
    assert_int_equal(arity, 3);
    assert_true(pinion__term_next_is_binary(&reader));
    assert_int_equal(pinion__term_read_binary(&reader, &bytes), 0);
    assert_slice(bytes, "\xFF\0");
    assert_false(pinion__term_read_atom(&reader, "infinity"));
    assert_int_equal(pinion__term_read_json(&reader, &number), 0);
    assert_int_equal(json_integer_value(number), 7);
    assert_false(pinion__term_read_atom(&reader, "infinit"));
    assert_int_equal(pinion__term_read_end(&reader), PINION_EPROTO);
    assert_true(pinion__term_read_atom(&reader, "infinity"));
    assert_int_equal(pinion__term_read_end(&reader), 0);
    json_decref(number);
}

static void a_map_is_read_pair_by_pair(void **state)
{
    struct pinion_term_reader reader;
    size_t pairs = 0;
    begin(&reader, LITERAL("\x83t\0\0\0\1"
                           "d\0\4dataj"));
    assert_int_equal(pinion__term_read_map(&reader, &pairs), 0);
    assert_int_equal(pairs, 1);
    assert_false(pinion__term_read_atom(&reader, "signed"));
    assert_true(pinion__term_read_atom(&reader, "data"));
}

static void pieces_of_another_kind_are_refused(void **state)
{
    struct pinion_term_reader reader;
    struct pinion_slice bytes;
    size_t count = 0;
    begin(&reader, LITERAL("\x83j"));
    assert_false(pinion__term_next_is_tuple(&reader));
    assert_false(pinion__term_next_is_binary(&reader));
    assert_false(pinion__term_read_atom(&reader, ""));
    assert_int_equal(pinion__term_read_tuple(&reader, &count), PINION_EPROTO);
    assert_string_equal(reader.why, "it is not a tuple");
    assert_int_equal(pinion__term_read_map(&reader, &count), PINION_EPROTO);
    assert_string_equal(reader.why, "it is not a map");
    assert_int_equal(pinion__term_read_binary(&reader, &bytes), PINION_EPROTO);
    assert_string_equal(reader.why, "it is not a binary");
    assert_int_equal(count, 0);

    begin(&reader, LITERAL("\x83i\xFF\xFF\xFF\xFFj"));
    assert_int_equal(pinion__term_read_tuple(&reader, &count), PINION_EPROTO);
    begin(&reader, LITERAL("\x83w\xFFnil"));
    assert_false(pinion__term_read_atom(&reader, "nil"));
}

/* Each piece at each place where the bytes may end. */
static void a_piece_may_be_cut_short(void **state)
{
    static const struct pinion_slice whole = LITERAL("\x83h\2m\0\0\0\2\xFF\0t\0\0\0\1w\1x");
    for (size_t len = 0; len <= whole.len; len++) {
        struct pinion_term_reader reader;
        struct pinion_slice bytes;
        size_t count = 0;
        char *placed = guard_place(&guard, whole.ptr, len);
        int rc = pinion__term_read_begin(&reader, pinion__slice(placed, len));
        if (!rc)
            rc = pinion__term_read_tuple(&reader, &count);
        if (!rc)
            rc = pinion__term_read_binary(&reader, &bytes);
        if (!rc)
            rc = pinion__term_read_map(&reader, &count);
        if (!rc)
            rc = pinion__term_read_atom(&reader, "x") ? 0 : PINION_EPROTO;
        assert_int_equal(rc, len == whole.len ? 0 : PINION_EPROTO);
    }
}

static void without_bytes_there_is_no_term(void **state)
{
    struct pinion_term_reader reader;
    assert_int_equal(pinion__term_read_begin(&reader, pinion__slice(NULL, 0)), PINION_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tuple_is_read_element_by_element), cmocka_unit_test(a_map_is_read_pair_by_pair),
        cmocka_unit_test(pieces_of_another_kind_are_refused), cmocka_unit_test(a_piece_may_be_cut_short),
        cmocka_unit_test(without_bytes_there_is_no_term),
    };
    guard = guard_new(4096);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    guard_free(&guard);
    return failed;
}
