/* The kit's requests over HTTP: they go through the endpoint's HTTP server, answers that come later are
 * waited for, and a failure says what came, without secrets. */
#include "helpers/engine.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

static pinion_endpoint *endpoint;
static pinion_request_ref *kept;
static int ended;           /* the status of work that is done; 1: none is */
static atomic_bool working; /* work goes on while this is set */

/* ---- the routes ---- */

static void echo(pinion_request *request, void *context)
{
    pinion_slice type = pinion_request_header(request, "content-type"), body = pinion_request_body(request);
    char text[100];
    snprintf(text, sizeof text, "%.*s", (int)type.len, type.ptr ? type.ptr : "");
    pinion_header headers[] = { { "content-type", text }, { NULL, NULL } };
    pinion_request_answer(request, 200, type.ptr ? headers : NULL, body.ptr, body.len);
}

static void say_all(pinion_request *request, void *context)
{
    pinion_slice host = pinion_request_header(request, "host"), cookie = pinion_request_cookie(request, "a");
    char text[300];
    snprintf(text, sizeof text, "%s %s %s %s %u %.*s %.*s", pinion_request_method(request),
             pinion_request_path_param(request, "id"), pinion_request_query(request),
             pinion_request_peer(request), pinion_request_peer_port(request), (int)host.len, host.ptr,
             (int)cookie.len, cookie.ptr ? cookie.ptr : "");
    pinion_request_answer_text(request, 200, text);
}

static void put_cookies(pinion_request *request, void *context)
{
    pinion_request_put_cookie(request, "user", "ann", NULL);
    pinion_request_put_cookie(request, "user_token", "c2VjcmV0", NULL);
    pinion_request_put_header(request, "x-api-key", "api");
    pinion_request_put_header(request, "x-session", "s3ss1on");
    pinion_request_put_header(request, "location", "/in?token=t0k3n&page=2");
    pinion_request_answer_json(request, 201,
                               pinion_json("{s:s, s:{s:s}}", "password", "hunter2", "user", "name", "ann"));
}

static void keep(pinion_request *request, void *context)
{
    kept = pinion_request_ref_new(request);
}

static void work(void *data)
{
    while (atomic_load(&working))
        sched_yield();
    *(int *)data = 42;
}

static void worked(pinion_request *request, int status, void *data)
{
    char text[20];
    ended = status;
    snprintf(text, sizeof text, "%d", *(int *)data);
    pinion_request_answer_text(request, 200, text);
    free(data);
}

static void begin_work(pinion_request *request, void *context)
{
    ok(pinion_request_work(request, work, worked, calloc(1, sizeof(int))));
}

static void answer_after(pinion_endpoint *own, int status, void *data)
{
    pinion_request_ref_answer(kept, 200, NULL, "late", 4);
    pinion_request_ref_free(kept);
}

static void wait_a_second(pinion_request *request, void *context)
{
    kept = pinion_request_ref_new(request);
    ok(pinion_endpoint_send_after(endpoint, 0, 1000, answer_after, NULL, NULL));
}

static void say_binary(pinion_request *request, void *context)
{
    pinion_request_answer(request, 200, NULL, "\xff\0\1", 3);
}

static void say_much(pinion_request *request, void *context)
{
    static char much[300000];
    memset(much, 'x', sizeof much);
    pinion_request_answer(request, 200, NULL, much, sizeof much);
}

static void say_nothing(pinion_request *request, void *context)
{
}

static void page(const pinion_request *request, pinion_response *response, void *data)
{
    pinion_response_send(response, 200, "text/plain", "a page", 6);
}

static int begin(void **state)
{
    int rc = setup(state);
    if (rc)
        return rc;
    endpoint = pinion_test_endpoint(test);
    ended = 1;
    const pinion_http_options small = { .max_body = 10, .accepts = "application/json" };
    const pinion_http_options shop = { .cors_origins = PINION_LIST("https://shop.example.com") };
    ok(pinion_endpoint_http(endpoint, "POST", "/echo", echo, NULL));
    ok(pinion_endpoint_http(endpoint, "POST", "/small", echo, &small));
    ok(pinion_endpoint_http(endpoint, "GET", "/rooms/:id", say_all, &shop));
    ok(pinion_endpoint_http(endpoint, "GET", "/cookies", put_cookies, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/kept", keep, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/work", begin_work, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/second", wait_a_second, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/binary", say_binary, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/much", say_much, NULL));
    ok(pinion_endpoint_http(endpoint, "GET", "/nothing", say_nothing, NULL));
    ok(pinion_endpoint_get(endpoint, "/page", page, NULL));
    return 0;
}

static pinion_test_answer *asked(const char *method, const char *target,
                                 const pinion_test_http_options *options)
{
    pinion_test_answer *answer = NULL;
    ok(pinion_test_http(test, method, target, options, &answer));
    return answer;
}

static pinion_test_answer *got(const char *target)
{
    return asked("GET", target, NULL);
}

static void expect_sentence(int rc, int code, const char *part)
{
    assert_int_equal(rc, code);
    if (!strstr(pinion_error_detail(), part))
        fail_msg("not in the sentence: %s\n%s", part, pinion_error_detail());
}

/* ---- requests ---- */

static void a_request_has_what_it_is_given(void **state)
{
    const pinion_test_http_options options = { .headers = PINION_LIST("cookie: b=2; a=1"),
                                               .host = "example.com:4000",
                                               .peer = "203.0.113.7",
                                               .peer_port = 5000 };
    pinion_test_answer *answer = asked("GET", "/rooms/a%2Fb?page=2", &options);
    ok(pinion_test_expect_status(answer, 200));
    ok(pinion_test_expect_body(answer, "GET a/b page=2 203.0.113.7 5000 example.com:4000 1"));
    answer = asked("GET", "/rooms/1", &(pinion_test_http_options){ .peer = "2001:db8::1" });
    ok(pinion_test_expect_body(answer, "GET 1  2001:db8::1 0 localhost "));
    ok(pinion_test_expect_body(got("/rooms/1"), "GET 1   0 localhost "));
    expect_sentence(pinion_test_http(test, "GET", "/", &(pinion_test_http_options){ .peer = "ann" }, &answer),
                    PINION_EINVAL, "peer \"ann\" is not an address");
}

static void a_body_is_sent_with_its_length(void **state)
{
    pinion_test_answer *answer = asked("POST", "/echo", &(pinion_test_http_options){ .json = "{\"a\":1}" });
    ok(pinion_test_expect_status(answer, 200));
    ok(pinion_test_expect_header(answer, "Content-Type", "application/json"));
    ok(pinion_test_expect_json(answer, "{\"a\":1}"));
    assert_int_equal(json_integer_value(json_object_get(pinion_test_value(test), "a")), 1);
    answer = asked("POST", "/echo", &(pinion_test_http_options){ .body = "a text" });
    ok(pinion_test_expect_body(answer, "a text"));
    answer = asked("POST", "/echo", &(pinion_test_http_options){ .body = "\0a", .length = 2 });
    size_t length;
    ok(pinion_test_expect_header(answer, "content-length", "2"));
    assert_memory_equal(pinion_test_answer_body(answer, &length), "\0a", 3);
    assert_int_equal(length, 2);
    ok(pinion_test_expect_body(asked("POST", "/echo", NULL), ""));
    answer = asked("POST", "/echo",
                   &(pinion_test_http_options){ .headers = PINION_LIST("transfer-encoding: chunked"),
                                                .body = "3\r\nabc\r\n0\r\n\r\n" });
    ok(pinion_test_expect_body(answer, "abc"));
    expect_sentence(pinion_test_http(test, "POST", "/echo",
                                     &(pinion_test_http_options){ .json = "1", .body = "2" }, &answer),
                    PINION_EINVAL, "both json and body");
}

static void long_bodies_come_in_pieces(void **state)
{
    size_t length = 500000;
    char *body = malloc(length);
    memset(body, 'b', length);
    pinion_test_answer *answer =
        asked("POST", "/echo", &(pinion_test_http_options){ .body = body, .length = length });
    size_t came;
    ok(pinion_test_expect_status(answer, 200));
    assert_memory_equal(pinion_test_answer_body(answer, &came), body, length);
    assert_int_equal(came, length);
    free(body);
    answer = got("/much");
    ok(pinion_test_expect_status(answer, 200));
    assert_non_null(pinion_test_answer_body(answer, &came));
    assert_int_equal(came, 300000);
}

/* ---- what the library answers itself ---- */

static void the_limits_hold(void **state)
{
    const pinion_test_http_options long_json = { .json = "{\"a\":\"0123456789\"}" }, text = { .body = "1" };
    ok(pinion_test_expect_status(asked("POST", "/small", &long_json), 413));
    ok(pinion_test_expect_status(asked("POST", "/small", &text), 415));
    ok(pinion_test_expect_status(asked("POST", "/small", &(pinion_test_http_options){ .json = "1" }), 200));
    ok(pinion_test_expect_status(got("/nowhere"), 404));
    ok(pinion_test_expect_status(got("/rooms/%zz"), 400));
    ok(pinion_test_expect_status(asked("GET", "no path", NULL), 400));
    ok(pinion_test_expect_status(asked("BREW", "/echo", NULL), 501));
    pinion_test_answer *answer = got("/echo");
    ok(pinion_test_expect_status(answer, 405));
    ok(pinion_test_expect_header(answer, "allow", "POST, OPTIONS"));
    ok(pinion_test_expect_status(
        asked("POST", "/echo", &(pinion_test_http_options){ .headers = PINION_LIST("no colon") }), 400));
}

static void a_body_that_is_refused_ends_the_connection(void **state)
{
    size_t length = 4000000;
    char *body = calloc(1, length);
    pinion_test_answer *answer =
        asked("POST", "/echo", &(pinion_test_http_options){ .body = body, .length = length });
    ok(pinion_test_expect_status(answer, 413));
    ok(pinion_test_expect_header(answer, "connection", "close"));
    free(body);
    ok(pinion_test_expect_body(got("/page"), "a page"));
}

static void heads_options_and_pages_of_others(void **state)
{
    pinion_test_answer *answer = asked("HEAD", "/page", NULL);
    ok(pinion_test_expect_status(answer, 200));
    ok(pinion_test_expect_header(answer, "content-length", "6"));
    ok(pinion_test_expect_body(answer, ""));
    answer = asked("OPTIONS", "/rooms/1", NULL);
    ok(pinion_test_expect_status(answer, 204));
    ok(pinion_test_expect_header(answer, "allow", "GET, HEAD, OPTIONS"));
    answer = asked("GET", "/rooms/1",
                   &(pinion_test_http_options){ .headers = PINION_LIST("origin: https://shop.example.com") });
    ok(pinion_test_expect_header(answer, "access-control-allow-origin", "https://shop.example.com"));
    ok(pinion_test_expect_body(got("/healthz"), "ok"));
}

static void a_body_may_be_announced(void **state)
{
    const pinion_test_http_options options = { .headers = PINION_LIST("expect: 100-continue"), .json = "1" };
    ok(pinion_test_expect_body(asked("POST", "/echo", &options), "1"));
}

/* ---- answers that come later ---- */

static void work_is_waited_for(void **state)
{
    pinion_test_answer *answer = got("/work");
    ok(pinion_test_expect_status(answer, 200));
    ok(pinion_test_expect_body(answer, "42"));
    assert_int_equal(ended, 0);
}

static void *answer_elsewhere(void *data)
{
    usleep(2000);
    pinion_request_ref_answer_json(kept, 202, pinion_json("{s:i}", "n", 1));
    pinion_request_ref_free(kept);
    return NULL;
}

static void other_threads_are_waited_for(void **state)
{
    pthread_t thread;
    pinion_test_answer *answer = got("/kept");
    ok(pinion_test_refute_answer(answer));
    assert_int_equal(pinion_test_answer_status(answer), 0);
    assert_null(pinion_test_answer_body(answer, NULL));
    assert_null(pinion_test_answer_header(answer, "date"));
    assert_int_equal(pthread_create(&thread, NULL, answer_elsewhere, NULL), 0);
    ok(pinion_test_expect_json(answer, "{\"n\":1}"));
    ok(pinion_test_expect_status(answer, 202));
    expect_sentence(pinion_test_refute_answer(answer), PINION_EBUSY, "expected no answer of GET /kept; got:");
    pthread_join(thread, NULL);
}

static void time_is_the_tests(void **state)
{
    pinion_test_answer *answer = got("/second");
    pinion_test_advance(test, 999);
    ok(pinion_test_refute_answer(answer));
    pinion_test_advance(test, 1);
    ok(pinion_test_expect_body(answer, "late"));
}

static void a_client_may_give_up(void **state)
{
    pinion_test_answer *answer = got("/kept");
    pinion_test_give_up(answer);
    assert_int_equal(pinion_request_ref_answer(kept, 200, NULL, NULL, 0), PINION_ECLOSED);
    pinion_request_ref_free(kept);
    expect_sentence(pinion_test_expect_status(answer, 200), PINION_ECLOSED,
                    "expected status 200 of GET /kept; but the client gave up; got: nothing");
    atomic_store(&working, true);
    answer = got("/work");
    pinion_test_give_up(answer);
    atomic_store(&working, false);
    while (ended == 1)
        pinion_test_run(test);
    assert_int_equal(ended, PINION_ECLOSED);
    answer = got("/page");
    pinion_test_give_up(answer); /* it has its answer */
    ok(pinion_test_expect_status(answer, 200));
}

static void all_work_can_be_waited_for(void **state)
{
    ok(pinion_test_finish_work(test)); /* there is none */
    atomic_store(&working, true);
    pinion_test_answer *answer = got("/work");
    pinion_test_set_patience(test, 0);
    expect_sentence(pinion_test_finish_work(test), PINION_ETIMEDOUT, "work is still under way");
    atomic_store(&working, false);
    pinion_test_set_patience(test, 5000);
    ok(pinion_test_finish_work(test));
    assert_int_equal(ended, 0);
    assert_int_equal(pinion_test_answer_status(answer), 200);
}

static void patience_ends(void **state)
{
    pinion_test_answer *answer = got("/kept");
    pinion_test_set_patience(test, 0);
    expect_sentence(pinion_test_expect_status(answer, 200), PINION_ETIMEDOUT,
                    "expected status 200 of GET /kept; got: nothing");
    pinion_request_ref_free(kept);
    ok(pinion_test_expect_status(answer, 500)); /* nobody can answer any more */
}

static void a_test_ends_under_way(void **state)
{
    (void)got("/work");
    (void)got("/kept");
    pinion_test_free(test);
    assert_int_equal(pinion_request_ref_answer(kept, 200, NULL, NULL, 0), PINION_ECLOSED);
    pinion_request_ref_free(kept);
    assert_int_not_equal(ended, 1);
    ok(pinion_test_new(&test, NULL));
}

static void a_thread_has_one_test(void **state)
{
    pinion_test *second = NULL;
    expect_sentence(pinion_test_new(&second, NULL), PINION_EBUSY, "this thread has a test");
    assert_null(second);
    pinion_test_free(test);
    ok(pinion_test_new(&test, NULL));
}

/* ---- proxies ---- */

static void say_peer(pinion_request *request, void *context)
{
    pinion_request_answer_text(request, 200, pinion_request_peer(request));
}

static void expect_peer(const char *proxy, const char *peer)
{
    const pinion_test_http_options options = { .headers = PINION_LIST("x-forwarded-for: 198.51.100.7"),
                                               .peer = proxy };
    ok(pinion_test_expect_body(asked("GET", "/peer", &options), peer));
}

static void proxies_can_be_trusted(void **state)
{
    pinion_test_free(test);
    expect_sentence(pinion_test_new(&test, &(pinion_test_options){ .trusted_proxies = "none" }),
                    PINION_EINVAL, "trusted_proxies: \"none\" is neither an address nor a network");
    ok(pinion_test_new(&test, &(pinion_test_options){ .trusted_proxies = "192.0.2.1, 10.0.0.0/8" }));
    ok(pinion_endpoint_http(pinion_test_endpoint(test), "GET", "/peer", say_peer, NULL));
    expect_peer("192.0.2.1", "198.51.100.7");
    expect_peer("10.1.2.3", "198.51.100.7");
    expect_peer("192.0.2.2", "192.0.2.2");
}

/* ---- sockets, by what is mounted ---- */

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    return pinion_ok(NULL);
}

static const pinion_channel_def room = { .join = join };
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "room:*", &room }) };

static void transports_are_there_too(void **state)
{
    const pinion_socket_options options = { .longpoll = true };
    const pinion_test_http_options upgrade = {
        .headers = PINION_LIST("connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13",
                               "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==")
    };
    ok(pinion_endpoint_socket(endpoint, "/socket", &user_socket, &options));
    pinion_test_answer *answer = asked("GET", "/socket/websocket?vsn=2.0.0", &upgrade);
    ok(pinion_test_expect_status(answer, 101));
    assert_int_equal(stats().sockets, 1);
    pinion_test_give_up(answer);
    assert_int_equal(stats().sockets, 0);
    answer = asked("GET", "/socket/websocket?vsn=2.0.0", &upgrade);
    ok(pinion_test_expect_status(answer, 101));
    answer = got("/socket/longpoll?vsn=2.0.0");
    ok(pinion_test_expect_json(answer, "{\"status\":410}"));
    assert_int_equal(stats().sockets, 2); /* they end with the test */
}

/* ---- failures ---- */

static void failures_show_the_whole_answer(void **state)
{
    pinion_test_answer *answer = got("/page");
    expect_sentence(pinion_test_expect_status(answer, 404), PINION_EPROTO,
                    "expected status 404 of GET /page; got:\n200 OK\ndate: ");
    expect_sentence(pinion_test_expect_body(answer, "a pag"), PINION_EPROTO,
                    "expected body a pag of GET /page; got:\n200 OK\n");
    assert_non_null(strstr(pinion_error_detail(), "\ncontent-type: text/plain\n"));
    assert_non_null(strstr(pinion_error_detail(), "\n\na page"));
    expect_sentence(pinion_test_expect_header(answer, "etag", NULL), PINION_EPROTO,
                    "expected header etag of");
    expect_sentence(pinion_test_expect_header(answer, "content-type", "text/html"), PINION_EPROTO,
                    "expected header content-type: text/html of");
    expect_sentence(pinion_test_expect_json(answer, "{\"a\":1}"), PINION_EPROTO,
                    "expected JSON {\"a\":1} of GET /page");
    expect_sentence(pinion_test_expect_json(answer, "{"), PINION_EINVAL, "is not JSON");
    expect_sentence(pinion_test_expect_status(got("/binary"), 1), PINION_EPROTO, "(binary: ff 00 01)");
    expect_sentence(pinion_test_expect_status(got("/nothing"), 200), PINION_EPROTO, "500");
}

static void secrets_are_not_shown(void **state)
{
    pinion_test_answer *answer = got("/cookies?token=abc&page=2");
    expect_sentence(pinion_test_expect_status(answer, 200), PINION_EPROTO,
                    "of GET /cookies with {\"token\":\"[FILTERED]\",\"page\":\"2\"}; got:");
    const char *sentence = pinion_error_detail();
    assert_non_null(strstr(sentence, "\nset-cookie: user=[FILTERED]; Path=/"));
    assert_non_null(strstr(sentence, "\nset-cookie: user_token=[FILTERED]; Path=/"));
    assert_non_null(strstr(sentence, "\nx-session: [FILTERED]\n"));
    assert_non_null(strstr(sentence, "\nlocation: /in with {\"token\":\"[FILTERED]\",\"page\":\"2\"}\n"));
    assert_non_null(strstr(sentence, "{\"password\":\"[FILTERED]\",\"user\":{\"name\":\"ann\"}}"));
    static const char *const secrets[] = { "abc", "c2VjcmV0", "s3ss1on", "t0k3n", "hunter2" };
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        assert_null(strstr(sentence, secrets[i]));
}

/* ---- reading an answer ---- */

static void note(pinion_slice name, pinion_slice value, void *data)
{
    char *text = data;
    size_t len = strlen(text);
    snprintf(text + len, 200 - len, "%.*s=%.*s;", (int)name.len, name.ptr, (int)value.len, value.ptr);
}

static void cookies_and_headers_can_be_read(void **state)
{
    char text[200] = "";
    pinion_test_answer *answer = got("/cookies");
    ok(pinion_test_expect_status(answer, 201));
    assert_int_equal(pinion_test_answer_status(answer), 201);
    assert_string_equal(pinion_test_answer_cookie(answer, "user"), "ann");
    assert_string_equal(pinion_test_answer_cookie(answer, "user_token"), "c2VjcmV0");
    assert_null(pinion_test_answer_cookie(answer, "use"));
    assert_string_equal(pinion_test_answer_header(answer, "X-Api-Key"), "api");
    assert_null(pinion_test_answer_header(answer, "x-api"));
    pinion_test_answer_headers(answer, "X-", note, text);
    assert_string_equal(text, "x-api-key=api;x-session=s3ss1on;x-content-type-options=nosniff;");
    ok(pinion_test_expect_header(answer, "set-cookie",
                                 "user_token=c2VjcmV0; Path=/; SameSite=Lax; HttpOnly"));
    ok(pinion_test_expect_json(answer, "{\"user\":{\"name\":\"ann\"}}"));
    assert_string_equal(pinion_test_answer_body(answer, NULL),
                        "{\"password\":\"hunter2\",\"user\":{\"name\":\"ann\"}}");
}

static void say_context(pinion_request *request, void *context)
{
    pinion_request_answer_text(request, 200, context);
}

static void routes_have_the_context_of_the_tests_options(void **state)
{
    char ours[] = "the application", own[] = "the route's own";
    ok(pinion_test_new(&test, &(pinion_test_options){ .context = ours }));
    pinion_endpoint *tested = pinion_test_endpoint(test);
    ok(pinion_endpoint_http(tested, "GET", "/", say_context, NULL));
    ok(pinion_endpoint_http(tested, "GET", "/own", say_context, &(pinion_http_options){ .context = own }));
    ok(pinion_test_expect_body(got("/"), ours));
    ok(pinion_test_expect_body(got("/own"), own));
}

#define KIT(name) cmocka_unit_test_setup_teardown(name, begin, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT(a_request_has_what_it_is_given),
        KIT(a_body_is_sent_with_its_length),
        KIT(long_bodies_come_in_pieces),
        KIT(the_limits_hold),
        KIT(a_body_that_is_refused_ends_the_connection),
        KIT(heads_options_and_pages_of_others),
        KIT(a_body_may_be_announced),
        KIT(work_is_waited_for),
        KIT(other_threads_are_waited_for),
        KIT(time_is_the_tests),
        KIT(a_client_may_give_up),
        KIT(all_work_can_be_waited_for),
        KIT(patience_ends),
        KIT(a_thread_has_one_test),
        KIT(proxies_can_be_trusted),
        KIT(a_test_ends_under_way),
        KIT(transports_are_there_too),
        KIT(failures_show_the_whole_answer),
        KIT(secrets_are_not_shown),
        KIT(cookies_and_headers_can_be_read),
        cmocka_unit_test_teardown(routes_have_the_context_of_the_tests_options, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
