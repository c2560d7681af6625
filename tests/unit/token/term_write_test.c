#include "token/term.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/slices.h"
#include "helpers/token_vectors.h"

#define ROOM (1 << 20)

static struct pinion_buf out;

static struct pinion_slice written(void)
{
    return pinion__slice(out.data, out.len);
}

static int write_whole(const json_t *value)
{
    out.len = 0;
    int rc = pinion__term_write_begin(&out);
    return rc ? rc : pinion__term_write_json(&out, value);
}

/* The vectors that Erlang writes as we do. */
static void json_is_written_as_erlang_would(void **state)
{
    json_t *vectors = token_vectors("terms.json"), *vector;
    size_t i, compared = 0;
    json_array_foreach(json_object_get(vectors, "terms"), i, vector)
    {
        if (strcmp(text_of(vector, "way"), "both") != 0)
            continue;
        json_t *value = json_loads(text_of(vector, "json"), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        struct pinion_slice expected = from_hex(text_of(vector, "hex"));
        assert_non_null(value);
        assert_int_equal(write_whole(value), 0);
        if (!pinion__slice_eq(written(), expected))
            fail_msg("%s is written otherwise", text_of(vector, "json"));
        free_bytes(expected);
        json_decref(value);
        compared++;
    }
    assert_true(compared > 30);
    json_decref(vectors);
}

static void numbers_around_the_sizes(void **state)
{
    static const int64_t numbers[] = { 255,       256,      -1, INT32_MAX, INT32_MIN, INT64_C(0x80000000),
                                       INT64_MAX, INT64_MIN };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        for (int64_t off = -1; off <= 1; off++) {
            int64_t number =
                numbers[i] == INT64_MAX || numbers[i] == INT64_MIN ? numbers[i] : numbers[i] + off;
            struct pinion_term_reader reader;
            json_t *again = NULL;
            out.len = 0;
            assert_int_equal(pinion__term_write_begin(&out), 0);
            assert_int_equal(pinion__term_write_integer(&out, number), 0);
            assert_int_equal(pinion__term_read_begin(&reader, written()), 0);
            assert_int_equal(pinion__term_read_json(&reader, &again), 0);
            assert_true(json_integer_value(again) == number);
            json_decref(again);
        }
    }
}

static json_t *bytes_list(size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_integer('x'));
    return array;
}

static void a_byte_list_has_65535_elements_at_most(void **state)
{
    json_t *array = bytes_list(65535);
    assert_int_equal(write_whole(array), 0);
    assert_slice(pinion__slice(out.data, 5), "\x83k\xFF\xFFx");
    assert_int_equal(out.len, 4 + 65535);
    json_array_append_new(array, json_integer('x'));
    assert_int_equal(write_whole(array), 0);
    assert_slice(pinion__slice(out.data, 8), "\x83l\x00\x01\x00\x00"
                                             "ax");
    assert_int_equal(out.len, 6 + 2 * 65536 + 1);
    json_decref(array);
}

/* Above 32 pairs Erlang has an order of its own, and takes any. */
static void a_large_map_is_written_in_order(void **state)
{
    json_t *object = json_object(), *again = NULL;
    struct pinion_term_reader reader;
    char name[8];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "k%03d", (i * 7) % 1000);
        json_object_set_new(object, name, json_integer(i));
    }
    assert_int_equal(write_whole(object), 0);
    assert_slice(pinion__slice(out.data, 17), "\x83t\0\0\x03\xE8m\0\0\0\4k000a\0");
    assert_int_equal(pinion__term_read_begin(&reader, written()), 0);
    assert_int_equal(pinion__term_read_json(&reader, &again), 0);
    assert_true(json_equal(object, again));
    json_decref(again);
    json_decref(object);
}

static void pieces_are_written_one_after_another(void **state)
{
    out.len = 0;
    assert_int_equal(pinion__term_write_begin(&out), 0);
    assert_int_equal(pinion__term_write_tuple(&out, 2), 0);
    assert_int_equal(pinion__term_write_binary(&out, LITERAL("\xFF\0")), 0);
    assert_int_equal(pinion__term_write_atom(&out, "infinity"), 0);
    assert_slice(written(), "\x83h\2m\0\0\0\2\xFF\0w\x08infinity");
}

static json_t *nested(size_t depth, bool objects)
{
    json_t *value = json_integer(1000);
    for (size_t i = 0; i < depth; i++)
        value = objects ? json_pack("{s:o}", "x", value) : json_pack("[o]", value);
    return value;
}

static void trees_nest_only_so_deep(void **state)
{
    for (int objects = 0; objects <= 1; objects++) {
        json_t *deepest = nested(PINION_TERM_DEPTH, objects),
               *deeper = nested(PINION_TERM_DEPTH + 1, objects);
        assert_int_equal(write_whole(deepest), 0);
        assert_int_equal(write_whole(deeper), PINION_ETOOBIG);
        json_decref(deepest);
        json_decref(deeper);
    }
}

/* With room for every number of bytes less than it takes. */
static void what_does_not_fit_is_refused(void **state)
{
    json_t *value = json_pack("{s:[i,f,b,n,I], s:[i,i], s:s, s:{}}", "list", 1000, 1.5, 1,
                              (json_int_t)1 << 40, "bytes", 1, 2, "text", "text", "map");
    assert_int_equal(write_whole(value), 0);
    size_t len = out.len;
    for (size_t room = 0; room < len; room++) {
        struct pinion_buf small;
        pinion__buf_init(&small, room);
        int rc = pinion__term_write_begin(&small);
        if (!rc)
            rc = pinion__term_write_json(&small, value);
        assert_int_equal(rc, PINION_ETOOBIG);
        assert_true(small.len <= room);
        pinion__buf_release(&small);
    }
    json_decref(value);
}

static int set_up(void **state)
{
    pinion__buf_init(&out, ROOM);
    return 0;
}

static int tear_down(void **state)
{
    pinion__buf_release(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_written_as_erlang_would),
        cmocka_unit_test(numbers_around_the_sizes),
        cmocka_unit_test(a_byte_list_has_65535_elements_at_most),
        cmocka_unit_test(a_large_map_is_written_in_order),
        cmocka_unit_test(pieces_are_written_one_after_another),
        cmocka_unit_test(trees_nest_only_so_deep),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
