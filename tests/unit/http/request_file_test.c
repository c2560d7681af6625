/* Files that the application answers with: which it may, and what else is sent with them. */
#include "helpers/failing.h"
#include "helpers/files.h"
#include "helpers/routes.h"
#include <stdatomic.h>
#include <sys/resource.h>

/* openat2(2) */
FAILING(long, syscall, (long number, long directory, const char *path, const void *how, size_t size),
        (number, directory, path, how, size))

/* What came of the last call. */
static atomic_int code;
static char why[300];

static void note(int rc)
{
    snprintf(why, sizeof why, "%s", rc ? pinion_error_detail() : "");
    code = rc;
}

/* GET /files/...: the file of the rest of the path. */
static void of_path(pinion_request *request, void *context)
{
    note(pinion_request_answer_file(request, files_directory, pinion_request_path_param(request, "*"), NULL));
    if (code == PINION_EBUSY)
        pinion_request_answer_text(request, 503, "later");
    else if (code)
        pinion_request_answer_text(request, 404, "none");
}

/* ?p=...: a path as it is. */
static void of_query(pinion_request *request, void *context)
{
    char path[300];
    snprintf(path, sizeof path, "%s", pinion_request_query(request));
    note(pinion_request_answer_file(request, files_directory, path, NULL));
    if (code)
        pinion_request_answer_text(request, 404, "none");
}

static void as_download(pinion_request *request, void *context)
{
    ok(pinion_request_put_header(request, "x-put", "1"));
    note(pinion_request_answer_file(request, files_directory, "ten.txt",
                                    PINION_HEADERS({ "Content-Type", "a/b" },
                                                   { "content-disposition", "attachment" },
                                                   { "cache-control", "max-age=60" })));
}

static void with_our_headers(pinion_request *request, void *context)
{
    note(pinion_request_answer_file(request, files_directory, "ten.txt",
                                    PINION_HEADERS({ "x-own", "1" }, { "ETag", "\"mine\"" })));
    assert_int_equal(code, PINION_EINVAL);
    note(pinion_request_answer_file(request, files_directory, "ten.txt",
                                    PINION_HEADERS({ "content-length", "1" })));
    assert_int_equal(code, PINION_EINVAL);
    note(pinion_request_answer_file(request, "/no/such/directory", "ten.txt", NULL));
    assert_int_equal(code, PINION_EINVAL);
    assert_non_null(strstr(why, "/no/such/directory"));
    note(pinion_request_answer_file(request, files_directory, "ten.txt", NULL));
    assert_int_equal(code, 0);
    note(pinion_request_answer_file(request, files_directory, "ten.txt", NULL));
    assert_int_equal(code, PINION_EINVAL);
}

/* Alone they are not too long, but with those of the library they are. */
static void with_long_headers(pinion_request *request, void *context)
{
    static char value[65500];
    memset(value, 'v', sizeof value - 1);
    note(pinion_request_answer_file(request, files_directory, "ten.txt",
                                    PINION_HEADERS({ "x-own", NULL }, { NULL, NULL })));
    assert_int_equal(code, PINION_EINVAL);
    const pinion_header list[] = { { "x-own", value }, { NULL, NULL } };
    note(pinion_request_answer_file(request, files_directory, "ten.txt", list));
    assert_int_equal(code, PINION_ETOOBIG);
    note(pinion_request_answer_file(request, files_directory, "ten.txt", NULL));
}

static void put_our_header(pinion_request *request, void *context)
{
    ok(pinion_request_put_header(request, "x-own", "1"));
    ok(pinion_request_put_header(request, "Last-Modified", "now"));
    note(pinion_request_answer_file(request, files_directory, "ten.txt", NULL));
    pinion_request_answer_text(request, 200, "refused");
}

static void post(pinion_request *request, void *context)
{
    note(pinion_request_answer_file(request, files_directory, "ten.txt", NULL));
}

static void work(void *data)
{
}

static void done(pinion_request *request, int status, void *data)
{
    note(pinion_request_answer_file(request, files_directory, "ten.txt", NULL));
}

static void begin_work(pinion_request *request, void *context)
{
    ok(pinion_request_work(request, work, done, NULL));
}

static void forget(pinion_request *request, void *context)
{
    note(pinion_request_answer_file(request, files_directory, "none", NULL));
}

static void serve(void)
{
    static const struct {
        const char *method, *path;
        pinion_http_fn *fn;
    } routes[] = {
        { "GET", "/files/*", of_path },      { "GET", "/query", of_query },
        { "GET", "/download", as_download }, { "GET", "/ours", with_our_headers },
        { "GET", "/put", put_our_header },   { "GET", "/long", with_long_headers },
        { "POST", "/post", post },           { "GET", "/work", begin_work },
        { "GET", "/forget", forget },
    };
    routes_new(NULL);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        ok(pinion_endpoint_http(endpoint, routes[i].method, routes[i].path, routes[i].fn, NULL));
    routes_start();
}

static void files(void **state)
{
    serve();
    ask("GET /files/ten.txt", "", 200, "0123456789");
    assert_true(heard_header("content-type: text/plain; charset=utf-8"));
    assert_true(heard_header("cache-control: max-age=0, private, must-revalidate"));
    assert_true(heard_header("accept-ranges: bytes"));
    ask("GET /files/ten.txt", "Range: bytes=3-5\r\n", 206, "345");
    ask("GET /files/ten.txt", "Range: bytes=10-\r\n", 416, "");
    ask("GET /files/ten.txt", "If-None-Match: *\r\n", 304, "");
    ask("GET /files/ten.txt", "If-Match: \"another\"\r\n", 412, "");
    ask("GET /files/sub/a.css", "Accept-Encoding: br\r\n", 200, "br of a");
    assert_true(heard_header("content-encoding: br"));
    ask("GET /files/empty", "", 200, "");
    ask("GET /files/sub/a.css", "", 200, "plain");
    assert_true(heard_header("vary: accept-encoding"));
}

static void nothing_outside(void **state)
{
    static const char *const targets[] = {
        "/files/none",
        "/files/sub",
        "/files/%2e%2e/etc/passwd",
        "/files/..%2f..%2fetc%2fpasswd",
        "/files/sub%2f..%2ften.txt",
        "/files/.hidden",
        "/files/sub/.hidden",
        "/files/%2fetc/passwd",
        "/files/out",
        "/files/out-dir/passwd",
        "/files/absolute",
        "/files/fifo",
        "/query?",
        "/query?/etc/passwd",
        "/query?ten.txt/",
        "/query?sub/",
        "/query?./ten.txt",
        "/query?sub//a.css",
        "/query?..",
    };
    serve();
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        char line[200];
        snprintf(line, sizeof line, "GET %s", targets[i]);
        ask(line, "", 404, "none");
        assert_int_equal(code, PINION_ENOENT);
    }
    ask("GET /query?ten.txt", "", 200, "0123456789");
}

static void without_openat2_a_file_is_no_directory(void **state)
{
    serve();
    fail_syscall = ENOSYS;
    ask("GET /query?ten.txt/", "", 404, "none");
    fail_syscall = ENOSYS;
    ask("GET /query?ten.txt", "", 200, "0123456789");
}

static void a_path_that_is_too_long(void **state)
{
    static char line[1500], path[1400];
    serve();
    memset(path, 'a', sizeof path - 1);
    for (size_t i = 0; i < sizeof path - 1; i += 100)
        path[i] = '/';
    snprintf(line, sizeof line, "GET /files%s", path);
    ask(line, "", 404, "none");
}

static void headers_of_the_application(void **state)
{
    serve();
    ask("GET /download", "Range: bytes=0-1\r\n", 206, "01");
    assert_true(heard_header("Content-Type: a/b"));
    assert_true(heard_header("content-disposition: attachment"));
    assert_true(heard_header("cache-control: max-age=60"));
    assert_true(heard_header("x-put: 1"));
    assert_null(strstr(heard.head, "text/plain"));
    assert_null(strstr(heard.head, "private"));
    ask("GET /download", "If-None-Match: *\r\n", 304, "");
    assert_true(heard_header("cache-control: max-age=60"));
}

static void what_is_refused_leaves_nothing(void **state)
{
    serve();
    ask("GET /ours", "", 200, "0123456789");
    assert_null(strstr(heard.head, "x-own"));
    assert_null(strstr(heard.head, "mine"));
    ask("GET /put", "", 200, "refused");
    assert_int_equal(code, PINION_EINVAL);
    ask("GET /long", "", 200, "0123456789");
    assert_null(strstr(heard.head, "x-own"));
    ask("GET /forget", "", 500, NULL);
    assert_int_equal(code, PINION_ENOENT);
    ask("GET /files/ten.txt", "", 200, "0123456789");
}

/* The body is behind the head, so ask() cannot send it. */
static void after_a_body_and_after_work(void **state)
{
    serve();
    say(asking, "POST /post HTTP/1.1\r\nHost: x\r\nRange: bytes=1-2\r\nContent-Length: 3\r\n\r\nabc"
                "GET /work HTTP/1.1\r\nHost: x\r\nRange: bytes=1-2\r\n\r\n"
                "GET /files/ten.txt HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(asking, 200, "0123456789");
    hear(asking, 206, "12");
    hear(asking, 200, "0123456789");
    say(asking, "GET /work HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    hear(asking, 200, "0123456789");
    assert_true(heard.closes);
    assert_true(ends(asking));
}

static void head(void **state)
{
    serve();
    say(asking, "HEAD /files/ten.txt HTTP/1.1\r\nHost: x\r\n\r\n");
    hear_head(asking);
    assert_int_equal(heard.status, 200);
    assert_true(heard_header("content-length: 10"));
    ask("GET /files/ten.txt", "", 200, "0123456789");
}

static void without_descriptors(void **state)
{
    struct rlimit limit;
    serve();
    ask("GET /files/ten.txt", "", 200, "0123456789");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ .rlim_max = limit.rlim_max }), 0);
    say(asking, "GET /files/ten.txt HTTP/1.1\r\nHost: x\r\n\r\n");
    hear_head(asking);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(heard.status, 503);
    assert_int_equal(code, PINION_EBUSY);
}

static int set_up(void **state)
{
    int rc = files_begin(state);
    if (rc)
        return rc;
    files_write("ten.txt", "0123456789");
    files_write("empty", "");
    files_write(".hidden", "hidden");
    assert_int_equal(mkdir(files_path("sub"), 0700), 0);
    files_write("sub/.hidden", "hidden");
    files_write("sub/a.css", "plain");
    files_write("sub/a.css.br", "br of a");
    assert_int_equal(symlink("../../etc/passwd", files_path("out")), 0);
    assert_int_equal(symlink("../../etc", files_path("out-dir")), 0);
    assert_int_equal(symlink("/etc/passwd", files_path("absolute")), 0);
    return mkfifo(files_path("fifo"), 0600);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        ROUTES(files),
        ROUTES(nothing_outside),
        ROUTES(without_openat2_a_file_is_no_directory),
        ROUTES(a_path_that_is_too_long),
        ROUTES(headers_of_the_application),
        ROUTES(what_is_refused_leaves_nothing),
        ROUTES(after_a_body_and_after_work),
        ROUTES(head),
        ROUTES(without_descriptors),
    };
    return cmocka_run_group_tests_name(io, tests, set_up, files_end);
}

int main(void)
{
    return io_for_each(run_all);
}
