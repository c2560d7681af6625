/* The tree of a JSON text where memory runs out: each allocation fails once, of each text. */
#include "helpers/shortage.h"
#include "proto/json_scan.h"
#include "proto/json_tree.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static json_t *tree_of(struct pinion_slice text, size_t n)
{
    shortage_begin(n, 1);
    return pinion__json_tree(text, NULL);
}

/* The text is in memory that ends where it ends, so that a sanitizer sees what is read beyond. */
static void build_without_memory(const char *text)
{
    struct pinion_json_value value;
    size_t len = strlen(text), n = 0;
    char *copy = malloc(len);
    memcpy(copy, text, len);
    assert_int_equal(pinion__json_scan(pinion__slice(copy, len), &value), 0);

    json_t *whole = tree_of(value.text, SIZE_MAX / 2), *tree;
    assert_int_equal(shortage_end(), 0);
    assert_non_null(whole);
    while (!(tree = tree_of(value.text, n))) {
        if (shortage_end() != 1)
            fail_msg("%s: no tree, though allocation %zu did not fail", text, n);
        n++;
    }
    (void)shortage_end();
    assert_true(json_equal(tree, whole));
    assert_true(n > 0);
    json_decref(tree);
    json_decref(whole);
    free(copy);
}

static void trees_without_memory(void **state)
{
    char text[200];
    for (int len = 0; len < 40; len++) {
        snprintf(text, sizeof text, "\"%.*s\"", len, "0123456789012345678901234567890123456789");
        build_without_memory(text);
        snprintf(text, sizeof text, "{\"%.*s\":[\"\\u00e9\\n\",1]}", len,
                 "0123456789012345678901234567890123456789");
        build_without_memory(text);
    }
    build_without_memory("[1,-0,2.5e3,18446744073709551616]");
    build_without_memory("[0.00000000000000000000000000000000000000000000000000000000000000000000000001]");
    build_without_memory(
        "{\"a\":{\"b\":{\"c\":[[[{}]],[],true,false,null]}},\"a\":\"again\",\"d\\\"\":[1,2,3,4,5,6,7,8,9]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_without_memory),
    };
    json_decref(json_object()); /* jansson makes its seed */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
