/* Requests that take their time: answers that come later, bodies, and those that are given up. On each I/O
 * engine. */
#include "helpers/http_server.h"

#define LONG "12345678901234567890123456789012345678901234567890123456789012345678901234567890"

/* ---- answers that take their time ---- */

static void requests_behind_one_that_waits_are_answered_after_it(void **state)
{
    int fd = client();
    say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&taken_in);
    have_it_answered();
    hear(fd, 200, "");
    hear(fd, 200, "now");
    assert_int_equal(atomic_load(&abandoned), 0);
    close(fd);
}

static void a_peer_that_goes_is_told_of_once(void **state)
{
    int fd = client();
    say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&taken_in);
    assert_int_equal(
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger)), 0);
    close(fd); /* a reset */
    await(&abandoned_one);
    (void)end(NULL);
    assert_int_equal(atomic_load(&abandoned), 1);
    (void)begin(NULL);
}

static void a_peer_that_sends_no_more_gets_its_answer(void **state)
{
    int fd = client();
    say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    await(&taken_in);
    have_it_answered();
    hear(fd, 200, "");
    assert_true(ends(fd));
    assert_int_equal(atomic_load(&abandoned), 0);
    close(fd);
}

static void who_answers_it_is_told_once(void **state)
{
    int fd = client();
    say(fd, "GET /patient HTTP/1.1\r\nHost: x\r\n\r\n");
    await(&taken_in);
    assert_int_equal(atomic_load(&hurried), 0);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    await(&hurried_one);
    have_it_answered();
    hear(fd, 200, "");
    assert_true(ends(fd));
    assert_int_equal(atomic_load(&hurried), 1);
    assert_int_equal(atomic_load(&abandoned), 0);
    close(fd);
}

/* ---- bodies ---- */

static void a_body_is_taken_in_pieces(void **state)
{
    int fd = client();
    say(fd, "POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
            "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    hear(fd, 200, "abcde");
    say(fd, "POST /body HTTP/1.1\r\nHost: x\r\n\r\n"); /* which has none */
    hear(fd, 200, "");
    assert_int_equal(atomic_load(&abandoned), 0);
    close(fd);
}

static void the_answer_to_a_body_may_wait(void **state)
{
    int fd = client();
    say(fd, "POST /body-later HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    await(&taken_in);
    have_it_answered();
    hear(fd, 200, "body");
    assert_int_equal(atomic_load(&abandoned), 0);
    close(fd);
}

static void a_body_that_is_too_long(void **state)
{
    int fd = client();
    say(fd, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 160\r\n\r\n" LONG LONG);
    hear(fd, 400, NULL);
    assert_true(closes);
    assert_int_equal(atomic_load(&abandoned), 1);
    close(fd);
}

static void a_body_that_nobody_takes(void **state)
{
    int fd = client();
    say(fd, "POST /drop HTTP/1.1\r\nHost: x\r\nContent-Length: 160\r\n\r\n" LONG LONG
            "GET /now HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(fd, 200, "");
    hear(fd, 200, "now");
    close(fd);
}

static void a_peer_that_goes_in_the_midst_of_its_body(void **state)
{
    int fd = client();
    say(fd, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo");
    close(fd);
    await(&abandoned_one);
    (void)end(NULL);
    assert_int_equal(atomic_load(&abandoned), 1);
    (void)begin(NULL);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        HTTP(requests_behind_one_that_waits_are_answered_after_it),
        HTTP(a_peer_that_goes_is_told_of_once),
        HTTP(a_peer_that_sends_no_more_gets_its_answer),
        HTTP(who_answers_it_is_told_once),
        HTTP(a_body_is_taken_in_pieces),
        HTTP(the_answer_to_a_body_may_wait),
        HTTP(a_body_that_is_too_long),
        HTTP(a_body_that_nobody_takes),
        HTTP(a_peer_that_goes_in_the_midst_of_its_body),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    pinion_log_set_level(PINION_LOG_NONE);
    return io_for_each(run_all);
}
