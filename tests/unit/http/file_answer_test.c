/* Files as they go over the wire: the headers, the parts, and what comes behind them. */
#include "helpers/files.h"
#include "helpers/routes.h"

#define CHANGED "Sun, 06 Nov 1994 08:49:37 GMT"
#define HUGE    (INT64_C(5) << 30) /* bytes: 5 GiB, with nothing on the disk */

static void serve(void)
{
    routes_new(NULL);
    ok(pinion_endpoint_static(endpoint, "/", files_directory));
    routes_start();
}

static char tag[100];

static void read_tag(void)
{
    const char *at = strstr(heard.head, "\r\netag: ");
    assert_non_null(at);
    at += strlen("\r\netag: ");
    snprintf(tag, sizeof tag, "%.*s", (int)strcspn(at, "\r"), at);
}

static void has(const char *line)
{
    if (!heard_header(line))
        fail_msg("there is no \"%s\" in %s", line, heard.head);
}

static void has_not(const char *name)
{
    char text[60];
    snprintf(text, sizeof text, "\r\n%s:", name);
    if (strstr(heard.head, text))
        fail_msg("there is \"%s\" in %s", name, heard.head);
}

static void the_whole(void **state)
{
    serve();
    ask("GET /ten", "", 200, "0123456789");
    has("accept-ranges: bytes");
    has("last-modified: " CHANGED);
    has("cache-control: no-cache");
    has_not("content-range");
    has_not("vary");
    has_not("content-encoding");
    ask("GET /ten", "Range: bytes=0-1,3-4\r\n", 200, "0123456789");
    ask("GET /empty", "", 200, "");
    ask("GET /empty", "Range: bytes=-5\r\n", 200, "");
}

static void a_part(void **state)
{
    serve();
    ask("GET /ten", "Range: bytes=2-5\r\n", 206, "2345");
    has("content-range: bytes 2-5/10");
    has("accept-ranges: bytes");
    has("last-modified: " CHANGED);
    has("content-length: 4");
    read_tag();
    ask("GET /ten", "Range: bytes=-1\r\n", 206, "9");
    has("content-range: bytes 9-9/10");
    ask("GET /ten", "Range: bytes=8-\r\n", 206, "89");
    ask("GET /ten", "Range: bytes=0-\r\n", 206, "0123456789");
    has("content-range: bytes 0-9/10");
    char range[200];
    snprintf(range, sizeof range, "Range: bytes=5-\r\nIf-Range: %s\r\n", tag);
    ask("GET /ten", range, 206, "56789");
    ask("GET /ten", "Range: bytes=5-\r\nIf-Range: " CHANGED "\r\n", 206, "56789");
    ask("GET /ten", "Range: bytes=5-\r\nIf-Range: \"another\"\r\n", 200, "0123456789");
}

static void no_such_part(void **state)
{
    serve();
    ask("GET /ten", "Range: bytes=10-\r\n", 416, "");
    has("content-range: bytes */10");
    has_not("etag");
    ask("GET /empty", "Range: bytes=0-\r\n", 416, "");
    has("content-range: bytes */0");
    ask("GET /ten", "", 200, "0123456789");
}

static void what_is_known_or_changed(void **state)
{
    serve();
    ask("GET /ten", "If-Modified-Since: " CHANGED "\r\n", 304, "");
    read_tag();
    has("cache-control: no-cache");
    has_not("content-length");
    has_not("content-type");
    has_not("last-modified");
    has_not("accept-ranges");
    ask("GET /ten", "If-Match: \"another\"\r\n", 412, "");
    has("content-length: 0");
    has_not("etag");
    ask("GET /ten", "", 200, "0123456789");
}

static void compressed(void **state)
{
    char range[200];
    serve();
    ask("GET /a.css", "Accept-Encoding: gzip\r\n", 200, "gz of a");
    has("content-encoding: gzip");
    has("content-type: text/css; charset=utf-8");
    has("vary: accept-encoding");
    has("content-length: 7");
    read_tag();
    snprintf(range, sizeof range, "Accept-Encoding: gzip\r\nRange: bytes=3-\r\nIf-Range: %s\r\n", tag);
    ask("GET /a.css", range, 206, "of a");
    has("content-encoding: gzip");
    has("content-range: bytes 3-6/7");
    snprintf(range, sizeof range, "Range: bytes=3-\r\nIf-Range: %s\r\n", tag);
    ask("GET /a.css", range, 200, "plain"); /* the part of another one */
    has("vary: accept-encoding");
    has_not("content-encoding");
    snprintf(range, sizeof range, "Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n", tag);
    ask("GET /a.css", range, 304, "");
    has("vary: accept-encoding");
    has_not("content-encoding");
    ask("GET /a.css.gz", "Accept-Encoding: gzip\r\n", 200, "gz of a");
    has("content-type: application/octet-stream");
    has_not("content-encoding");
    has_not("vary");
    ask("GET /sub/", "Accept-Encoding: gzip\r\n", 200, "gz of index");
    has("content-type: text/html; charset=utf-8");
}

/* In its second it may change again. */
static void a_file_of_the_future_has_no_date(void **state)
{
    serve();
    files_set_time("ten", INT64_C(3000000000), 0);
    ask("GET /ten", "", 200, "0123456789");
    has_not("last-modified");
    files_set_time("ten", 0, 0);
}

static void head_only(const char *headers, int status)
{
    char text[500];
    snprintf(text, sizeof text, "HEAD /ten HTTP/1.1\r\nHost: x\r\n%s\r\n", headers);
    say(asking, text);
    hear_head(asking);
    assert_int_equal(heard.status, status);
}

static void head_asks_for_the_whole(void **state)
{
    serve();
    head_only("", 200);
    has("content-length: 10");
    has("accept-ranges: bytes");
    head_only("Range: bytes=2-5\r\n", 200);
    has("content-length: 10");
    has_not("content-range");
    head_only("If-None-Match: *\r\n", 304);
    head_only("If-Match: \"another\"\r\n", 412);
    ask("GET /ten", "", 200, "0123456789");
}

static void files_of_more_than_four_gigabytes(void **state)
{
    serve();
    ask("GET /huge", "Range: bytes=5368709119-\r\n", 206, NULL);
    has("content-range: bytes 5368709119-5368709119/5368709120");
    ask("GET /huge", "Range: bytes=4294967296-4294967299\r\n", 206, "4GiB");
    ask("GET /huge", "Range: bytes=5368709120-\r\n", 416, "");
    has("content-range: bytes */5368709120");
    say(asking, "HEAD /huge HTTP/1.1\r\nHost: x\r\n\r\n");
    hear_head(asking);
    has("content-length: 5368709120");
}

/* The head has promised more than there is now: the client must not take what it got for the whole. */
static void a_file_that_shrinks_ends_its_connection(void **state)
{
    static char bytes[1 << 16];
    size_t came = 0;
    ssize_t got;
    serve();
    assert_int_equal(truncate(files_path("large"), 64 << 20), 0);
    say(asking, "GET /large HTTP/1.1\r\nHost: x\r\nRange: bytes=1-\r\n\r\n");
    hear_head(asking);
    has("content-range: bytes 1-67108863/67108864");
    assert_int_equal(truncate(files_path("large"), 100), 0);
    while ((got = recv(asking, bytes, sizeof bytes, 0)) > 0)
        came += (size_t)got;
    assert_in_range(came, 0, (64 << 20) - 2);
}

static int set_up(void **state)
{
    int rc = files_begin(state);
    int fd = rc ? -1 : open(files_path("huge"), O_RDWR | O_CREAT, 0600);
    files_write("ten", "0123456789");
    files_write("empty", "");
    files_write("large", "");
    files_write("a.css", "plain");
    files_write("a.css.gz", "gz of a");
    assert_int_equal(mkdir(files_path("sub"), 0700), 0);
    files_write("sub/index.html", "index");
    files_write("sub/index.html.gz", "gz of index");
    assert_int_equal(pwrite(fd, "4GiB", 4, INT64_C(4) << 30), 4);
    assert_int_equal(ftruncate(fd, HUGE), 0);
    return close(fd);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        ROUTES(the_whole),
        ROUTES(a_part),
        ROUTES(no_such_part),
        ROUTES(what_is_known_or_changed),
        ROUTES(compressed),
        ROUTES(a_file_of_the_future_has_no_date),
        ROUTES(head_asks_for_the_whole),
        ROUTES(files_of_more_than_four_gigabytes),
        ROUTES(a_file_that_shrinks_ends_its_connection),
    };
    return cmocka_run_group_tests_name(io, tests, set_up, files_end);
}

int main(void)
{
    return io_for_each(run_all);
}
