/* Mounting: what no client could ever reach is refused, with a sentence. */
#include "helpers/endpoint.h"
#include <pinion/raw_socket.h>
#include <pinion/transport.h>

static const pinion_channel_def channel_def;
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "r", &channel_def }) };
static const pinion_raw_socket_def raw_def;

static int mount_socket(const char *path, const pinion_socket_options *options)
{
    return pinion_endpoint_socket(endpoint, path, &socket_def, options);
}

static int mount_page(const char *path)
{
    return pinion_endpoint_get(endpoint, path, endpoint_page, NULL);
}

static int mount_files(const char *prefix)
{
    return pinion_endpoint_static(endpoint, prefix, "/");
}

static void refused(int rc, const char *sentence)
{
    assert_int_equal(rc, PINION_EINVAL);
    if (!strstr(pinion_error_detail(), sentence))
        fail_msg("\"%s\" does not say \"%s\"", pinion_error_detail(), sentence);
}

static void the_same_path_in_other_letters(void **state)
{
    ok(mount_socket("/a", NULL));
    refused(mount_socket("/a", NULL), "\"/a\" is mounted");
    refused(mount_socket("/a/", NULL), "\"/a\" is mounted");
    refused(mount_socket("//a", NULL), "\"/a\" is mounted");
    refused(mount_page("/a/"), "\"/a\" is mounted");
    refused(pinion_endpoint_raw_socket(endpoint, "//a//", &raw_def, NULL), "\"/a\" is mounted");
    ok(mount_page("/a/b/"));
    refused(mount_page("/a//b"), "\"/a/b/\" is mounted");
    refused(mount_socket("/a/b", NULL), "\"/a/b/\" is mounted");
    ok(mount_socket("/A", NULL));
}

static void one_prefix_of_files_twice(void **state)
{
    ok(mount_files("/a"));
    refused(mount_files("/a"), "is mounted");
    refused(mount_files("/a/"), "is mounted");
    ok(mount_files("/"));
    refused(mount_files("/"), "is mounted");
    refused(mount_files("//"), "is mounted");
    ok(mount_files("/a/b"));
    ok(mount_socket("/a", NULL)); /* files are sought where nothing else is mounted */
    ok(mount_page("/"));
}

static void a_page_where_a_socket_has_its_transports(void **state)
{
    const pinion_socket_options polls = { .no_websocket = true, .longpoll = true };
    ok(mount_socket("/a", NULL));
    refused(mount_page("/a/websocket"), "the socket \"/a\"");
    refused(mount_page("/a//websocket/"), "the socket \"/a\"");
    ok(mount_page("/a/longpoll"));
    ok(mount_page("/b/longpoll"));
    refused(mount_socket("/b", &polls), "the page \"/b/longpoll\"");
    ok(mount_socket("/b", NULL));
}

static void answer(pinion_request *request, void *context)
{
}

static int mount_route(const char *method, const char *path)
{
    return pinion_endpoint_http(endpoint, method, path, answer, NULL);
}

static void routes_of_one_path(void **state)
{
    ok(mount_route("GET", "/a/:b"));
    ok(mount_route("POST", "/a/:b"));
    ok(mount_route("GET", "/a/b"));
    refused(mount_route("GET", "//a/:c/"), "\"/a/:b\" is mounted already for GET");
    ok(mount_page("/page"));
    refused(mount_route("GET", "/page/"), "\"/page\" is mounted already for GET");
    ok(mount_route("POST", "/page"));
    refused(mount_route("get", "/c"), "\"get\" is none of");
    refused(mount_route("TRACE", "/c"), "\"TRACE\" is none of");
    refused(mount_route("GET", "/c/:"), "has a name");
    refused(mount_route("GET", "/c/*/d"), "last segment");
    refused(mount_route("GET", "c"), "begins with '/'");
    refused(mount_route("GET", "/a b"), "percent-encode");
    refused(mount_page("/c/:d"), "pinion_endpoint_http");
    refused(mount_page("/*"), "pinion_endpoint_http");
}

static void a_route_where_a_socket_has_its_transports(void **state)
{
    ok(mount_socket("/a", NULL));
    refused(mount_route("POST", "/a/websocket"), "the socket \"/a\"");
    refused(mount_route("POST", "/a/"), "\"/a\" is mounted");
    ok(mount_route("POST", "/:any"));
    ok(mount_route("POST", "/a/:any"));
    ok(mount_route("POST", "/b/websocket"));
    refused(mount_socket("/b", NULL), "the route \"/b/websocket\"");
    ok(mount_route("POST", "/c"));
    refused(mount_socket("/c", NULL), "\"/c\" is mounted");
}

static void a_socket_without_transports(void **state)
{
    const pinion_socket_options none = { .no_websocket = true };
    const pinion_socket_options own = { .no_websocket = true, .own_transport = true };
    refused(mount_socket("/a", &none), "socket /a: no client can reach it");
    refused(pinion_endpoint_raw_socket(endpoint, "/a", &raw_def, &none), "own_transport");
    ok(mount_socket("/a", &own));
    pinion_transport_limits limits;
    ok(pinion_transport_limits_of(endpoint, "/a", &limits));
    ok(pinion_transport_limits_of(endpoint, "/a/", &limits)); /* the same path */
    assert_int_equal(pinion_transport_limits_of(endpoint, "/b", &limits), PINION_ENOENT);
}

static void what_no_request_says(void **state)
{
    static const char *const paths[] = { "/a b", "/a?b", "/a#b", "/a\tb", "/caf\xc3\xa9", "/a\x7f" };
    static const char *const dotted[] = { "/.", "/..", "/a/./b", "/../a", "/a/.." };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        refused(mount_socket(paths[i], NULL), "percent-encode");
        refused(mount_page(paths[i]), "percent-encode");
        refused(mount_files(paths[i]), "visible ASCII");
    }
    for (size_t i = 0; i < sizeof dotted / sizeof *dotted; i++) {
        refused(mount_socket(dotted[i], NULL), "\"..\"");
        refused(mount_files(dotted[i]), "\"..\"");
    }
    refused(mount_page(""), "begins with '/'");
    refused(mount_files("a"), "begins with '/'");
    refused(mount_files("/a%20b"), "'%'");
    ok(mount_page("/a%20b"));
    ok(mount_page("/..."));
    ok(mount_files("/.well-known"));
}

static void what_was_refused_leaves_nothing(void **state)
{
    const pinion_socket_options polls = { .no_websocket = true, .longpoll = true };
    ok(mount_page("/a/longpoll"));
    for (int i = 0; i < 3; i++) {
        refused(mount_socket("/a", &polls), "the page");
        refused(mount_page("a"), "begins");
    }
    ok(mount_socket("/b", &polls));
    ok(pinion_endpoint_start(endpoint));
    refused(mount_page("/late"), "has started");
    refused(mount_route("GET", "/late"), "has started");
}

static int new_endpoint(void **state)
{
    pinion_log_set_level(PINION_LOG_NONE);
    return pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1 });
}

#define T(name) cmocka_unit_test_setup_teardown(name, new_endpoint, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_same_path_in_other_letters),
        T(one_prefix_of_files_twice),
        T(a_page_where_a_socket_has_its_transports),
        T(routes_of_one_path),
        T(a_route_where_a_socket_has_its_transports),
        T(a_socket_without_transports),
        T(what_no_request_says),
        T(what_was_refused_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
