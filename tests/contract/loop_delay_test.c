/* The contract of frames that may wait for others: they stay until they are let go, and leave in order with
 * whatever leaves. */
#include "loop_fixture.h"
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define TURNS_TO_SEE 3

/* How what waits leaves. */
static struct {
    void (*leave)(struct served *s);
    const char *all; /* what the client gets */
    bool fin;
    unsigned seen; /* turns in which it has waited */
    bool told;
    bool left;
} play_of;

static void queue_delayed(struct served *s, const char *text)
{
    struct pinion_frame *frame = make_frame(s->fixture, text, strlen(text));
    LOOP_CHECK(s->fixture, pinion__conn_queue_delayed(s->conn, frame) == 0);
}

static void queue_three(struct served *s)
{
    queue_delayed(s, "a");
    queue_delayed(s, "b");
    queue_delayed(s, "c");
}

static void leave_when_asked(struct fixture *f)
{
    struct served *s = f->served;

    if (!s || play_of.left || s->closed_after)
        return;
    f->wait = play_of.told ? UINT64_MAX : 0;
    if (!play_of.told && ++play_of.seen > TURNS_TO_SEE) {
        LOOP_CHECK(f, pinion__conn_queued(s->conn) == 3);
        play_of.told = true;
        tell_client(f);
    } else if (atomic_load(&f->client_step) == 1) {
        play_of.left = true;
        play_of.leave(s);
    }
}

static void expect_nothing_and_then_all(struct fixture *f)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    int fd = dial(f);
    char byte;

    await_loop(f);
    CLIENT_CHECK(f, recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
    tell_loop(f);
    client_expect(f, fd, play_of.all, strlen(play_of.all));
    CLIENT_CHECK(f, getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
    CLIENT_CHECK(f, info.tcpi_data_segs_in == 1);
    if (play_of.fin)
        client_expect_fin(f, fd);
}

static void play_leaving(void (*leave)(struct served *s), const char *all, bool fin)
{
    static const struct script script = { .accepted = queue_three,
                                          .turn = leave_when_asked,
                                          .client = expect_nothing_and_then_all };

    memset(&play_of, 0, sizeof play_of);
    play_of.leave = leave;
    play_of.all = all;
    play_of.fin = fin;
    fixture_free(play(&script));
}

static void let_go(struct served *s)
{
    pinion__conn_let_go(s->conn);
}

static void they_wait_until_they_are_let_go(void **state)
{
    play_leaving(let_go, "abc", false);
}

static void queue_fourth(struct served *s)
{
    LOOP_CHECK(s->fixture, queue_bytes(s, "d", 1) == 0);
}

static void a_frame_without_delay_takes_them_along(void **state)
{
    play_leaving(queue_fourth, "abcd", false);
}

/* The second is behind a frame that leaves in this turn, and leaves with it. */
static void queue_both(struct served *s)
{
    queue_fourth(s);
    queue_delayed(s, "e");
}

static void one_behind_what_leaves_does_not_wait(void **state)
{
    play_leaving(queue_both, "abcde", false);
}

static void flush(struct served *s)
{
    LOOP_CHECK(s->fixture, pinion__conn_flush(s->conn) == 0);
}

static void a_flush_takes_them_along(void **state)
{
    play_leaving(flush, "abc", false);
}

static void shut_down(struct served *s)
{
    pinion__conn_shutdown(s->conn);
    struct pinion_frame *frame = make_frame(s->fixture, "x", 1);
    LOOP_CHECK(s->fixture, pinion__conn_queue_delayed(s->conn, frame) == PINION_ECLOSED);
}

static void a_shutdown_takes_them_along(void **state)
{
    play_leaving(shut_down, "abc", true);
}

/* The fixture sees whether their references are given back. */
static void close_when_asked(struct served *s)
{
    play_of.left = true;
    close_served(s);
}

static void tell_and_expect_end(struct fixture *f)
{
    int fd = dial(f);

    await_loop(f);
    tell_loop(f);
    client_expect_end(f, fd);
}

static void those_of_a_closed_connection_are_dropped(void **state)
{
    static const struct script script = { .accepted = queue_three,
                                          .turn = leave_when_asked,
                                          .client = tell_and_expect_end };

    memset(&play_of, 0, sizeof play_of);
    play_of.leave = close_when_asked;
    fixture_free(play(&script));
}

#define BACKLOG ((size_t)4 << 20) /* more than the kernel takes at once */

/* Behind a backlog, a frame waits for the peer like any other. */
static void queue_behind_backlog(struct served *s)
{
    LOOP_CHECK(s->fixture, queue_pattern(s, BACKLOG, 1) == 0);
    (void)pinion__conn_flush(s->conn);
    LOOP_CHECK(s->fixture, pinion__conn_queued(s->conn) > 0);
    queue_delayed(s, "a");
}

static void expect_backlog(struct fixture *f)
{
    int fd = dial(f);

    client_expect_pattern(f, fd, BACKLOG, 1);
    client_expect(f, fd, "a", 1);
}

static void one_behind_a_backlog_follows_it(void **state)
{
    static const struct script script = { .accepted = queue_behind_backlog,
                                          .client = expect_backlog,
                                          .send_buffer = 128 * 1024,
                                          .client_recv_buffer = 128 * 1024 };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->drains, 1);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_wait_until_they_are_let_go),
        cmocka_unit_test(a_frame_without_delay_takes_them_along),
        cmocka_unit_test(one_behind_what_leaves_does_not_wait),
        cmocka_unit_test(a_flush_takes_them_along),
        cmocka_unit_test(a_shutdown_takes_them_along),
        cmocka_unit_test(those_of_a_closed_connection_are_dropped),
        cmocka_unit_test(one_behind_a_backlog_follows_it),
    };
    return fixture_run_on_engines(tests, sizeof tests / sizeof *tests);
}
