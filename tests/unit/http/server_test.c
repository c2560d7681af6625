/* Who answers a request, connections that are handed over, and a server that goes down. On each I/O engine.
 */
#include "helpers/http_server.h"

/* ---- which handler ---- */

static void a_request_for_nobody(void **state)
{
    int fd = client();
    say(fd, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\nSTEAL /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(fd, 404, "Not Found");
    hear(fd, 501, NULL);
    close(fd);
}

static void a_handler_that_answers_get_alone(void **state)
{
    int fd = client();
    say(fd,
        "POST /now HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiSTEAL /now HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(fd, 405, NULL);
    hear(fd, 501, NULL);
    hear(fd, 200, "now");
    close(fd);
}

static void the_others_answer_any_method(void **state)
{
    int fd = client();
    say(fd, "STEAL /returning HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(fd, 200, "now");
    close(fd);
}

/* ---- connections of others ---- */

static void who_takes_over_gets_what_came_behind(void **state)
{
    char got[8];
    int fd = client();
    say(fd, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\nbehind");
    assert_true(tcp_read(fd, got, 6));
    assert_memory_equal(got, "behind", 6);
    say(fd, "more");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_true(tcp_read(fd, got, 4));
    assert_memory_equal(got, "more", 4);
    assert_true(ends(fd));
    close(fd);
}

static void and_the_end_that_came_before(void **state)
{
    char got[8];
    int fd = client();
    say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /echo HTTP/1.1\r\nHost: x\r\n\r\nbehind");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    await(&taken_in);
    have_it_answered();
    hear(fd, 200, "");
    assert_true(tcp_read(fd, got, 6));
    assert_memory_equal(got, "behind", 6);
    assert_true(ends(fd));
    close(fd);
}

/* ---- going down ---- */

static void set(atomic_bool *flag)
{
    atomic_store(flag, true);
    pinion__loop_wake(loop);
}

static void a_server_that_drains_lets_returning_clients_ask(void **state)
{
    int idle = client(), returning = client();
    say(idle, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(idle, 200, "now");
    say(returning, "GET /returning HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(returning, 200, "now");
    set(&drains);
    assert_true(ends(idle));
    say(returning, "GET /returning HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(returning, 200, "now");
    assert_false(closes);
    int new = client();
    say(new, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(new, 200, "now");
    assert_true(closes);
    set(&http_stops);
    assert_true(ends(returning));
    close(idle);
    close(returning);
    close(new);
}

static void a_server_that_drains_patiently_answers_each_once_more(void **state)
{
    int fd = client();
    say(fd, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(fd, 200, "now");
    assert_false(closes);
    set(&drains_patiently);
    int new = client(); /* its answer comes after the drain has begun */
    say(new, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(new, 200, "now");
    say(fd, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(fd, 200, "now");
    assert_true(closes);
    assert_true(ends(fd));
    close(fd);
    close(new);
}

static void a_server_that_stops_owes_an_answer_still(void **state)
{
    int idle = client(), fd = client();
    say(idle, "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(idle, 200, "now");
    say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&taken_in);
    set(&http_stops);
    assert_true(ends(idle)); /* so it has stopped */
    have_it_answered();
    hear(fd, 200, "");
    assert_true(closes);
    assert_true(ends(fd));
    close(idle);
    close(fd);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        HTTP(a_request_for_nobody),
        HTTP(a_handler_that_answers_get_alone),
        HTTP(the_others_answer_any_method),
        HTTP(who_takes_over_gets_what_came_behind),
        HTTP(and_the_end_that_came_before),
        HTTP(a_server_that_drains_lets_returning_clients_ask),
        HTTP(a_server_that_drains_patiently_answers_each_once_more),
        HTTP(a_server_that_stops_owes_an_answer_still),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    pinion_log_set_level(PINION_LOG_NONE);
    return io_for_each(run_all);
}
