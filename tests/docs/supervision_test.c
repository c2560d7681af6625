/* docs/supervision.md: a program with a loop of its own. The page's first program is started, and crashed, by
 * tests/integration/supervise.test.mjs. */
#include "docs/snippet.h"
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- the snippet ---- */

static int serve_beside(pinion_endpoint *endpoint)
{
    int rc = pinion_endpoint_start(endpoint);
    if (!rc)
        pinion_notify("READY=1\nSTATUS=Serving beside the main loop");
    return rc;
}

/* ---- its test ---- */

static void it_says_that_it_is_ready(void **state)
{
    pinion_endpoint *endpoint = NULL;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char name[64], text[256] = "";
    int len = snprintf(name, sizeof name, "@pinion-docs-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, (size_t)len - 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
                     0);
    setenv("NOTIFY_SOCKET", name, 1);

    ok(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = 1 }));
    ok(serve_beside(endpoint));
    assert_true(recv(fd, text, sizeof text - 1, MSG_DONTWAIT) > 0);
    assert_string_equal(text, "READY=1\nSTATUS=Serving beside the main loop");
    pinion_endpoint_free(endpoint);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(it_says_that_it_is_ready) };
    pinion_log_set_level(PINION_LOG_NONE);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
