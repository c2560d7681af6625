/* What connect learns of a request, and who gets as far as that. */
#include "helpers/engine.h"
#include "helpers/tcp.h"
#include <pthread.h>
#include <semaphore.h>

/* What connect saw, in words; set on a loop, read after the answer came. */
static struct {
    char peer[64], uri[300], agent[64], headers[300];
    int peer_port;
    size_t token_length;
    int calls;
} seen;

static void note_header(pinion_slice name, pinion_slice value, void *data)
{
    size_t len = strlen(seen.headers);
    snprintf(seen.headers + len, sizeof seen.headers - len, "%.*s=%.*s;", (int)name.len, name.ptr,
             (int)value.len, value.ptr);
    assert_ptr_equal(data, &seen);
}

static pinion_result note(pinion_socket *socket, const pinion_payload *params,
                          const pinion_connect_info *info)
{
    const pinion_uri *uri = pinion_connect_uri(info);
    seen.calls++;
    snprintf(seen.peer, sizeof seen.peer, "%s", pinion_connect_peer(info));
    seen.peer_port = pinion_connect_peer_port(info);
    snprintf(seen.uri, sizeof seen.uri, "%.*s %.*s %u %.*s ?%.*s", (int)uri->scheme.len, uri->scheme.ptr,
             (int)uri->host.len, uri->host.ptr, uri->port, (int)uri->path.len, uri->path.ptr,
             (int)uri->query.len, uri->query.len ? uri->query.ptr : "");
    pinion_slice agent = pinion_connect_header(info, "user-agent");
    snprintf(seen.agent, sizeof seen.agent, "%.*s", (int)agent.len, agent.ptr ? agent.ptr : "");
    assert_null(pinion_connect_header(info, "x-none").ptr);
    seen.headers[0] = '\0';
    pinion_connect_headers(info, "x-", note_header, &seen);
    pinion_slice token = pinion_connect_auth_token(info);
    seen.token_length = token.len;
    assert_true(!token.ptr || token.ptr[token.len] == '\0');
    return pinion_ok(NULL);
}

static pinion_result refuse(pinion_socket *socket, const pinion_payload *params,
                            const pinion_connect_info *info)
{
    return pinion_error(pinion_json("{s:s}", "reason", "full"));
}

static void *answer(void *ref)
{
    (void)pinion_ref_answer(ref, pinion_error(pinion_json("{s:s}", "reason", "later")));
    pinion_ref_free(ref);
    return NULL;
}

static pinion_result refuse_later(pinion_socket *socket, const pinion_payload *params,
                                  const pinion_connect_info *info)
{
    pthread_t thread;
    pthread_create(&thread, NULL, answer, pinion_ref_new_socket(socket));
    pthread_detach(thread);
    return pinion_later();
}

/* Whose application the callbacks without a socket work for: the mount's, else the endpoint's. */
static char endpoints_own, mounts_own;
static void *_Atomic found_context;

static void say_why(const pinion_payload *reason, pinion_response *response, void *context)
{
    found_context = context;
    const char *text = json_string_value(pinion_payload_get(reason, "reason"));
    pinion_response_send(response, 418, "text/x-reason", text, strlen(text));
}

static bool only_even(pinion_slice origin, const pinion_connect_info *info, void *context)
{
    found_context = context;
    assert_non_null(pinion_connect_uri(info));
    return origin.len > 0 && (origin.ptr[origin.len - 1] - '0') % 2 == 0;
}

static const pinion_socket_def noting = { .connect = note };
static const pinion_socket_def refusing = { .connect = refuse };
static const pinion_socket_def refusing_later = { .connect = refuse_later };

static pinion_endpoint *endpoint;
static char own_host[32];

static int start(void **state)
{
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint,
                           &(pinion_endpoint_options){ .host = "127.0.0.1",
                                                       .loops = 1,
                                                       .context = &endpoints_own,
                                                       .trusted_proxies = *state ? "127.0.0.0/8" : NULL }));
    const pinion_socket_options even = { .check_origin = only_even };
    const pinion_socket_options saying = { .error_handler = say_why, .context = &mounts_own };
    const pinion_socket_options token = { .auth_token = true,
                                          .longpoll = true,
                                          .subprotocols = PINION_LIST("v2", "v1") };
    ok(pinion_endpoint_socket(endpoint, "/own", &noting, NULL));
    ok(pinion_endpoint_socket(endpoint, "/even", &noting, &even));
    ok(pinion_endpoint_socket(endpoint, "/token", &noting, &token));
    ok(pinion_endpoint_socket(endpoint, "/full", &refusing, &saying));
    ok(pinion_endpoint_socket(endpoint, "/later", &refusing_later, &saying));
    ok(pinion_endpoint_socket(endpoint, "/silent", &refusing_later, NULL));
    ok(pinion_endpoint_start(endpoint));
    snprintf(own_host, sizeof own_host, "127.0.0.1:%u", pinion_endpoint_port(endpoint));
    memset(&seen, 0, sizeof seen);
    return 0;
}

static int stop(void **state)
{
    pinion_endpoint_free(endpoint);
    return 0;
}

static void say_here(void *semaphore)
{
    sem_post(semaphore);
}

/* What either thread did so far, the other sees: what goes by a socket does not tell a sanitizer so. */
static void meet_the_loop(void)
{
    sem_t here;
    sem_init(&here, 0, 0);
    ok(pinion_endpoint_post(endpoint, 0, say_here, &here));
    while (sem_wait(&here) != 0) {
    }
    sem_destroy(&here);
}

/* The status a request is answered with; the connection is closed then. */
static char head[2000];
static int status_of(const char *request, int len)
{
    int fd = tcp_connect(pinion_endpoint_port(endpoint));
    assert_true(fd >= 0);
    meet_the_loop();
    assert_true(tcp_send(fd, request, (size_t)len));
    int status = tcp_head(fd, head, sizeof head);
    close(fd);
    meet_the_loop();
    return status;
}

static int handshake(const char *target, const char *headers)
{
    char request[2000];
    int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n%s%s%s" TCP_UPGRADE "%s\r\n", target,
                       strstr(headers, "Host:") ? "" : "Host: ", strstr(headers, "Host:") ? "" : own_host,
                       strstr(headers, "Host:") ? "" : "\r\n", headers);
    return status_of(request, len);
}

static void the_request_is_known(void **state)
{
    assert_int_equal(handshake("/own/websocket?vsn=2.0.0&a=%20b",
                               "User-Agent: test/1\r\nX-One: 1\r\nAccept: y\r\nx-two: 2 2\r\n"),
                     101);
    assert_string_equal(seen.peer, "127.0.0.1");
    assert_true(seen.peer_port > 0);
    assert_string_equal(seen.agent, "test/1");
    assert_string_equal(seen.headers, "X-One=1;x-two=2 2;");
    char uri[300];
    snprintf(uri, sizeof uri, "http 127.0.0.1 %u /own/websocket ?vsn=2.0.0&a=%%20b",
             pinion_endpoint_port(endpoint));
    assert_string_equal(seen.uri, uri);
    assert_int_equal(seen.token_length, 0);
}

static void a_strangers_forwarding_is_not_believed(void **state)
{
    assert_int_equal(handshake("/own/websocket", "Host: example.com\r\nX-Forwarded-For: 203.0.113.9\r\n"
                                                 "X-Forwarded-Proto: https\r\n"),
                     101);
    assert_string_equal(seen.peer, "127.0.0.1");
    assert_string_equal(seen.uri, "http example.com 80 /own/websocket ?");
}

static void a_trusted_proxys_is(void **state)
{
    assert_int_equal(handshake("/own/websocket",
                               "Host: example.com\r\nX-Forwarded-For: 203.0.113.9\r\n"
                               "X-Forwarded-Proto: https\r\nOrigin: https://example.com\r\n"),
                     101);
    assert_string_equal(seen.peer, "203.0.113.9");
    assert_int_equal(seen.peer_port, 0);
    assert_string_equal(seen.uri, "https example.com 443 /own/websocket ?");
    assert_int_equal(handshake("/own/websocket", "Host: inner:8080\r\nX-Forwarded-Host: outer.example\r\n"
                                                 "X-Forwarded-Port: 8443\r\nX-Forwarded-Proto: https\r\n"
                                                 "Origin: https://outer.example:8443\r\n"),
                     101);
    assert_int_equal(handshake("/own/websocket", "Host: example.com\r\nX-Forwarded-Proto: https\r\n"
                                                 "Origin: http://example.com\r\n"),
                     403);
}

static void by_default_the_origin_is_the_requests_own(void **state)
{
    char origin[100];
    snprintf(origin, sizeof origin, "Origin: http://%s\r\n", own_host);
    assert_int_equal(handshake("/own/websocket", origin), 101);
    snprintf(origin, sizeof origin, "Origin: https://%s\r\n", own_host);
    assert_int_equal(handshake("/own/websocket", origin), 403);
    assert_int_equal(handshake("/own/websocket", "Origin: http://127.0.0.1\r\n"), 403);
    assert_int_equal(handshake("/own/websocket", "Origin: http://localhost\r\n"), 403);
    assert_int_equal(handshake("/own/websocket", "Host: Example.com\r\nOrigin: http://example.com\r\n"), 101);
    assert_int_equal(handshake("/own/websocket", "Origin: null\r\n"), 403);
    assert_int_equal(handshake("/own/websocket", ""), 101);
    assert_int_equal(seen.calls, 3);
}

static void two_origins_are_refused(void **state)
{
    char origins[200];
    snprintf(origins, sizeof origins, "Origin: http://%s\r\nOrigin: http://%s\r\n", own_host, own_host);
    assert_int_equal(handshake("/own/websocket", origins), 403);
    snprintf(origins, sizeof origins, "Origin: http://%s\r\norigin: http://evil.example\r\n", own_host);
    assert_int_equal(handshake("/own/websocket", origins), 403);
    assert_int_equal(handshake("/even/websocket", "Origin: app 2\r\nOrigin: app 4\r\n"), 403);
    assert_int_equal(handshake("/own/websocket", "Origin: \r\nOrigin: \r\n"), 403);
    assert_int_equal(seen.calls, 0);
}

static char logged[600];

static void keep_line(pinion_log_level level, const char *line, void *data)
{
    snprintf(logged, sizeof logged, "%s", line);
}

static void a_refused_origin_is_logged_with_what_to_do(void **state)
{
    pinion_log_set_function(keep_line, NULL);
    pinion_log_set_level(PINION_LOG_WARNING);
    int status = handshake("/own/websocket", "Origin: http://evil.example\r\n");
    pinion_log_set_level(PINION_LOG_NONE);
    assert_int_equal(status, 403);
    assert_non_null(strstr(logged, "/own"));
    assert_non_null(strstr(logged, "http://evil.example"));
    assert_non_null(strstr(logged, own_host));
    assert_non_null(strstr(logged, "pinion_socket_options.origins"));
}

static void a_function_may_decide(void **state)
{
    assert_int_equal(handshake("/even/websocket", "Origin: app 2\r\n"), 101);
    assert_int_equal(handshake("/even/websocket", "Origin: app 3\r\n"), 403);
    assert_int_equal(handshake("/even/websocket", ""), 101);
}

static void callbacks_without_a_socket_are_told_whose_they_are(void **state)
{
    assert_int_equal(handshake("/even/websocket", "Origin: app 2\r\n"), 101);
    assert_ptr_equal(found_context, &endpoints_own);
    assert_int_equal(handshake("/full/websocket", ""), 418);
    assert_ptr_equal(found_context, &mounts_own);
    found_context = NULL;
    assert_int_equal(handshake("/later/websocket", ""), 418);
    assert_ptr_equal(found_context, &mounts_own);
}

static void tokens_and_subprotocols(void **state)
{
    assert_int_equal(
        handshake("/token/websocket", "Sec-WebSocket-Protocol: v1, base64url.bearer.phx.YQBi, v2\r\n"), 101);
    assert_int_equal(seen.token_length, 3);
    assert_non_null(strstr(head, "sec-websocket-protocol: v2\r\n"));
    assert_int_equal(handshake("/token/websocket", "Sec-WebSocket-Protocol: v3\r\n"), 403);
    assert_int_equal(handshake("/token/websocket", "Sec-WebSocket-Protocol: phoenix\r\n"), 101);
    assert_non_null(strstr(head, "sec-websocket-protocol: phoenix\r\n"));
}

static void a_token_that_is_no_text_is_refused(void **state)
{
    seen.token_length = 77;
    pinion_log_set_function(keep_line, NULL);
    pinion_log_set_level(PINION_LOG_WARNING);
    int status = handshake("/token/websocket", "Sec-WebSocket-Protocol: base64url.bearer.phx.YekA, v1\r\n");
    pinion_log_set_level(PINION_LOG_NONE);
    assert_int_equal(status, 403);
    (void)handshake("/token/longpoll", "X-Phoenix-AuthToken: a\xe9\r\n");
    assert_int_equal(seen.token_length, 77); /* connect was not called, neither time */
    assert_int_equal(handshake("/token/longpoll", "X-Phoenix-AuthToken: a\xc3\xa9\r\n"), 200);
    assert_int_equal(seen.token_length, 3);
    assert_non_null(strstr(logged, "its token is not UTF-8"));
}

static void a_refusal_is_answered_by_the_handler(void **state)
{
    assert_int_equal(handshake("/full/websocket", ""), 418);
    assert_non_null(strstr(head, "content-type: text/x-reason\r\n"));
    assert_non_null(strstr(head, "content-length: 4\r\n"));
}

static void a_late_one_too(void **state)
{
    assert_int_equal(handshake("/later/websocket", ""), 418);
    assert_non_null(strstr(head, "content-length: 5\r\n"));
    assert_non_null(strstr(head, "connection: close\r\n"));
    assert_int_equal(handshake("/silent/websocket", ""), 403);
    assert_non_null(strstr(head, "content-length: 0\r\n"));
}

/* A GET that is no handshake. */
static int get(const char *target, const char *headers)
{
    char request[500];
    int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", target, headers);
    return status_of(request, len);
}

static void what_is_no_upgrade_connects_in_vain(void **state)
{
    pinion_stats stats;
    assert_int_equal(get("/own/websocket", "Origin: http://evil.example\r\n"), 403);
    assert_int_equal(get("/own/websocket?vsn=9.0.0", ""), 403);
    assert_int_equal(get("/full/websocket", ""), 418);
    assert_int_equal(seen.calls, 0);
    assert_int_equal(get("/own/websocket", ""), 400);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(get("/later/websocket", ""), 400); /* the answer finds nobody */
    do {
        assert_int_equal(get("/", ""), 404);
        pinion_endpoint_stats(endpoint, &stats);
    } while (stats.sockets > 0);
}

static void wrong_options_are_said_at_mount(void **state)
{
    pinion_endpoint *other = NULL;
    assert_int_equal(
        pinion_endpoint_new(&other, &(pinion_endpoint_options){ .trusted_proxies = "10.0.0.0/8, x" }),
        PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "\"x\""));
    ok(pinion_endpoint_new(&other,
                           &(pinion_endpoint_options){ .trusted_proxies = " 10.0.0.0/8,::1 fe80::1," }));
    const pinion_socket_options options = { .origins = PINION_LIST("https://example.com", "example.com") };
    assert_int_equal(pinion_endpoint_socket(other, "/s", &noting, &options), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "\"example.com\" is not an origin"));
    const pinion_socket_options evil = { .origins = PINION_LIST("//*example.com") };
    assert_int_equal(pinion_endpoint_socket(other, "/other", &noting, &evil), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "\"//*.example.com\""));
    pinion_endpoint_free(other);
}

#define PLAIN(name) cmocka_unit_test_prestate_setup_teardown(name, start, stop, NULL)

int main(void)
{
    static bool behind_proxy = true;
    const struct CMUnitTest tests[] = {
        PLAIN(the_request_is_known),
        PLAIN(a_strangers_forwarding_is_not_believed),
        cmocka_unit_test_prestate_setup_teardown(a_trusted_proxys_is, start, stop, &behind_proxy),
        PLAIN(by_default_the_origin_is_the_requests_own),
        PLAIN(two_origins_are_refused),
        PLAIN(a_refused_origin_is_logged_with_what_to_do),
        PLAIN(a_function_may_decide),
        PLAIN(callbacks_without_a_socket_are_told_whose_they_are),
        PLAIN(tokens_and_subprotocols),
        PLAIN(a_token_that_is_no_text_is_refused),
        PLAIN(a_refusal_is_answered_by_the_handler),
        PLAIN(a_late_one_too),
        PLAIN(what_is_no_upgrade_connects_in_vain),
        cmocka_unit_test(wrong_options_are_said_at_mount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
