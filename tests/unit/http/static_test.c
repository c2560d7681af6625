/* Files below a directory, and what must stay outside. */
#include "helpers/endpoint.h"
#include "helpers/failing.h"
#include "http/open_beneath.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* openat2(2) */
FAILING(long, syscall, (long number, long directory, const char *path, const void *how, size_t size),
        (number, directory, path, how, size))

static char outer[] = "/tmp/pinion-static-XXXXXX"; /* what is outside; the directory that is served is www */

static const char *in_outer(const char *name)
{
    static char path[2][400];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", outer, name);
    return path[turn];
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(in_outer(name), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void make_directory(const char *name)
{
    assert_int_equal(mkdir(in_outer(name), 0700), 0);
}

static void link_to(const char *target, const char *name)
{
    assert_int_equal(symlink(target, in_outer(name)), 0);
}

static int set_up(void **state)
{
    assert_non_null(mkdtemp(outer));
    make_directory("www");
    make_directory("www/dir");
    make_directory("www/.well-known");
    make_directory("www/dir/.well-known");
    make_directory("secret");
    write_file("secret/key", "secret");
    write_file("www/a.txt", "a");
    write_file("www/dir/b.txt", "b");
    write_file("www/dir/index.html", "index");
    write_file("www/.hidden", "hidden");
    write_file("www/.well-known/acme", "acme");
    write_file("www/.well-known/.hidden", "hidden");
    write_file("www/dir/.well-known/acme", "acme");
    link_to("../secret/key", "www/out");
    link_to("../secret", "www/out-dir");
    link_to("/etc/passwd", "www/absolute");
    link_to("dir/../../secret/key", "www/dotted");
    link_to("a.txt", "www/inside");
    link_to("dir", "www/inside-dir");
    link_to("loop", "www/loop");
    assert_int_equal(mkfifo(in_outer("www/fifo"), 0600), 0);
    return 0;
}

static int clean_up(void **state)
{
    char command[64];
    snprintf(command, sizeof command, "rm -r '%s'", outer);
    return system(command);
}

static void serve(void)
{
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .host = "127.0.0.1" }));
    ok(pinion_endpoint_static(endpoint, "/", in_outer("www")));
    ok(pinion_endpoint_start(endpoint));
}

/* The head of the answer, and its status. */
static int get(const char *target, char *head, size_t size)
{
    char request[600];
    int fd = connected_fd();
    int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
    assert_true(tcp_send(fd, request, (size_t)len));
    int status = tcp_head(fd, head, size);
    close(fd);
    return status;
}

static int status_of(const char *target)
{
    char head[1000];
    return get(target, head, sizeof head);
}

static void links_do_not_lead_out(void **state)
{
    serve();
    assert_int_equal(status_of("/a.txt"), 200);
    assert_int_equal(status_of("/out"), 404);
    assert_int_equal(status_of("/out-dir/key"), 404);
    assert_int_equal(status_of("/absolute"), 404);
    assert_int_equal(status_of("/dotted"), 404);
    assert_int_equal(status_of("/loop"), 404);
    assert_int_equal(status_of("/fifo"), 404);
}

static bool has_openat2(void)
{
    return syscall(SYS_openat2, -1L, NULL, NULL, 0L) == 0 || errno != ENOSYS;
}

static void guarded(const pinion_request *request, pinion_response *response, void *data)
{
    pinion_response_send(response, 403, "text/plain", "", 0);
}

/* Whoever asks for it in other letters asks for the same. */
static void a_route_guards_a_file(void **state)
{
    static const char *const targets[] = { "/dir/b.txt", "/%64ir/b.txt", "/dir/b%2Etxt", "//dir//b.txt" };
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .host = "127.0.0.1" }));
    ok(pinion_endpoint_get(endpoint, "/dir/b.txt", guarded, NULL));
    ok(pinion_endpoint_static(endpoint, "/", in_outer("www")));
    ok(pinion_endpoint_start(endpoint));
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        assert_int_equal(status_of(targets[i]), 403);
    assert_int_equal(status_of("/dir%2fb.txt"), 404);
    assert_int_equal(status_of("/dir%2Fb.txt"), 404);
    assert_int_equal(status_of("/dir/index.html"), 200);
}

static void links_inside_are_followed(void **state)
{
    if (!has_openat2()) {
        print_message("there is no openat2 here, without which no link is followed\n");
        skip();
    }
    serve();
    assert_int_equal(status_of("/inside"), 200);
    assert_int_equal(status_of("/inside-dir/b.txt"), 200);
}

static int open_and_close(int directory, const char *path)
{
    int fd = pinion__open_without_links(directory, path);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static void an_old_kernel_follows_no_link(void **state)
{
    int www = open(in_outer("www"), O_PATH | O_DIRECTORY);
    assert_int_equal(open_and_close(www, "a.txt"), 0);
    assert_int_equal(open_and_close(www, "dir/b.txt"), 0);
    assert_int_equal(open_and_close(www, "dir"), 0);
    assert_int_equal(open_and_close(www, "inside"), ELOOP);
    assert_int_equal(open_and_close(www, "out"), ELOOP);
    assert_int_equal(open_and_close(www, "out-dir/key"), ENOTDIR);
    assert_int_equal(open_and_close(www, "inside-dir/b.txt"), ENOTDIR);
    assert_int_equal(open_and_close(www, "a.txt/b"), ENOTDIR);
    assert_int_equal(open_and_close(www, "none/b"), ENOENT);
    char path[400];
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_int_equal(open_and_close(www, path), ENAMETOOLONG);
    close(www);
}

static void hidden_files_are_not_served_but_well_known_ones(void **state)
{
    serve();
    assert_int_equal(status_of("/.well-known/acme"), 200);
    assert_int_equal(status_of("/.hidden"), 404);
    assert_int_equal(status_of("/.well-known/.hidden"), 404);
    assert_int_equal(status_of("/.well-known/../a.txt"), 404);
    assert_int_equal(status_of("/.well-known/%2e%2e/a.txt"), 404);
    assert_int_equal(status_of("/.well-known//acme"), 404);
    assert_int_equal(status_of("/dir/.well-known/acme"), 404);
    assert_int_equal(status_of("/.well-knownx/acme"), 404);
}

static void a_redirect_keeps_the_query(void **state)
{
    char head[1000];
    serve();
    assert_int_equal(get("/dir", head, sizeof head), 301);
    assert_non_null(strstr(head, "\r\nlocation: /dir/\r\n"));
    assert_int_equal(get("/dir?a=b&c=%20", head, sizeof head), 301);
    assert_non_null(strstr(head, "\r\nlocation: /dir/?a=b&c=%20\r\n"));
    assert_int_equal(get("/dir/?a", head, sizeof head), 200);
}

static int head_on(int fd, const char *target)
{
    char text[1000];
    int len = snprintf(text, sizeof text, "HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
    assert_true(tcp_send(fd, text, (size_t)len));
    return tcp_head(fd, text, sizeof text);
}

/* The connection is there already, and stays. */
static void without_descriptors_a_file_is_to_be_asked_for_later(void **state)
{
    struct rlimit limit;
    serve();
    int fd = connected_fd();
    assert_int_equal(head_on(fd, "/a.txt"), 200);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ .rlim_max = limit.rlim_max }), 0);
    int status = head_on(fd, "/a.txt");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(status, 503);
    assert_int_equal(head_on(fd, "/a.txt"), 200);
    close(fd);
}

/* What the machine lacks is not the client's fault, and may be there the next time. */
static void a_file_that_cannot_be_opened_now_is_not_missing(void **state)
{
    static const int lacks[] = { EMFILE, ENFILE, ENOMEM };
    serve();
    for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++) {
        fail_syscall = lacks[i];
        assert_int_equal(status_of("/a.txt"), 503);
    }
    fail_syscall = EIO;
    assert_int_equal(status_of("/a.txt"), 500);
    fail_syscall = EOVERFLOW;
    assert_int_equal(status_of("/a.txt"), 500);
    fail_syscall = EACCES;
    assert_int_equal(status_of("/a.txt"), 404);
}

static void an_interruption_is_not_noticed(void **state)
{
    serve();
    fail_syscall = EINTR;
    assert_int_equal(status_of("/a.txt"), 200);
    fail_syscall = EAGAIN; /* of a rename meanwhile */
    assert_int_equal(status_of("/a.txt"), 200);
    fail_syscall = EAGAIN;
    assert_int_equal(status_of("/none.txt"), 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(links_do_not_lead_out),
        TEST(links_inside_are_followed),
        TEST(a_route_guards_a_file),
        cmocka_unit_test(an_old_kernel_follows_no_link),
        TEST(hidden_files_are_not_served_but_well_known_ones),
        TEST(a_redirect_keeps_the_query),
        TEST(without_descriptors_a_file_is_to_be_asked_for_later),
        TEST(a_file_that_cannot_be_opened_now_is_not_missing),
        TEST(an_interruption_is_not_noticed),
    };
    return cmocka_run_group_tests(tests, set_up, clean_up);
}
