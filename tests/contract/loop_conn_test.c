/* The contract of a connection: what comes in, pausing, and every way to end. Sending: loop_send_test.c. */
#include "loop_fixture.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void echo(struct served *s, uint8_t *bytes, size_t len)
{
    LOOP_CHECK(s->fixture, queue_bytes(s, bytes, len) == 0);
}

/* Receiving */

static void say_hello(struct fixture *f)
{
    int fd = dial(f);

    client_send(f, fd, "hello", 5);
    client_expect(f, fd, "hello", 5);
}

static void bytes_come_back(void **state)
{
    static const struct script script = { .data = echo, .client = say_hello };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->fins, 1);
    assert_int_equal(f->served->error, 0);
    assert_int_equal(f->served->drains, 0);
    fixture_free(f);
}

static void overwrite(struct served *s, uint8_t *bytes, size_t len)
{
    echo(s, bytes, len);
    memset(bytes, 0xff, len);
}

static void say_three_things(struct fixture *f)
{
    int fd = dial(f);

    for (int i = 0; i < 3; i++) {
        client_send(f, fd, &i, sizeof i);
        client_expect(f, fd, &i, sizeof i);
    }
}

static void received_bytes_may_be_changed(void **state)
{
    static const struct script script = { .data = overwrite, .client = say_three_things };

    fixture_free(play(&script));
}

#define UPLOAD ((size_t)3 << 20)

static void upload(struct fixture *f, int fd)
{
    uint8_t *bytes = malloc(UPLOAD);

    CLIENT_CHECK(f, bytes);
    pattern_fill(bytes, UPLOAD, 0, 7);
    client_send(f, fd, bytes, UPLOAD);
    free(bytes);
}

static void dial_and_upload(struct fixture *f)
{
    upload(f, dial(f));
}

static void assert_upload_arrived(const struct fixture *f)
{
    assert_int_equal(f->served->received_len, UPLOAD);
    assert_true(pattern_matches(f->served->received, UPLOAD, 0, 7));
}

static void much_arrives_whole_and_in_order(void **state)
{
    static const struct script script = { .client = dial_and_upload };
    struct fixture *f = play(&script);

    assert_upload_arrived(f);
    assert_true(f->served->data_calls > 1);
    fixture_free(f);
}

static void note_peer(struct served *s)
{
    struct sockaddr_storage address;
    socklen_t len;

    pinion__conn_peer(s->conn, &address, &len);
    LOOP_CHECK(s->fixture, len == sizeof(struct sockaddr_in) && address.ss_family == AF_INET);
    LOOP_CHECK(s->fixture, ((struct sockaddr_in *)&address)->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    LOOP_CHECK(s->fixture, queue_bytes(s, &((struct sockaddr_in *)&address)->sin_port, 2) == 0);
}

static void expect_own_port(struct fixture *f)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    int fd = dial(f);

    CLIENT_CHECK(f, getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    client_expect(f, fd, &address.sin_port, 2);
}

static void expect_no_peer(struct served *s)
{
    struct sockaddr_storage address;
    socklen_t len = 1;

    pinion__conn_peer(s->conn, &address, &len);
    LOOP_CHECK(s->fixture, len == 0 && address.ss_family == AF_UNSPEC);
}

static void the_peer_has_an_address(void **state)
{
    static const struct script script = {
        .accepted = note_peer,
        .closed = expect_no_peer,
        .client = expect_own_port,
    };

    fixture_free(play(&script));
}

/* The served side is a descriptor of this process too: the one whose peer has our port. */
static int served_fd(struct fixture *f, int fd)
{
    struct sockaddr_in own, peer;
    socklen_t len = sizeof own;

    CLIENT_CHECK(f, getsockname(fd, (struct sockaddr *)&own, &len) == 0);
    for (int other = 0; other < 1024; other++) {
        len = sizeof peer;
        if (getpeername(other, (struct sockaddr *)&peer, &len) == 0 && peer.sin_family == AF_INET &&
            peer.sin_port == own.sin_port)
            return other;
    }
    client_fail(f, "no such descriptor", __FILE__, __LINE__);
}

static void expect_no_delay(struct fixture *f)
{
    int on = 0;
    socklen_t len = sizeof on;
    int fd = dial(f);

    client_send(f, fd, "x", 1);
    client_expect(f, fd, "x", 1); /* it is accepted by now */
    CLIENT_CHECK(f, getsockopt(served_fd(f, fd), IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0 && on);
}

static void what_is_sent_does_not_wait_for_more(void **state)
{
    static const struct script without = { .data = echo, .client = expect_no_delay };
    static const struct script with = { .data = echo, .client = expect_no_delay, .nodelay = true };

    fixture_free(play(&without));
    fixture_free(play(&with));
}

/* Handing a connection on */

static void second_data(struct pinion_conn *conn, uint8_t *bytes, size_t len)
{
    struct fixture *f = pinion__conn_user(conn);

    if (len == 0)
        pinion__conn_close(conn);
    else
        LOOP_CHECK(f, pinion__conn_queue(conn, make_frame(f, "second", 6)) == 0);
}

static void second_closed(struct pinion_conn *conn, int error)
{
    struct fixture *f = pinion__conn_user(conn);

    LOOP_CHECK(f, error == 0);
    LOOP_CHECK(f, f->served->closes == 0);
    f->served->closes++;
}

static void hand_on(struct served *s, uint8_t *bytes, size_t len)
{
    static const struct pinion_conn_events second = { .data = second_data, .closed = second_closed };

    pinion__conn_attach(s->conn, &second, s->fixture);
    LOOP_CHECK(s->fixture, queue_bytes(s, "first", 5) == 0);
}

static void talk_to_two(struct fixture *f)
{
    int fd = dial(f);

    client_send(f, fd, "x", 1);
    client_expect(f, fd, "first", 5);
    client_send(f, fd, "x", 1);
    client_expect(f, fd, "second", 6);
}

static void a_connection_is_handed_on(void **state)
{
    static const struct script script = { .data = hand_on, .client = talk_to_two };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->data_calls, 1);
    fixture_free(f);
}

/* The peer ends it */

static void reset_at_once(struct fixture *f)
{
    int fd = dial(f);

    client_send(f, fd, "x", 1);
    await_loop(f);
    reset(f, fd);
}

static void let_client_go_on(struct served *s, uint8_t *bytes, size_t len)
{
    tell_client(s->fixture);
}

static void a_reset_closes_with_an_error(void **state)
{
    static const struct script script = { .data = let_client_go_on, .client = reset_at_once };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->error, PINION_EIO);
    assert_int_equal(f->served->fins, 0);
    fixture_free(f);
}

/* A while without events, in which a loop that is told of the same thing again and again would take many
 * turns. */
static struct {
    uint64_t since_ms;
    unsigned turns;
} quiet;

static void quiet_begins(struct served *s)
{
    quiet.since_ms = now_ms();
    quiet.turns = s->fixture->turns;
}

static bool quiet_is_over(struct fixture *f)
{
    uint64_t elapsed = now_ms() - quiet.since_ms;

    if (elapsed < 40) {
        f->wait = 40 - elapsed;
        return false;
    }
    LOOP_CHECK(f, f->turns - quiet.turns < 16);
    return true;
}

static void answer_late(struct fixture *f)
{
    struct served *s = f->served;

    if (!s || s->fins == 0 || s->closed_after || !quiet_is_over(f))
        return;
    LOOP_CHECK(f, queue_bytes(s, "late", 4) == 0);
    LOOP_CHECK(f, pinion__conn_flush(s->conn) == 0);
    close_served(s);
}

static void send_fin_and_read_on(struct fixture *f)
{
    int fd = dial(f);

    client_send(f, fd, "bye", 3);
    CLIENT_CHECK(f, shutdown(fd, SHUT_WR) == 0);
    client_expect(f, fd, "late", 4);
    client_expect_fin(f, fd);
}

static void a_fin_is_told_once_and_we_may_still_send(void **state)
{
    static const struct script script = {
        .fin = quiet_begins,
        .turn = answer_late,
        .client = send_fin_and_read_on,
    };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->fins, 1);
    assert_int_equal(f->served->received_len, 3);
    assert_int_equal(f->served->error, 0);
    fixture_free(f);
}

/* Pausing */

static bool resumed;

static void pause_at_first_data(struct served *s, uint8_t *bytes, size_t len)
{
    if (s->data_calls > 1)
        return;
    pinion__conn_pause(s->conn);
    pinion__conn_pause(s->conn);
    quiet_begins(s);
    resumed = false;
    tell_client(s->fixture);
}

static void resume_after_a_while(struct fixture *f)
{
    struct served *s = f->served;

    if (!s || s->data_calls == 0 || resumed || !quiet_is_over(f))
        return;
    LOOP_CHECK(f, s->data_calls <= 2 && s->fins == 0);
    pinion__conn_resume(s->conn);
    pinion__conn_resume(s->conn);
    resumed = true;
}

static void a_paused_connection_is_not_read(void **state)
{
    static const struct script script = {
        .data = pause_at_first_data,
        .turn = resume_after_a_while,
        .client = dial_and_upload,
    };

    struct fixture *f = play(&script);

    assert_true(resumed);
    assert_upload_arrived(f);
    fixture_free(f);
}

static void send_more_and_leave(struct fixture *f)
{
    int fd = dial(f);

    client_send(f, fd, "a", 1);
    await_loop(f);
    client_send(f, fd, "b", 1);
    hang_up(f, fd);
}

static void a_paused_unix_connection_is_not_read(void **state)
{
    static const struct script script = {
        .data = pause_at_first_data,
        .turn = resume_after_a_while,
        .client = dial_and_upload,
        .unix_socket = true,
    };

    struct fixture *f = play(&script);

    assert_true(resumed);
    assert_upload_arrived(f);
    fixture_free(f);
}

static void a_fin_during_a_pause_is_told_after_it(void **state)
{
    static const struct script script = {
        .data = pause_at_first_data,
        .turn = resume_after_a_while,
        .client = send_more_and_leave,
    };

    struct fixture *f = play(&script);

    assert_true(resumed);
    assert_int_equal(f->served->received_len, 2);
    assert_int_equal(f->served->fins, 1);
    assert_int_equal(f->served->error, 0);
    fixture_free(f);
}

static void send_more_and_reset(struct fixture *f)
{
    static const char more[300 * 1024];
    int fd = dial(f);

    client_send(f, fd, "a", 1);
    await_loop(f);
    client_send(f, fd, more, sizeof more);
    reset(f, fd);
}

static void a_reset_ends_a_paused_connection(void **state)
{
    static const struct script script = { .data = pause_at_first_data, .client = send_more_and_reset };
    struct fixture *f = play(&script);

    assert_true(f->served->data_calls <= 2);
    assert_int_equal(f->served->error, PINION_EIO);
    fixture_free(f);
}

/* Pausing whenever something comes, in the middle of much: what was on its way is not lost, and comes in
 * order after the pause, the FIN last. */
static void pause_at_data(struct served *s, uint8_t *bytes, size_t len)
{
    pinion__conn_pause(s->conn);
}

static void resume_in_turn(struct fixture *f)
{
    if (f->served && f->served->conn && f->turns % 2 == 0)
        pinion__conn_resume(f->served->conn);
    f->wait = 0;
}

static void pauses_in_the_middle_lose_nothing(void **state)
{
    static const struct script script = {
        .data = pause_at_data,
        .turn = resume_in_turn,
        .client = dial_and_upload,
    };
    struct fixture *f = play(&script);

    assert_upload_arrived(f);
    assert_int_equal(f->served->fins, 1);
    fixture_free(f);
}

static void pause_then_close_in_next_turn(struct served *s, uint8_t *bytes, size_t len)
{
    pinion__conn_pause(s->conn);
    s->fixture->wait = 0;
}

static void close_what_is_paused(struct fixture *f)
{
    struct served *s = f->served;

    if (s && s->data_calls > 0 && !s->closed_after && s->closes == 0)
        close_served(s);
}

static void send_much_then_expect_end(struct fixture *f)
{
    static const char much[100 * 1024];
    int fd = dial(f);

    (void)!send(fd, much, sizeof much, MSG_NOSIGNAL);
    client_expect_end(f, fd);
}

static void closing_drops_what_came_after_the_pause(void **state)
{
    static const struct script script = {
        .data = pause_then_close_in_next_turn,
        .turn = close_what_is_paused,
        .client = send_much_then_expect_end,
    };
    struct fixture *f = play(&script);

    assert_true(f->served->data_calls <= 2);
    fixture_free(f);
}

static void toggle_pause(struct served *s, uint8_t *bytes, size_t len)
{
    pinion__conn_pause(s->conn);
    pinion__conn_resume(s->conn);
    echo(s, bytes, len);
}

static void a_pause_taken_back_changes_nothing(void **state)
{
    static const struct script script = { .data = toggle_pause, .client = say_three_things };

    fixture_free(play(&script));
}

static void pause_from_the_start(struct served *s)
{
    pinion__conn_pause(s->conn);
}

static void close_when_client_says(struct fixture *f)
{
    if (f->served && f->client_step == 1 && !f->served->closed_after)
        close_served(f->served);
}

static void send_to_a_paused_one(struct fixture *f)
{
    int fd = dial(f);

    client_send(f, fd, "unread", 6);
    tell_loop(f);
    client_expect_end(f, fd);
}

static void a_paused_connection_can_be_closed(void **state)
{
    static const struct script script = {
        .accepted = pause_from_the_start,
        .turn = close_when_client_says,
        .client = send_to_a_paused_one,
    };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->received_len, 0);
    assert_int_equal(f->served->error, 0);
    fixture_free(f);
}

/* We end it */

static void close_on_accept(struct served *s)
{
    LOOP_CHECK(s->fixture, queue_bytes(s, "dropped", 7) == 0);
    close_served(s);
    LOOP_CHECK(s->fixture, pinion__conn_queued(s->conn) == 0);
}

static void talk_into_the_void(struct fixture *f)
{
    int fd = dial(f);

    (void)!send(fd, "anyone?", 7, MSG_NOSIGNAL);
    client_expect_end(f, fd);
}

static void closing_inside_accepted(void **state)
{
    static const struct script script = { .accepted = close_on_accept, .client = talk_into_the_void };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->data_calls, 0);
    assert_int_equal(f->served->error, 0);
    fixture_free(f);
}

/* Everything is harmless after a close. */
static void close_on_data(struct served *s, uint8_t *bytes, size_t len)
{
    struct fixture *f = s->fixture;

    close_served(s);
    close_served(s);
    LOOP_CHECK(f, s->closes == 0);
    LOOP_CHECK(f, queue_bytes(s, "refused", 7) == PINION_ECLOSED);
    LOOP_CHECK(f, pinion__conn_flush(s->conn) == 0);
    LOOP_CHECK(f, pinion__conn_queued(s->conn) == 0);
    pinion__conn_drop_queue(s->conn);
    pinion__conn_pause(s->conn);
    pinion__conn_resume(s->conn);
    pinion__conn_shutdown(s->conn);
    LOOP_CHECK(f, pinion__loop_connections(f->loop) == 1);
}

static void closing_inside_data(void **state)
{
    static const struct script script = { .data = close_on_data, .client = talk_into_the_void };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->data_calls, 1);
    assert_int_equal(f->served->error, 0);
    fixture_free(f);
}

static void close_in_closed(struct served *s)
{
    pinion__conn_close(s->conn);
    LOOP_CHECK(s->fixture, queue_bytes(s, "refused", 7) == PINION_ECLOSED);
}

static void closing_inside_closed(void **state)
{
    static const struct script script = { .closed = close_in_closed, .client = say_hello, .data = echo };

    fixture_free(play(&script));
}

static void close_in_turn(struct fixture *f)
{
    struct served *s = f->served;

    if (!s || s->closed_after || s->data_calls == 0)
        return;
    LOOP_CHECK(f, queue_bytes(s, "dropped", 7) == 0);
    close_served(s);
}

static void closing_inside_turn(void **state)
{
    static const struct script script = { .turn = close_in_turn, .client = talk_into_the_void };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->error, 0);
    fixture_free(f);
}

/* The first to speak ends all others, whose events may be in the same batch. */
static void close_all(struct served *s, uint8_t *bytes, size_t len)
{
    for (struct served *other = s->fixture->served; other; other = other->next)
        if (other->conn)
            close_served(other);
}

static void wait_for_all(struct served *s)
{
    if (s->fixture->accepted == 20)
        tell_client(s->fixture);
}

static void speak_on_20(struct fixture *f)
{
    int fds[20];

    for (int i = 0; i < 20; i++)
        fds[i] = dial(f);
    await_loop(f);
    for (int i = 0; i < 20; i++)
        (void)!send(fds[i], "x", 1, MSG_NOSIGNAL);
    for (int i = 0; i < 20; i++)
        client_expect_end(f, fds[i]);
}

static void closing_others_inside_data(void **state)
{
    static const struct script script = {
        .accepted = wait_for_all,
        .data = close_all,
        .client = speak_on_20,
    };
    struct fixture *f = play(&script);

    assert_int_equal(f->closed, 20);
    fixture_free(f);
}

/* Many, in any order */

#define CHURN 1000
#define ALIVE 50

static unsigned server_choice;

/* That queueing fails after an earlier shutdown is part of it. */
static void react_somehow(struct served *s, uint8_t *bytes, size_t len)
{
    switch (rand_r(&server_choice) % 5) {
    case 0:
        close_served(s);
        break;
    case 1:
        queue_bytes(s, bytes, len);
        pinion__conn_shutdown(s->conn);
        break;
    case 2:
        queue_bytes(s, bytes, len);
        pinion__conn_flush(s->conn);
        break;
    case 3:
        pinion__conn_pause(s->conn);
        queue_bytes(s, bytes, len);
        pinion__conn_resume(s->conn);
        break;
    default:
        break;
    }
}

static void leave_somehow(struct fixture *f, int fd, unsigned *choice)
{
    if (rand_r(choice) % 2)
        (void)!send(fd, "hello?", 6, MSG_NOSIGNAL);
    if (rand_r(choice) % 3 == 0)
        reset(f, fd);
    else
        hang_up(f, fd);
}

static void come_and_go(struct fixture *f)
{
    int fds[ALIVE];
    unsigned choice = 20240229;

    memset(fds, -1, sizeof fds);
    for (int i = 0; i < CHURN; i++) {
        int *slot = &fds[rand_r(&choice) % ALIVE];
        if (*slot >= 0)
            leave_somehow(f, *slot, &choice);
        *slot = dial(f);
        (void)!send(*slot, "hello!", 6, MSG_NOSIGNAL);
    }
}

static void a_thousand_come_and_go(void **state)
{
    static const struct script script = { .data = react_somehow, .client = come_and_go };

    server_choice = 4711;
    struct fixture *f = play(&script);
    assert_int_equal(f->accepted, CHURN);
    assert_int_equal(f->closed, CHURN);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back),
        cmocka_unit_test(received_bytes_may_be_changed),
        cmocka_unit_test(much_arrives_whole_and_in_order),
        cmocka_unit_test(the_peer_has_an_address),
        cmocka_unit_test(what_is_sent_does_not_wait_for_more),
        cmocka_unit_test(a_connection_is_handed_on),
        cmocka_unit_test(a_reset_closes_with_an_error),
        cmocka_unit_test(a_fin_is_told_once_and_we_may_still_send),
        cmocka_unit_test(a_paused_connection_is_not_read),
        cmocka_unit_test(a_paused_unix_connection_is_not_read),
        cmocka_unit_test(a_fin_during_a_pause_is_told_after_it),
        cmocka_unit_test(a_reset_ends_a_paused_connection),
        cmocka_unit_test(pauses_in_the_middle_lose_nothing),
        cmocka_unit_test(closing_drops_what_came_after_the_pause),
        cmocka_unit_test(a_pause_taken_back_changes_nothing),
        cmocka_unit_test(a_paused_connection_can_be_closed),
        cmocka_unit_test(closing_inside_accepted),
        cmocka_unit_test(closing_inside_data),
        cmocka_unit_test(closing_inside_closed),
        cmocka_unit_test(closing_inside_turn),
        cmocka_unit_test(closing_others_inside_data),
        cmocka_unit_test(a_thousand_come_and_go),
    };

    return fixture_run_on_engines(tests, sizeof tests / sizeof *tests);
}
