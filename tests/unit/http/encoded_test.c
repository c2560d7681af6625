/* Which of the files that lie beside each other is taken. */
#include "helpers/files.h"
#include "http/encoded.h"
#include "http/static.h"
#include "proto/http1.h"

static int directory;

static struct pinion_http_file taken;

/* NULL: there is no such header. */
static const char *take(const char *name, const char *accepts)
{
    struct pinion_http_request request = { .header_count = accepts ? 1 : 0 };
    request.headers[0].name = pinion__slice_str("accept-encoding");
    request.headers[0].value = pinion__slice_str(accepts);
    assert_int_equal(pinion__file_open(directory, name, &taken), 0);
    pinion__file_encode(directory, name, &request, &taken);
    assert_true(fcntl(taken.fd, F_GETFD) >= 0);
    close(taken.fd);
    return taken.encoding ? taken.encoding : "plain";
}

static size_t descriptors(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static int set_up(void **state)
{
    int rc = files_begin(state);
    directory = rc ? -1 : pinion__static_directory(files_directory);
    files_write("a.css", "plain");
    files_write("a.css.br", "br of a");
    files_write("a.css.gz", "gz");
    files_write("only.css", "plain");
    files_write("only.css.gz", "gz");
    files_write("none.css", "plain");
    return directory < 0;
}

static int tear_down(void **state)
{
    close(directory);
    return files_end(state);
}

static void the_client_chooses(void **state)
{
    static const struct {
        const char *accepts, *of_both, *of_gzip;
    } rows[] = {
        { NULL, "plain", "plain" },
        { "", "plain", "plain" },
        { "gzip, deflate, br", "br", "gzip" },
        { "gzip", "gzip", "gzip" },
        { "br", "br", "plain" },
        { "br;q=0.5, gzip", "gzip", "gzip" },
        { "br;q=0, gzip;q=0", "plain", "plain" },
        { "br;q=0, *", "gzip", "gzip" },
        { "*", "br", "gzip" },
        { "*;q=0", "plain", "plain" },
        { "identity, gzip;q=0.5, br;q=0.9", "plain", "plain" },
        { "identity;q=0.5, gzip;q=0.5, br;q=0.4", "gzip", "gzip" },
        { "identity;q=0", "plain", "plain" }, /* there is nothing that it takes, so it gets what there is */
        { "deflate", "plain", "plain" },
        { "gzip;q=nonsense", "plain", "plain" },
    };
    size_t before = descriptors();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(take("a.css", rows[i].accepts), rows[i].of_both);
        assert_true(taken.varies);
        assert_string_equal(take("only.css", rows[i].accepts), rows[i].of_gzip);
        assert_true(taken.varies);
        assert_string_equal(take("none.css", rows[i].accepts), "plain");
        assert_false(taken.varies);
    }
    assert_int_equal(descriptors(), before);
}

static void each_has_a_tag_and_a_size_of_its_own(void **state)
{
    char plain[sizeof taken.etag], br[sizeof taken.etag];
    take("a.css", NULL);
    assert_int_equal(taken.size, strlen("plain"));
    strcpy(plain, taken.etag);
    take("a.css", "br");
    assert_int_equal(taken.size, strlen("br of a"));
    assert_string_equal(taken.content_type, "text/css; charset=utf-8");
    strcpy(br, taken.etag);
    take("a.css", "gzip");
    assert_string_not_equal(plain, br);
    assert_string_not_equal(taken.etag, br);
    assert_string_equal(strchr(br, '\0') - 4, "-br\"");
}

static void one_that_is_older_counts_for_nothing(void **state)
{
    files_set_time("a.css", 0, 2000000);
    files_set_time("a.css.br", 0, 1000000);
    files_set_time("a.css.gz", 0, 2000000);
    assert_string_equal(take("a.css", "gzip, br"), "gzip");
    files_set_time("a.css", 1, 0);
    assert_string_equal(take("a.css", "gzip, br"), "plain");
    assert_false(taken.varies);
    files_set_time("a.css", 0, 0);
    files_set_time("a.css.br", 1, 0);
    assert_string_equal(take("a.css", "gzip, br"), "br");
}

static void one_that_is_asked_for_is_sent_as_it_is(void **state)
{
    files_write("a.css.gz.gz", "twice");
    assert_string_equal(take("a.css.gz", "gzip, br"), "plain");
    assert_false(taken.varies);
    assert_string_equal(taken.content_type, "application/octet-stream");
    assert_string_equal(strchr(taken.etag, '\0') - 1, "\"");
    assert_null(strstr(taken.etag, "-gz"));
}

static void only_a_file_within_the_directory_counts(void **state)
{
    files_write("dir.css", "plain");
    files_write("out.css", "plain");
    assert_int_equal(mkdir(files_path("dir.css.br"), 0700), 0);
    assert_int_equal(symlink("/etc/passwd", files_path("out.css.gz")), 0);
    assert_string_equal(take("dir.css", "br, gzip"), "plain");
    assert_string_equal(take("out.css", "br, gzip"), "plain");
    assert_false(taken.varies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_client_chooses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_has_a_tag_and_a_size_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_older_counts_for_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_asked_for_is_sent_as_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_a_file_within_the_directory_counts, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
