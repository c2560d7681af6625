/* Which of several routes takes a request, in whatever order they were added. */
#include "http/routes.h"
#include <pinion/error.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct pinion_http_routes routes;

static int add(const char *method, const char *path)
{
    struct pinion_http_route *route = NULL;
    enum pinion_http_method read;
    assert_true(pinion__http_method_read(pinion__slice_str(method), &read));
    assert_int_equal(pinion__http_route_new(&route, read, path), 0);
    return pinion__http_routes_add(&routes, route);
}

static struct pinion_http_found found(const char *method, const char *path)
{
    return pinion__http_routes_find(&routes, pinion__slice_str(method), pinion__slice_str(path));
}

static void expect(const char *method, const char *path, const char *name)
{
    struct pinion_http_found got = found(method, path);
    if (!got.route || strcmp(got.route->name, name) != 0)
        fail_msg("%s %s: %s, expected was %s", method, path, got.route ? got.route->name : "none", name);
}

static void expect_methods(const char *method, const char *path, unsigned methods)
{
    struct pinion_http_found got = found(method, path);
    assert_null(got.route);
    assert_int_equal(got.methods, methods);
}

static void add_all(const char *const (*all)[2], size_t count, bool backwards)
{
    for (size_t i = 0; i < count; i++) {
        const char *const *one = all[backwards ? count - 1 - i : i];
        assert_int_equal(add(one[0], one[1]), 0);
    }
}

static void the_most_specific_takes_it(void **state)
{
    static const char *const all[][2] = {
        { "GET", "/*" },        { "GET", "/a/:b" },  { "GET", "/a/b" }, { "GET", "/:a/b" },
        { "DELETE", "/a/:b" },  { "POST", "/a/b" },  { "GET", "/" },    { "HEAD", "/a/:b" },
        { "OPTIONS", "/only" }, { "PUT", "/put/*" },
    };
    for (int backwards = 0; backwards < 2; backwards++) {
        add_all(all, sizeof all / sizeof *all, backwards);
        expect("GET", "/", "GET /");
        expect("GET", "/a/b", "GET /a/b");
        expect("GET", "/a/c", "GET /a/:b");
        expect("GET", "/x/b", "GET /:a/b");
        expect("GET", "/x/y/z", "GET /*");
        expect("DELETE", "/a/b", "DELETE /a/:b");
        expect("POST", "/a/b", "POST /a/b");
        expect("HEAD", "/a/b", "GET /a/b");
        expect("HEAD", "/a/c", "HEAD /a/:b");
        expect("OPTIONS", "/only", "OPTIONS /only");
        expect("PUT", "/put/a/b", "PUT /put/*");
        pinion__http_routes_release(&routes);
    }
}

static void methods_that_no_route_has(void **state)
{
    assert_int_equal(add("GET", "/a/b"), 0);
    assert_int_equal(add("POST", "/a/:b"), 0);
    assert_int_equal(add("PATCH", "/c"), 0);
    expect_methods("PUT", "/a/b", 1u << PINION_METHOD_GET | 1u << PINION_METHOD_POST);
    expect_methods("PUT", "/a/x", 1u << PINION_METHOD_POST);
    expect_methods("STEAL", "/c", 1u << PINION_METHOD_PATCH);
    expect_methods("HEAD", "/c", 1u << PINION_METHOD_PATCH);
    expect_methods("GET", "/d", 0);
    pinion__http_routes_release(&routes);
}

static void a_request_for_the_server_as_a_whole(void **state)
{
    assert_int_equal(add("OPTIONS", "/*"), 0);
    assert_int_equal(add("OPTIONS", "/:a"), 0);
    expect_methods("OPTIONS", "*", 0);
    pinion__http_routes_release(&routes);
}

static void one_route_twice(void **state)
{
    assert_int_equal(add("GET", "/a/:b"), 0);
    assert_int_equal(add("GET", "//a/:c/"), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "\"/a/:b\" is mounted already for GET"));
    assert_int_equal(add("HEAD", "/a/:c"), 0);
    assert_int_equal(add("GET", "/a/*"), 0);
    assert_int_equal(routes.count, 3);
    pinion__http_routes_release(&routes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_specific_takes_it),
        cmocka_unit_test(methods_that_no_route_has),
        cmocka_unit_test(a_request_for_the_server_as_a_whole),
        cmocka_unit_test(one_route_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
