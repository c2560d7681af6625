/* Routes and clauses that nothing can reach are told of at mount, each once. */
#include "helpers/capture.h"
#include "helpers/engine.h"

static pinion_result handle(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    return pinion_noreply();
}

static const pinion_channel_def plain = { .handle_in = PINION_CLAUSES({ "a", handle }, { "*", handle }) };

static const pinion_channel_def late = {
    .handle_in = PINION_CLAUSES({ "a", handle }, { "a", handle }, { "*", handle }, { "b", handle }),
    .handle_out = PINION_CLAUSES({ "c", handle }, { "d", handle }, { "c", handle }),
};

/* What connecting a client to this definition writes to the log. */
static const char *said_of(const pinion_route *routes)
{
    static char text[4096];
    const pinion_socket_def def = { .channels = routes };
    struct capture capture = { 0 };
    pinion_test_client *client;
    pinion_log_set_level(PINION_LOG_WARNING);
    assert_int_equal(capture_begin(&capture), 0);
    int rc = pinion_test_connect(test, &def, NULL, "", &client);
    capture_end(&capture, text, sizeof text);
    ok(rc);
    return text;
}

static int count(const char *text, const char *part)
{
    int found = 0;
    while ((text = strstr(text, part))) {
        found++;
        text++;
    }
    return found;
}

static void says(const char *text, const char *part)
{
    if (count(text, part) != 1)
        fail_msg("\"%s\" is not once in: %s", part, text);
}

static void a_route_behind_one_that_takes_its_topics(void **state)
{
    const pinion_route routes[] = { { "a:*", &plain }, { "a:1", &plain }, { "a:b:*", &plain },
                                    { "b", &plain },   { "b", &plain },   { "*", &plain },
                                    { "c:*", &plain }, { NULL, NULL } };
    const char *said = said_of(routes);
    says(said, "the route \"a:1\" is never taken: the route \"a:*\" before it");
    says(said, "the route \"a:b:*\" is never taken: the route \"a:*\" before it");
    says(said, "the route \"b\" is never taken: the route \"b\" before it");
    says(said, "the route \"c:*\" is never taken: the route \"*\" before it");
    assert_int_equal(count(said, "\n"), 4);
}

static void a_clause_behind_one_that_takes_its_event(void **state)
{
    const pinion_route routes[] = { { "x", &late }, { "y", &late }, { NULL, NULL } };
    const char *said = said_of(routes);
    says(said,
         "the channel of \"x\": the clause \"a\" of handle_in is never called: the clause \"a\" before it");
    says(said, "the clause \"b\" of handle_in is never called: the clause \"*\" before it");
    says(said, "the clause \"c\" of handle_out is never called: the clause \"c\" before it");
    assert_int_equal(count(said, "\n"), 3); /* and nothing again of its second topic */
}

static void nothing_where_all_can_be_reached(void **state)
{
    const pinion_route routes[] = { { "a", &plain },   { "ab", &plain }, { "a:1", &plain },
                                    { "a:*", &plain }, { "*", &plain },  { NULL, NULL } };
    assert_string_equal(said_of(routes), "");
}

static void a_socket_without_a_route(void **state)
{
    const pinion_route none[] = { { NULL, NULL } };
    static const char said[] = "socket /test: it has no routes (.channels): nobody can join a channel";
    says(said_of(NULL), said);
    says(said_of(none), said);
}

/* What mounting a socket at this path writes to the log. */
static const char *said_at(const char *path, bool raw, pinion_socket_options options)
{
    static char text[4096];
    static const pinion_route routes[] = { { "a", &plain }, { NULL, NULL } };
    static const pinion_socket_def def = { .channels = routes };
    static const pinion_raw_socket_def raw_def = { 0 };
    struct capture capture = { 0 };
    pinion_endpoint *endpoint;
    pinion_log_set_level(PINION_LOG_WARNING);
    ok(pinion_endpoint_new(&endpoint, NULL));
    assert_int_equal(capture_begin(&capture), 0);
    int rc = raw ? pinion_endpoint_raw_socket(endpoint, path, &raw_def, &options)
                 : pinion_endpoint_socket(endpoint, path, &def, &options);
    capture_end(&capture, text, sizeof text);
    pinion_endpoint_free(endpoint);
    ok(rc);
    return text;
}

static void a_path_that_ends_with_what_clients_add(void **state)
{
    const pinion_socket_options usual = { 0 };
    says(said_at("/socket/websocket", false, usual),
         "so they connect to /socket/websocket/websocket: mount it at \"/socket\"");
    says(said_at("/a/longpoll/", false, usual),
         "so they connect to /a/longpoll/longpoll: mount it at \"/a\"");
    says(said_at("/websocket", true, usual), "so they connect to /websocket/websocket: mount it at \"/\"");
    assert_string_equal(said_at("/socket", false, usual), "");
    assert_string_equal(said_at("/", false, usual), "");
    assert_string_equal(said_at("/mywebsocket", false, usual), "");
    assert_string_equal(said_at("/websocket/chat", false, usual), "");
    const pinion_socket_options own = { .no_websocket = true, .own_transport = true };
    assert_string_equal(said_at("/lines/websocket", false, own), ""); /* its clients add nothing */
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_route_behind_one_that_takes_its_topics), T(a_clause_behind_one_that_takes_its_event),
        T(nothing_where_all_can_be_reached),         T(a_socket_without_a_route),
        T(a_path_that_ends_with_what_clients_add),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
