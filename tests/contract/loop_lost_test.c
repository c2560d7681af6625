/* Connections whose reset the kernel does not tell of. With io_uring that happens now and then when a reset
 * comes together with bytes; here it happens always, by swallowing the completion. */
#include "helpers/failing.h"
#include "loop_fixture.h"
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>

#include <cmocka.h>

FAILING(int, poll, (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout))
FAILING(int, epoll_ctl, (int set, int act, int fd, struct epoll_event *event), (set, act, fd, event))

static bool swallow; /* the next one */

#ifdef PINION_HAVE_URING
#include "io/uring_int.h"

static struct uring_conn *loser; /* as the kernel would have it, it still receives */

void __real_pinion__uring_on_recv(struct uring_conn *conn, const struct uring_event *event);
void __wrap_pinion__uring_on_recv(struct uring_conn *conn, const struct uring_event *event);
void __real_pinion__uring_on_cancel(struct uring_conn *conn, const struct uring_event *event);
void __wrap_pinion__uring_on_cancel(struct uring_conn *conn, const struct uring_event *event);

void __wrap_pinion__uring_on_recv(struct uring_conn *conn, const struct uring_event *event)
{
    if (event->result == -ECONNRESET && swallow) {
        swallow = false;
        loser = conn;
        return;
    }
    __real_pinion__uring_on_recv(conn, event);
}

/* The kernel does not find an operation that is over; one that was forgotten it would have found. */
void __wrap_pinion__uring_on_cancel(struct uring_conn *conn, const struct uring_event *event)
{
    struct uring_event over = { .user_data = event->user_data, .result = -ECANCELED };
    struct uring_event found = { .user_data = event->user_data };

    if (conn != loser) {
        __real_pinion__uring_on_cancel(conn, event);
        return;
    }
    loser = NULL;
    __real_pinion__uring_on_recv(conn, &over);
    __real_pinion__uring_on_cancel(conn, &found);
}
#endif

static void let_client_go_on(struct served *s, uint8_t *bytes, size_t len)
{
    tell_client(s->fixture);
}

static void send_and_reset(struct fixture *f)
{
    int fd = dial(f);

    client_send(f, fd, "x", 1);
    await_loop(f);
    reset(f, fd);
}

/* It ends when the connection has. */
static void a_reset_that_nobody_tells_of_is_found(void **state)
{
    static const struct script script = { .data = let_client_go_on, .client = send_and_reset };

    swallow = strcmp(pinion__loop_engine_name(fixture_engine), "uring") == 0;
    struct fixture *f = play(&script);
    assert_int_equal(f->closed, 1);
    assert_false(swallow);
    fixture_free(f);
}

/* The look for it fails, too. */
static void nor_is_one_missed_that_cannot_be_looked_for(void **state)
{
    fail_poll = ENOMEM;
    a_reset_that_nobody_tells_of_is_found(state);
    fail_poll = 0;
}

static void expect_end(struct fixture *f)
{
    client_expect_end(f, dial(f));
}

/* Nothing would be heard of it. On io_uring, which watches by itself, it is served. */
static void a_connection_that_cannot_be_watched_ends(void **state)
{
    static const struct script script = { .client = expect_end };

    if (strcmp(pinion__loop_engine_name(fixture_engine), "uv") != 0)
        skip();
    struct fixture *f = fixture_new(&script, 0);
    fail_epoll_ctl = ENOSPC;
    fixture_start_client(f);
    fixture_run(f);
    fixture_finish(f);
    assert_int_equal(f->closed, 1);
    fixture_free(f);
}

enum { RUSH = 2000 };

static void send_and_reset_at_once(struct fixture *f)
{
    for (int i = 0; i < RUSH; i++) {
        int fd = dial(f);
        client_send(f, fd, "GET / HT", 8);
        reset(f, fd);
    }
}

static void resets_right_after_accept_are_all_told(void **state)
{
    static const struct script script = { .client = send_and_reset_at_once };
    struct fixture *f = play(&script);

    assert_int_equal(f->closed, f->accepted);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_that_nobody_tells_of_is_found),
        cmocka_unit_test(nor_is_one_missed_that_cannot_be_looked_for),
        cmocka_unit_test(a_connection_that_cannot_be_watched_ends),
        cmocka_unit_test(resets_right_after_accept_are_all_told),
    };

    return fixture_run_on_engines(tests, sizeof tests / sizeof *tests);
}
