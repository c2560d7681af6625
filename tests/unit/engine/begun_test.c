/* An endpoint that stops waits for the work of its clients' connects, on each I/O engine. */
#include "engine/begun.h"
#include "helpers/endpoint.h"
#include "helpers/io.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

static sem_t started, go;
static atomic_int dones, status_seen;
static atomic_bool stopped;

static void work(void *data)
{
    sem_post(&started);
    while (sem_wait(&go) != 0)
        continue;
}

static pinion_result done(pinion_socket *socket, int status, void *data)
{
    atomic_store(&status_seen, status);
    atomic_fetch_add(&dones, 1);
    return pinion_ok(NULL);
}

static pinion_result connect_slowly(pinion_socket *socket, const pinion_payload *params,
                                    const pinion_connect_info *info)
{
    ok(pinion_socket_work(socket, work, done, NULL));
    return pinion_later();
}

static const pinion_socket_def user_socket = { .connect = connect_slowly };

static int open_endpoint(void **state)
{
    sem_init(&started, 0, 0);
    sem_init(&go, 0, 0);
    atomic_store(&dones, 0);
    atomic_store(&stopped, false);
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&endpoint,
                           &(pinion_endpoint_options){ .host = "127.0.0.1", .io = io, .loops = 2 }));
    ok(pinion_endpoint_socket(endpoint, "/socket", &user_socket, NULL));
    ok(pinion_endpoint_start(endpoint));
    return 0;
}

static int close_endpoint(void **state)
{
    sem_destroy(&started);
    sem_destroy(&go);
    return stop(state);
}

static const char upgrade[] = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
                              "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/* A client whose connect works. */
static int connecting(void)
{
    int fd = connected_fd();
    assert_true(tcp_say(fd, upgrade));
    while (sem_wait(&started) != 0)
        continue;
    return fd;
}

static void *stop_it(void *data)
{
    pinion_endpoint_stop(endpoint);
    atomic_store(&stopped, true);
    return NULL;
}

static void await_no_connections(void)
{
    pinion_stats now;
    do {
        usleep(1000);
        pinion_endpoint_stats(endpoint, &now);
    } while (now.connections > 0);
}

static void stopping_waits_for_the_work_of_a_connect(void **state)
{
    pthread_t stopper;
    int fd = connecting();
    assert_int_equal(pthread_create(&stopper, NULL, stop_it, NULL), 0);
    await_no_connections();
    usleep(50000); /* long enough for a loop that does not wait */
    assert_false(atomic_load(&stopped));
    assert_int_equal(atomic_load(&dones), 0);
    sem_post(&go);
    pthread_join(stopper, NULL);
    assert_int_equal(atomic_load(&dones), 1);
    assert_int_equal(atomic_load(&status_seen), PINION_ECLOSED);
    close(fd);
}

static void a_client_that_goes_does_not_wait(void **state)
{
    int fd = connecting();
    close(fd);
    await_no_connections();
    sem_post(&go);
    while (atomic_load(&dones) == 0)
        usleep(1000);
    assert_int_equal(atomic_load(&status_seen), PINION_ECLOSED);
}

static void the_client_is_let_in_when_it_is_done(void **state)
{
    char head[1000];
    int fd = connecting();
    sem_post(&go);
    assert_int_equal(tcp_head(fd, head, sizeof head), 101);
    assert_int_equal(atomic_load(&status_seen), 0);
    close(fd);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stopping_waits_for_the_work_of_a_connect, open_endpoint,
                                        close_endpoint),
        cmocka_unit_test_setup_teardown(a_client_that_goes_does_not_wait, open_endpoint, close_endpoint),
        cmocka_unit_test_setup_teardown(the_client_is_let_in_when_it_is_done, open_endpoint, close_endpoint),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
