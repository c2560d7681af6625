/* Paths with parameters: which are refused, what they match, and what they take. */
#include "http/route.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct pinion_http_route *route_of(const char *path)
{
    struct pinion_http_route *route = NULL;
    assert_int_equal(pinion__http_route_new(&route, PINION_METHOD_GET, path), 0);
    return route;
}

static void refused(const char *path, const char *why)
{
    struct pinion_http_route *route = NULL;
    assert_int_equal(pinion__http_route_new(&route, PINION_METHOD_GET, path), PINION_EINVAL);
    assert_null(route);
    if (!strstr(pinion_error_detail(), why))
        fail_msg("%s: \"%s\" does not say \"%s\"", path, pinion_error_detail(), why);
}

static void parameters_that_are_wrong(void **state)
{
    refused("/a/:", "has a name");
    refused("/:a/b/:a", "the same name");
    refused("/:a/b/:c//:a/", "the same name");
    refused("/*/a", "the last segment");
    refused("/a/*rest", "no name behind it");
    refused("/a/*/*", "the last segment");
    refused("/a/*/:b", "the last segment");
}

static void methods_have_names(void **state)
{
    enum pinion_http_method method;
    for (int i = 0; i < PINION_METHODS; i++) {
        const char *name = pinion__http_method_name((enum pinion_http_method)i);
        assert_true(pinion__http_method_read(pinion__slice_str(name), &method));
        assert_int_equal(method, i);
    }
    assert_false(pinion__http_method_read(pinion__slice_str("get"), &method));
    assert_false(pinion__http_method_read(pinion__slice_str("TRACE"), &method));
    assert_false(pinion__http_method_read(pinion__slice_str(""), &method));
}

static bool matches(const char *pattern, const char *path)
{
    struct pinion_http_route *route = route_of(pattern);
    bool result = pinion__http_route_matches(route, pinion__slice_str(path));
    pinion__http_route_free(route);
    return result;
}

static void paths_that_match(void **state)
{
    assert_true(matches("/", "/"));
    assert_true(matches("/", "//"));
    assert_true(matches("/a/b", "/a//b/"));
    assert_true(matches("/a/:b", "/a/x"));
    assert_true(matches("/a/:b", "/a/%2f"));
    assert_true(matches("/:a/b/:c", "/1/b/2"));
    assert_true(matches("/*", "/"));
    assert_true(matches("/*", "/a/b"));
    assert_true(matches("/a/*", "/a"));
    assert_true(matches("/a/*", "/a/b/c/d"));
    assert_true(matches("/a/b*", "/a/b*"));               /* a literal */
    assert_true(matches("/reports/*", "/%72eport%73/x")); /* who guards files by a route is not passed by */
    assert_true(matches("/a%20b", "/%61%20b"));
}

static void paths_that_do_not(void **state)
{
    assert_false(matches("/", "/a"));
    assert_false(matches("/a", "/"));
    assert_false(matches("/a", "/A"));
    assert_false(matches("/a/b", "/a%2fb"));
    assert_false(matches("/a", "/%6"));
    assert_false(matches("/a", "/%2561")); /* decoded once */
    assert_false(matches("/a", "/aa"));
    assert_false(matches("/aa", "/a"));
    assert_false(matches("/a/:b", "/a"));
    assert_false(matches("/a/:b", "/a//"));
    assert_false(matches("/a/:b", "/a/b/c"));
    assert_false(matches("/a/*", "/b"));
    assert_false(matches("/a/b*", "/a/bx"));
}

/* The texts end where memory ends, so that a sanitizer sees a byte too many. */
static char *decoded(const struct pinion_http_route *route, const char *path, int expected)
{
    char *texts = malloc(strlen(path) + route->parameters + 1);
    assert_non_null(texts);
    assert_int_equal(pinion__http_route_decode(route, pinion__slice_str(path), texts), expected);
    return texts;
}

static void parameters_are_decoded(void **state)
{
    struct pinion_http_route *route = route_of("/a/:b/:c/*");
    char *texts = decoded(route, "/a/x%20y//+%C3%A4/r%2Fs//t/", 0);
    assert_string_equal(pinion__http_route_parameter(route, texts, "b"), "x y");
    assert_string_equal(pinion__http_route_parameter(route, texts, "c"), "+\xc3\xa4");
    assert_string_equal(pinion__http_route_parameter(route, texts, "*"), "r/s/t");
    assert_null(pinion__http_route_parameter(route, texts, "a"));
    assert_null(pinion__http_route_parameter(route, texts, ":b"));
    assert_null(pinion__http_route_parameter(route, texts, ""));
    free(texts);
    texts = decoded(route, "/a/1/2", 0);
    assert_string_equal(pinion__http_route_parameter(route, texts, "*"), "");
    free(texts);
    pinion__http_route_free(route);
}

static void what_cannot_be_decoded(void **state)
{
    static const char *const bad[] = { "/a/%", "/a/%4", "/a/%zz", "/a/%00", "/a/%ff", "/a/%C3" };
    struct pinion_http_route *parameter = route_of("/a/:b"), *rest = route_of("/a/*");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        free(decoded(parameter, bad[i], PINION_EPROTO));
        free(decoded(rest, bad[i], PINION_EPROTO));
    }
    pinion__http_route_free(parameter);
    pinion__http_route_free(rest);
}

/* The sign of a comparison, both ways. */
static int compared(const char *one, const char *other)
{
    struct pinion_http_route *a = route_of(one), *b = route_of(other);
    int order = pinion__http_route_compare(a, b), back = pinion__http_route_compare(b, a);
    pinion__http_route_free(a);
    pinion__http_route_free(b);
    assert_int_equal((order > 0) - (order < 0), (back < 0) - (back > 0));
    return (order > 0) - (order < 0);
}

static void the_more_specific_comes_first(void **state)
{
    assert_int_equal(compared("/a", "/:a"), -1);
    assert_int_equal(compared("/:a", "/*"), -1);
    assert_int_equal(compared("/a", "/a/*"), -1);
    assert_int_equal(compared("/a/:b", "/:a/b"), -1);
    assert_int_equal(compared("/a/:b/c", "/a/:b/:c"), -1);
    assert_int_equal(compared("/a/b", "/a/*"), -1);
}

static void the_same_paths(void **state)
{
    assert_int_equal(compared("/a/:b", "//a/:other/"), 0);
    assert_int_equal(compared("/", "//"), 0);
    assert_int_equal(compared("/a/*", "/a/*/"), 0);
    assert_int_not_equal(compared("/a", "/b"), 0);
    assert_int_not_equal(compared("/a", "/aa"), 0);
    assert_int_not_equal(compared("/:a", "/:a/b"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_that_are_wrong),
        cmocka_unit_test(methods_have_names),
        cmocka_unit_test(paths_that_match),
        cmocka_unit_test(paths_that_do_not),
        cmocka_unit_test(parameters_are_decoded),
        cmocka_unit_test(what_cannot_be_decoded),
        cmocka_unit_test(the_more_specific_comes_first),
        cmocka_unit_test(the_same_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
