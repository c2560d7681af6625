/* How much memory the files take that wait for their clients. tests/unit/endpoint/slow_client_test.c sends
 * them. */
#include "endpoint/endpoint.h"
#include "helpers/files.h"
#include "helpers/routes.h"
#include "http/connection.h"
#include <semaphore.h>

#define LARGE (64u * 1024 * 1024) /* more than a kernel takes for a client that does not read */

static sem_t looked;
static size_t waiting; /* what the pieces of files take, as the loop has it */
static size_t others;  /* of it, the test's own */

static void look(void *data)
{
    waiting = endpoint->loops[0].http.file_bytes - others;
    sem_post(&looked);
}

static void pretend(void *data)
{
    others = *(size_t *)data;
    endpoint->loops[0].http.file_bytes += others;
    sem_post(&looked);
}

static void on_loop(void (*run)(void *data), void *data)
{
    ok(pinion_endpoint_post(endpoint, 0, run, data));
    while (sem_wait(&looked) != 0)
        continue;
}

/* Once a piece waits, or none. */
static void await_waiting(bool some)
{
    do
        on_loop(look, NULL);
    while ((waiting > 0) != some);
}

static void serve_file(void)
{
    files_begin(NULL);
    int fd = open(files_path("large"), O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, LARGE), 0);
    close(fd);
    assert_int_equal(sem_init(&looked, 0, 0), 0);
    others = 0;
    routes_new(NULL);
    ok(pinion_endpoint_static(endpoint, "/", files_directory));
    routes_start();
}

static int end(void **state)
{
    int rc = routes_stop(state);
    sem_destroy(&looked);
    return files_end(state) || rc;
}

static int client(void)
{
    int fd = connected_fd();
    say(fd, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    return fd;
}

static void one_piece_waits_for_a_client(void **state)
{
    serve_file();
    int fd = client();
    await_waiting(true);
    assert_in_range(waiting, 1, PINION_HTTP_PIECE);
    int reader = client();
    char bytes[4096];
    for (size_t left = LARGE; left > 0;) { /* somebody else is not held up */
        ssize_t len = recv(reader, bytes, sizeof bytes, 0);
        assert_true(len > 0);
        left -= (size_t)len < left ? (size_t)len : left;
    }
    close(reader);
    tcp_reset(fd);
    await_waiting(false);
}

static void pieces_are_small_while_many_wait(void **state)
{
    size_t many = PINION_HTTP_PIECES_MAX;
    serve_file();
    on_loop(pretend, &many);
    int fd = client();
    await_waiting(true);
    assert_in_range(waiting, 1, PINION_HTTP_SMALL_PIECE);
    tcp_reset(fd);
    await_waiting(false);
}

#define CASE(name) cmocka_unit_test_teardown(name, end)

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_piece_waits_for_a_client),
        CASE(pieces_are_small_while_many_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run_all);
}
