#include "helpers/guard.h"
#include "proto/query.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define LEN(array)  (sizeof(array) / sizeof((array)[0]))
#define BYTES(text) (text), sizeof(text) - 1

#define ROOM (1 << 16)

static struct guard guard;

static int parse(const char *bytes, size_t len, json_t **out)
{
    return pinion__query_parse(pinion__slice(guard_place(&guard, bytes, len), len), out);
}

static void refuse(const char *bytes, size_t len, int code)
{
    json_t *untouched = json_null();
    json_t *out = untouched;
    assert_int_equal(parse(bytes, len, &out), code);
    assert_ptr_equal(out, untouched);
}

static void understand(const char *query, const char *expected)
{
    json_t *out = NULL;
    assert_int_equal(parse(query, strlen(query), &out), 0);
    char *text = json_dumps(out, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(out);
}

static void what_cannot_be_decoded_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } table[] = {
        { BYTES("a=%00") },       { BYTES("%00=a") }, { BYTES("a=b\0") },      { BYTES("a=%ff") },
        { BYTES("%ff=a") },       { BYTES("a=%c3") }, { BYTES("a=\xe2\x82") }, { BYTES("a=%c0%af") },
        { BYTES("a=%ed%a0%80") }, { BYTES("a=%f5") }, { BYTES("a[%ff]=b") },   { BYTES("a=%%ff") },
    };
    for (size_t i = 0; i < LEN(table); i++)
        refuse(table[i].bytes, table[i].len, PINION_EPROTO);
}

/* a[k][k]…=1 with so many keys in all. */
static size_t nested(char *out, unsigned keys, const char *key)
{
    size_t len = (size_t)sprintf(out, "a");
    for (unsigned i = 1; i < keys; i++)
        len += (size_t)sprintf(out + len, "[%s]", key);
    return len + (size_t)sprintf(out + len, "=1");
}

static void nesting_is_bounded(void **state)
{
    static const char *const keys[] = { "k", "" };
    char query[ROOM];
    for (size_t i = 0; i < LEN(keys); i++) {
        json_t *out;
        assert_int_equal(parse(query, nested(query, PINION_QUERY_DEPTH, keys[i]), &out), 0);
        json_decref(out);
        refuse(query, nested(query, PINION_QUERY_DEPTH + 1, keys[i]), PINION_ETOOBIG);
        refuse(query, nested(query, 10000, keys[i]), PINION_ETOOBIG);
    }
}

static size_t repeated(char *out, unsigned count, const char *parameter)
{
    size_t len = 0;
    for (unsigned i = 0; i < count; i++)
        len += (size_t)sprintf(out + len, "%s&", parameter);
    return len;
}

static void the_number_of_parameters_is_bounded(void **state)
{
    char query[ROOM];
    json_t *out;
    assert_int_equal(parse(query, repeated(query, PINION_QUERY_PARAMETERS, "a[]=b"), &out), 0);
    assert_int_equal(json_array_size(json_object_get(out, "a")), PINION_QUERY_PARAMETERS);
    json_decref(out);
    refuse(query, repeated(query, PINION_QUERY_PARAMETERS + 1, "a[]=b"), PINION_ETOOBIG);
    refuse(query, repeated(query, PINION_QUERY_PARAMETERS + 1, "a"), PINION_ETOOBIG);
    assert_int_equal(parse(query, repeated(query, 10000, ""), &out), 0);
    json_decref(out);
}

static void of_a_conflict_the_last_counts(void **state)
{
    understand("a=1&a=2", "{\"a\":\"2\"}");
    understand("a=1&a[b]=2", "{\"a\":{\"b\":\"2\"}}");
    understand("a[b]=1&a=2", "{\"a\":\"2\"}");
    understand("a=1&a[]=2", "{\"a\":[\"2\"]}");
    understand("a[]=1&a=2", "{\"a\":\"2\"}");
    understand("a[]=1&a[b]=2", "{\"a\":{\"b\":\"2\"}}");
    understand("a[b]=1&a[]=2", "{\"a\":[\"2\"]}");
    understand("a[b]=1&a[b][c]=2", "{\"a\":{\"b\":{\"c\":\"2\"}}}");
    understand("a[b][c]=1&a[b]=2&a[d]=3", "{\"a\":{\"b\":\"2\",\"d\":\"3\"}}");
}

static void names_that_are_no_path_are_taken_as_they_are(void **state)
{
    understand("a[=1", "{\"a[\":\"1\"}");
    understand("a]=1", "{\"a]\":\"1\"}");
    understand("]=1", "{\"]\":\"1\"}");
    understand("[=1", "{\"[\":\"1\"}");
    understand("a[b]c=1", "{\"a[b]c\":\"1\"}");
    understand("a[b]c[d]=1", "{\"a\":{\"b]c[d\":\"1\"}}");
    understand("a[[b]]=1", "{\"a\":{\"[b]\":\"1\"}}");
    understand("[b]=1", "{\"[b]\":\"1\"}");
    understand("[]=1", "{\"[]\":\"1\"}");
    understand("[][b]=1", "{\"[][b]\":\"1\"}");
    understand("=1", "{\"\":\"1\"}");
}

static void parameters_become_strings(void **state)
{
    understand("", "{}");
    understand("&", "{}");
    understand("&&a=b&", "{\"a\":\"b\"}");
    understand("vsn=2.0.0&token=abc", "{\"vsn\":\"2.0.0\",\"token\":\"abc\"}");
    understand("a", "{\"a\":\"\"}");
    understand("a=", "{\"a\":\"\"}");
    understand("a=b=c", "{\"a\":\"b=c\"}");
    understand("a+b=c+d%2B%26", "{\"a b\":\"c d+&\"}");
    understand("%61%3D=%C3%A9\xc3\xa9", "{\"a=\":\"\xc3\xa9\xc3\xa9\"}");
}

/* Browsers leave such a '%' in the URLs they are given. */
static void a_percent_that_begins_no_escape_stands_for_itself(void **state)
{
    understand("%", "{\"%\":\"\"}");
    understand("a=100%", "{\"a\":\"100%\"}");
    understand("a=%4&b=%zz+", "{\"a\":\"%4\",\"b\":\"%zz \"}");
    understand("%%41=%%34", "{\"%A\":\"%4\"}");
}

static void brackets_nest(void **state)
{
    understand("user[name]=x", "{\"user\":{\"name\":\"x\"}}");
    understand("user%5Bname%5D=x&user[age]=7", "{\"user\":{\"name\":\"x\",\"age\":\"7\"}}");
    understand("a[b][c]=1&a[b][d]=2&a[e]=3", "{\"a\":{\"b\":{\"c\":\"1\",\"d\":\"2\"},\"e\":\"3\"}}");
    understand("tags[]=a&tags[]=&tags[]=b", "{\"tags\":[\"a\",\"\",\"b\"]}");
    understand("a[b][]=1&a[b][]=2", "{\"a\":{\"b\":[\"1\",\"2\"]}}");
}

/* Plug gathers by the text before each key: so an empty key is one element, and a container that has been
 * made is filled where it is, even when something else has come to stand in its place. */
static void what_is_under_one_path_is_one_container(void **state)
{
    understand("a[][b]=1&a[][c]=2", "{\"a\":[{\"b\":\"1\",\"c\":\"2\"}]}");
    understand("a[][b]=1&a[][b]=2", "{\"a\":[{\"b\":\"2\"}]}");
    understand("a[][]=1&a[][]=2", "{\"a\":[[\"1\",\"2\"]]}");
    understand("a[][b][]=1&a[][c]=2&a[][b][]=3", "{\"a\":[{\"b\":[\"1\",\"3\"],\"c\":\"2\"}]}");
    understand("a[]=1&a[][b]=2&a[]=3&a[][c]=4", "{\"a\":[\"1\",{\"b\":\"2\",\"c\":\"4\"},\"3\"]}");
    understand("a[x][]=1&a[y][]=2&a[x][]=3", "{\"a\":{\"x\":[\"1\",\"3\"],\"y\":[\"2\"]}}");
    understand("a[b]=1&a=2&a[c]=3", "{\"a\":\"2\"}");
    understand("a=1&a[b]=2&a=3&a[c]=4", "{\"a\":\"3\"}");
    understand("a[b][c]=1&a[b]=2&a[b][d]=3", "{\"a\":{\"b\":\"2\"}}");
    understand("a[]=1&a[b]=2&a[]=3", "{\"a\":[\"1\",\"3\"]}");
    understand("a[b]=1&a[]=2&a[c]=3", "{\"a\":{\"b\":\"1\",\"c\":\"3\"}}");
    understand("a[][b]=1&a[c]=2&a[][d]=3", "{\"a\":{\"c\":\"2\"}}");
    understand("a[][b]=1&a[][]=2", "{\"a\":[[\"2\"]]}");
    understand("a[0][b]=1&a[0][c]=2&a[1][b]=3",
               "{\"a\":{\"0\":{\"b\":\"1\",\"c\":\"2\"},\"1\":{\"b\":\"3\"}}}");
}

static unsigned allocations_left;

static void *failing_malloc(size_t size)
{
    return allocations_left > 0 ? (allocations_left--, malloc(size)) : NULL;
}

static void memory_that_runs_out_is_an_error(void **state)
{
    static const char query[] = "a=1&b[c][d]=2&e[][f]=3&e[]=4&b=5&b[g]=6";
    int rc = PINION_ENOMEM;
    unsigned allowed = 0;
    json_set_alloc_funcs(failing_malloc, free);
    for (; rc == PINION_ENOMEM; allowed++) {
        json_t *out = NULL;
        allocations_left = allowed;
        rc = parse(BYTES(query), &out);
        assert_true(rc == 0 ? out != NULL : out == NULL);
        json_decref(out);
    }
    allocations_left = 0;
    refuse(BYTES(""), PINION_ENOMEM);
    json_set_alloc_funcs(malloc, free);
    assert_int_equal(rc, 0);
    assert_in_range(allowed, 20, 1000);
}

static int set_up(void **state)
{
    guard = guard_new(ROOM);
    return 0;
}

static int tear_down(void **state)
{
    guard_free(&guard);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_decoded_is_refused),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(the_number_of_parameters_is_bounded),
        cmocka_unit_test(of_a_conflict_the_last_counts),
        cmocka_unit_test(names_that_are_no_path_are_taken_as_they_are),
        cmocka_unit_test(parameters_become_strings),
        cmocka_unit_test(a_percent_that_begins_no_escape_stands_for_itself),
        cmocka_unit_test(brackets_nest),
        cmocka_unit_test(what_is_under_one_path_is_one_container),
        cmocka_unit_test(memory_that_runs_out_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
