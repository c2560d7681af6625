/* docs/http.md. */
#include "docs/snippet.h"
#include "helpers/files.h"
#include "helpers/tcp.h"
#include <semaphore.h>

/* ---- what the snippets need ---- */

static bool is_admin(const pinion_request *request)
{
    pinion_slice key = pinion_request_header(request, "authorization");
    return key.len == strlen("Bearer admin") && memcmp(key.ptr, "Bearer admin", key.len) == 0;
}

static const char *check_password(const pinion_request *request)
{
    const pinion_slice body = pinion_request_body(request);
    return body.len == 3 && memcmp(body.ptr, "ann", 3) == 0 ? "ann" : NULL;
}

static int score_in_database(const char *name)
{
    return (int)strlen(name);
}

struct waiters {
    pinion_request_ref *ref; /* one is enough here */
    sem_t added;
};

static void add_waiter(struct waiters *waiters, pinion_request_ref *ref)
{
    waiters->ref = ref;
    sem_post(&waiters->added);
}

/* ---- the snippets ---- */

/* DELETE /api/sessions/:user: close all sockets of a user. */
static void log_out(pinion_request *request, void *context)
{
    char id[100];
    if (!is_admin(request)) {
        pinion_request_answer(request, 401, PINION_HEADERS({ "www-authenticate", "Bearer" }), NULL, 0);
        return;
    }
    if (snprintf(id, sizeof id, "users:%s", pinion_request_path_param(request, "user")) >= (int)sizeof id) {
        pinion_request_answer_text(request, 404, "no user has such a name"); /* cut, it may be another's */
        return;
    }
    pinion_endpoint_broadcast(pinion_request_endpoint(request), id, "disconnect", NULL);
    pinion_request_answer(request, 204, NULL, NULL, 0);
}

/* GET /reports/...: files of the directory "reports", for the admin. */
static void get_report(pinion_request *request, void *context)
{
    if (!is_admin(request)) {
        pinion_request_answer(request, 401, PINION_HEADERS({ "www-authenticate", "Bearer" }), NULL, 0);
        return;
    }
    int rc = pinion_request_answer_file(request, "reports", pinion_request_path_param(request, "*"),
                                        PINION_HEADERS({ "content-disposition", "attachment" }));
    if (rc == PINION_ENOENT)
        pinion_request_answer_text(request, 404, "there is no such report");
}

/* POST /login: a token for the socket, and a cookie for the next visit. */
static void log_in(pinion_request *request, void *context)
{
    char *token = NULL;
    const char *user = check_password(request);
    if (!user) {
        pinion_request_answer_text(request, 403, "who are you?");
        return;
    }
    if (pinion_token_sign(pinion_request_endpoint(request), "user auth", pinion_json("s", user), NULL,
                          &token) != 0)
        return; /* answered 500, and logged */
    pinion_request_put_cookie(request, "user_token", token, &(pinion_cookie_options){ .max_age = 86400 });
    pinion_request_answer_json(request, 200, pinion_json("{s:s}", "token", token));
    free(token);
}

/* A webhook: what comes is told to a room. */
static void post_message(pinion_request *request, void *context)
{
    char topic[100];
    pinion_payload *message = NULL;
    if (pinion_request_json(request, &message) != 0) {
        pinion_request_answer_text(request, 400, "the body is not JSON");
        return;
    }
    if (snprintf(topic, sizeof topic, "rooms:%s", pinion_request_path_param(request, "id")) >=
        (int)sizeof topic) {
        pinion_request_answer_text(request, 404, "no room has such a name"); /* cut, it may be another's */
        pinion_payload_unref(message);
        return;
    }
    pinion_endpoint_broadcast(pinion_request_endpoint(request), topic, "new_msg", message);
    pinion_request_answer(request, 202, NULL, NULL, 0);
}

static int mount_routes(pinion_endpoint *endpoint)
{
    static const pinion_http_options json = { .accepts = "application/json", .max_body = 64 * 1024 };
    int rc = pinion_endpoint_http(endpoint, "POST", "/api/rooms/:id/messages", post_message, &json);
    if (!rc)
        rc = pinion_endpoint_http(endpoint, "DELETE", "/api/sessions/:user", log_out, NULL);
    if (!rc)
        rc = pinion_endpoint_http(endpoint, "POST", "/login", log_in, NULL);
    return rc;
}

static const pinion_http_options for_the_shop = {
    .cors_origins = PINION_LIST("https://shop.example.com"),
    .cors_credentials = true, /* its pages may send cookies */
};

struct lookup {
    char name[100];
    int score;
};

static void look_up(void *data) /* on another thread */
{
    struct lookup *lookup = data;
    lookup->score = score_in_database(lookup->name);
}

static void looked_up(pinion_request *request, int status, void *data)
{
    struct lookup *lookup = data;
    if (status == 0)
        pinion_request_answer_json(request, 200, pinion_json("{s:i}", "score", lookup->score));
    free(lookup);
}

/* GET /scores/:name */
static void get_score(pinion_request *request, void *context)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (!lookup)
        return; /* answered 500, and logged */
    snprintf(lookup->name, sizeof lookup->name, "%s", pinion_request_path_param(request, "name"));
    if (pinion_request_work(request, look_up, looked_up, lookup) != 0)
        free(lookup);
}

/* GET /next: waits until something happens. */
static void get_next(pinion_request *request, void *context)
{
    struct waiters *waiters = context;
    pinion_request_ref *ref = pinion_request_ref_new(request);
    if (ref)
        add_waiter(waiters, ref);
}

/* On any thread. */
static void tell_waiter(pinion_request_ref *ref, const char *what)
{
    pinion_request_ref_answer_json(ref, 200, pinion_json("{s:s}", "what", what));
    pinion_request_ref_free(ref);
}

/* ---- what they do ---- */

static pinion_endpoint *served;
static struct waiters waiting;
static int fd;
static char head[2000], body[2000];

static int hear(void)
{
    int status = tcp_head(fd, head, sizeof head);
    const char *length = strstr(head, "content-length: ");
    size_t len = length ? strtoul(length + strlen("content-length: "), NULL, 10) : 0;
    assert_in_range(len, 0, sizeof body - 1);
    assert_true(tcp_read(fd, body, len));
    body[len] = '\0';
    return status;
}

static int ask(const char *text)
{
    assert_true(tcp_say(fd, text));
    return hear();
}

static void a_score(void **state)
{
    assert_int_equal(ask("GET /scores/ann HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    assert_string_equal(body, "{\"score\":3}");
    assert_int_equal(ask("GET /scores/ann HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example.com\r\n\r\n"),
                     200);
    assert_non_null(strstr(head, "access-control-allow-origin: https://shop.example.com\r\n"));
}

static void what_is_next(void **state)
{
    assert_true(tcp_say(fd, "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_int_equal(sem_wait(&waiting.added), 0);
    tell_waiter(waiting.ref, "rain");
    assert_int_equal(hear(), 200);
    assert_string_equal(body, "{\"what\":\"rain\"}");
}

static int serve(void **state)
{
    static const char secret[] =
        "a secret of sixty-four bytes, as long as an endpoint wants it to be, or more";
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(
        &served, &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1, .secret_key_base = secret }));
    ok(mount_routes(served));
    ok(pinion_endpoint_http(served, "GET", "/scores/:name", get_score, &for_the_shop));
    ok(pinion_endpoint_http(served, "GET", "/reports/*", get_report, NULL));
    ok(pinion_endpoint_http(served, "GET", "/next", get_next, &(pinion_http_options){ .context = &waiting }));
    assert_int_equal(sem_init(&waiting.added, 0, 0), 0);
    ok(pinion_endpoint_start(served));
    fd = tcp_connect(pinion_endpoint_port(served));
    return fd < 0;
}

#define AS_ADMIN " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\n"

static void a_report(void **state)
{
    files_write("reports/may.csv", "1,2");
    assert_int_equal(ask("GET /reports/may.csv HTTP/1.1\r\nHost: x\r\n\r\n"), 401);
    assert_int_equal(ask("GET /reports/may.csv" AS_ADMIN "\r\n"), 200);
    assert_string_equal(body, "1,2");
    assert_non_null(strstr(head, "\r\ncontent-disposition: attachment\r\n"));
    assert_int_equal(ask("GET /reports/may.csv" AS_ADMIN "Range: bytes=2-\r\n\r\n"), 206);
    assert_string_equal(body, "2");
    assert_int_equal(ask("GET /reports/june.csv" AS_ADMIN "\r\n"), 404);
    assert_string_equal(body, "there is no such report");
}

static int make_reports(void **state)
{
    return files_begin(state) || chdir(files_directory) || mkdir("reports", 0700);
}

static void a_webhook(void **state)
{
    assert_int_equal(ask("POST /api/rooms/1/messages HTTP/1.1\r\nHost: x\r\n"
                         "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"),
                     202);
    assert_int_equal(ask("POST /api/rooms/1/messages HTTP/1.1\r\nHost: x\r\n"
                         "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{]"),
                     400);
    assert_string_equal(body, "the body is not JSON");
    assert_int_equal(ask("POST /api/rooms/1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"),
                     415);
}

static void a_log_out(void **state)
{
    assert_int_equal(ask("DELETE /api/sessions/ann HTTP/1.1\r\nHost: x\r\n\r\n"), 401);
    assert_non_null(strstr(head, "\r\nwww-authenticate: Bearer\r\n"));
    assert_int_equal(
        ask("DELETE /api/sessions/ann HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\n\r\n"), 204);
    assert_int_equal(ask("GET /api/sessions/ann HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
}

static void a_login(void **state)
{
    assert_int_equal(ask("POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nbob"), 403);
    assert_int_equal(ask("POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nann"), 200);
    assert_non_null(strstr(head, "\r\nset-cookie: user_token="));
    assert_non_null(strstr(head, "; Path=/; Max-Age=86400; SameSite=Lax; HttpOnly\r\n"));
    assert_non_null(strstr(body, "{\"token\":\""));
}

static int stop(void **state)
{
    close(fd);
    pinion_endpoint_free(served);
    return 0;
}

#define SERVED(name) cmocka_unit_test_setup_teardown(name, serve, stop)

int main(void)
{
    const struct CMUnitTest tests[] = { SERVED(a_webhook), SERVED(a_log_out),    SERVED(a_login),
                                        SERVED(a_score),   SERVED(what_is_next), SERVED(a_report) };
    return cmocka_run_group_tests(tests, make_reports, files_end);
}
