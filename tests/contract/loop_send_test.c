/* The contract of sending: order, merging, backlog, flush, drop_queue, shutdown. */
#include "loop_fixture.h"
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB          ((size_t)1 << 20)
#define SMALL_BUFFER (128 * 1024) /* a socket's, so that it is soon full */

/* Order and merging */

#define MANY 200

static void queue_many(struct served *s)
{
    for (int i = 0; i < MANY; i++)
        LOOP_CHECK(s->fixture, queue_bytes(s, &i, sizeof i) == 0);
    LOOP_CHECK(s->fixture, pinion__conn_queued(s->conn) == MANY * sizeof(int));
}

static void expect_many_in_few_segments(struct fixture *f)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    int fd = dial(f);

    for (int i = 0; i < MANY; i++)
        client_expect(f, fd, &i, sizeof i);
    CLIENT_CHECK(f, getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
    CLIENT_CHECK(f, info.tcpi_data_segs_in <= MANY / 8);
}

static void frames_of_a_turn_leave_together_in_order(void **state)
{
    static const struct script script = { .accepted = queue_many, .client = expect_many_in_few_segments };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->drains, 0);
    fixture_free(f);
}

#define BROADCAST_TO 20

static void broadcast_to_all(struct fixture *f)
{
    if (f->accepted < BROADCAST_TO || f->frame_count > 0)
        return;
    struct pinion_frame *frame = make_frame(f, "to all of you", 13);
    for (struct served *s = f->served; s; s = s->next)
        LOOP_CHECK(f, pinion__conn_queue(s->conn, pinion__frame_ref(frame)) == 0);
    pinion__frame_unref(frame);
}

static void expect_broadcast(struct fixture *f)
{
    int fds[BROADCAST_TO];

    for (int i = 0; i < BROADCAST_TO; i++)
        fds[i] = dial(f);
    for (int i = 0; i < BROADCAST_TO; i++)
        client_expect(f, fds[i], "to all of you", 13);
}

static void one_frame_goes_to_many(void **state)
{
    static const struct script script = { .turn = broadcast_to_all, .client = expect_broadcast };

    fixture_free(play(&script));
}

/* Several frames in one turn: the same for most, something else before or after them for some. */
#define SAME 6

static void queue_same_and_own(struct fixture *f)
{
    static const char *const texts[SAME] = { "a", "bc", "def", "ghij", "klmno", "\n" };
    struct pinion_frame *frames[SAME];
    int i = 0;

    if (f->accepted < BROADCAST_TO || f->frame_count > 0)
        return;
    for (int k = 0; k < SAME; k++)
        frames[k] = make_frame(f, texts[k], strlen(texts[k]));
    for (struct served *s = f->served; s; s = s->next, i++) {
        if (i % 5 == 1)
            LOOP_CHECK(f, queue_bytes(s, "<", 1) == 0);
        for (int k = i % 5 == 2 ? 1 : 0; k < SAME; k++)
            LOOP_CHECK(f, pinion__conn_queue(s->conn, pinion__frame_ref(frames[k])) == 0);
        if (i % 5 == 3)
            LOOP_CHECK(f, queue_bytes(s, ">\n", 2) == 0);
    }
    for (int k = 0; k < SAME; k++)
        pinion__frame_unref(frames[k]);
}

static void expect_same_and_own(struct fixture *f)
{
    static const char *const expected[4] = { "abcdefghijklmno\n", "<abcdefghijklmno\n", "bcdefghijklmno\n",
                                             "abcdefghijklmno\n>\n" };
    int fds[BROADCAST_TO];
    int counts[4] = { 0 };
    char got[32];

    for (int i = 0; i < BROADCAST_TO; i++)
        fds[i] = dial(f);
    for (int i = 0; i < BROADCAST_TO; i++) {
        ssize_t len = recv(fds[i], got, sizeof got - 1, 0); /* it came in one send */
        CLIENT_CHECK(f, len > 0);
        got[len] = 0;
        for (int k = 0; k < 4; k++)
            counts[k] += strcmp(got, expected[k]) == 0;
    }
    CLIENT_CHECK(f, counts[0] == 8 && counts[1] == 4 && counts[2] == 4 && counts[3] == 4);
}

static void frames_shared_by_many_stay_in_order(void **state)
{
    static const struct script script = { .turn = queue_same_and_own, .client = expect_same_and_own };

    fixture_free(play(&script));
}

/* More frames than leave in one send, on more connections than are sent to at once. */
#define CROWD  100
#define LETTER 999

static unsigned letters_on(int i)
{
    return i == 0 ? 3000 : 30;
}

static void queue_letters(struct fixture *f)
{
    int i = 0;

    if (f->accepted < CROWD || f->frame_count > 0)
        return;
    for (struct served *s = f->served; s; s = s->next, i++)
        for (unsigned k = 0; k < letters_on(i); k++)
            LOOP_CHECK(f, queue_pattern(s, LETTER, k) == 0);
}

static void read_letters(struct fixture *f)
{
    int fds[CROWD];

    for (int i = 0; i < CROWD; i++)
        fds[i] = dial(f);
    for (int i = 0; i < CROWD; i++) /* the latest to be accepted is the first served */
        for (unsigned k = 0; k < letters_on(CROWD - 1 - i); k++)
            client_expect_pattern(f, fds[i], LETTER, k);
}

static void more_than_one_send_takes_leaves_all_the_same(void **state)
{
    static const struct script script = { .turn = queue_letters, .client = read_letters };
    struct fixture *f = play(&script);

    assert_int_equal(f->accepted, CROWD);
    fixture_free(f);
}

static void queue_with_nothing_between(struct served *s)
{
    LOOP_CHECK(s->fixture, queue_bytes(s, "", 0) == 0);
    LOOP_CHECK(s->fixture, queue_bytes(s, "a", 1) == 0);
    LOOP_CHECK(s->fixture, queue_bytes(s, "", 0) == 0);
    LOOP_CHECK(s->fixture, queue_bytes(s, "b", 1) == 0);
    LOOP_CHECK(s->fixture, pinion__conn_queued(s->conn) == 2);
}

static void expect_ab(struct fixture *f)
{
    client_expect(f, dial(f), "ab", 2);
}

static void an_empty_frame_sends_nothing(void **state)
{
    static const struct script script = { .accepted = queue_with_nothing_between, .client = expect_ab };

    fixture_free(play(&script));
}

/* Backlog */

#define BIG_FRAMES 4

static void queue_big_frames(struct served *s)
{
    for (unsigned i = 0; i < BIG_FRAMES; i++)
        LOOP_CHECK(s->fixture, queue_pattern(s, 4 * MIB, i) == 0);
}

static void read_big_frames(struct fixture *f)
{
    int fd = dial(f);

    for (unsigned i = 0; i < BIG_FRAMES; i++)
        client_expect_pattern(f, fd, 4 * MIB, i);
}

static void big_frames_arrive_at_a_slow_reader(void **state)
{
    static const struct script script = {
        .accepted = queue_big_frames,
        .client = read_big_frames,
        .send_buffer = SMALL_BUFFER,
    };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->drains, 1);
    fixture_free(f);
}

/* A backlog, then much in small pieces: the kernel tells of every piece that the reader takes. */
static void queue_big_then_small(struct served *s)
{
    LOOP_CHECK(s->fixture, queue_pattern(s, MIB, 1) == 0);
}

#define PIECES 300

static void echo_piece(struct served *s, uint8_t *bytes, size_t len)
{
    LOOP_CHECK(s->fixture, queue_bytes(s, bytes, len) == 0);
}

static void read_big_then_pieces(struct fixture *f)
{
    int fd = dial(f);

    client_expect_pattern(f, fd, MIB, 1);
    for (int i = 0; i < PIECES; i++) {
        client_send(f, fd, &i, sizeof i);
        client_expect(f, fd, &i, sizeof i);
    }
}

static void a_unix_connection_is_served_like_any_other(void **state)
{
    static const struct script script = {
        .accepted = queue_big_then_small,
        .data = echo_piece,
        .client = read_big_then_pieces,
        .send_buffer = SMALL_BUFFER,
        .unix_socket = true,
    };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->drains, 1);
    assert_in_range(f->turns, 1,
                    PIECES + PIECES / 3); /* none for what the reader takes off a socket with room */
    fixture_free(f);
}

static void queue_pattern_or_fail(struct served *s, size_t len, unsigned seed)
{
    LOOP_CHECK(s->fixture, queue_pattern(s, len, seed) == 0);
}

static void queue_first(struct served *s)
{
    queue_pattern_or_fail(s, 4 * MIB, 1);
}

/* Many readers at once, of whom none keeps up: a little is read from each in turn. Every send is cut
 * somewhere else. */
#define SLOW_READERS 24

static void queue_two_for_slow_reader(struct served *s)
{
    queue_pattern_or_fail(s, 4 * MIB, 1);
    queue_pattern_or_fail(s, 1000, 2);
}

static size_t read_a_little(struct fixture *f, int fd, size_t offset, size_t most)
{
    static uint8_t got[64 * 1024];
    ssize_t n = recv(fd, got, most, 0);

    CLIENT_CHECK(f, n > 0);
    size_t len = (size_t)n, left = offset < 4 * MIB ? 4 * MIB - offset : 0, first = left < len ? left : len;
    CLIENT_CHECK(f, pattern_matches(got, first, offset, 1));
    CLIENT_CHECK(f, pattern_matches(got + first, len - first, offset + first - 4 * MIB, 2));
    return len;
}

static void read_slowly_from_all(struct fixture *f)
{
    int fds[SLOW_READERS];
    size_t offsets[SLOW_READERS] = { 0 };
    unsigned choice = 99;
    int left = SLOW_READERS;

    for (int i = 0; i < SLOW_READERS; i++)
        fds[i] = dial(f);
    while (left > 0) {
        int i = rand_r(&choice) % SLOW_READERS;
        if (offsets[i] == 4 * MIB + 1000)
            continue;
        offsets[i] += read_a_little(f, fds[i], offsets[i], 1 + (size_t)rand_r(&choice) % (64 * 1024));
        left -= offsets[i] == 4 * MIB + 1000;
    }
}

static void slow_readers_get_every_byte_in_order(void **state)
{
    static const struct script script = {
        .accepted = queue_two_for_slow_reader,
        .client = read_slowly_from_all,
        .send_buffer = SMALL_BUFFER,
        .client_recv_buffer = SMALL_BUFFER,
    };
    struct fixture *f = play(&script);

    for (struct served *s = f->served; s; s = s->next)
        assert_int_equal(s->drains, 1);
    fixture_free(f);
}

/* A little each turn, until the kernel takes no more, and so on: there are sends of which it takes nothing.
 */
#define PORTION 1000

static struct {
    unsigned queued;
    unsigned drains; /* before it was full: the kernel may have taken a little more now and then */
    bool full;
} trickle;

static void queue_until_full(struct fixture *f)
{
    struct served *s = f->served;

    if (!s || s->closed_after || trickle.full)
        return;
    f->wait = 0;
    trickle.full = pinion__conn_queued(s->conn) > 50 * PORTION;
    if (trickle.full) {
        trickle.drains = s->drains;
        tell_client(f);
    } else {
        queue_pattern_or_fail(s, PORTION, trickle.queued++);
    }
}

static void read_when_full(struct fixture *f)
{
    int fd = dial(f);

    await_loop(f);
    for (unsigned k = 0; k < trickle.queued; k++)
        client_expect_pattern(f, fd, PORTION, k);
}

static void what_is_refused_is_sent_later(void **state)
{
    static const struct script script = {
        .turn = queue_until_full,
        .client = read_when_full,
        .send_buffer = SMALL_BUFFER,
        .client_recv_buffer = SMALL_BUFFER,
    };

    memset(&trickle, 0, sizeof trickle);
    struct fixture *f = play(&script);
    assert_int_equal(f->served->drains, trickle.drains + 1);
    fixture_free(f);
}

/* The second backlog is as large as the first. The third frame is queued when the peer has all there was: it
 * goes at once and is no backlog. */
static void queue_second(struct served *s)
{
    if (s->drains == 1)
        queue_pattern_or_fail(s, 4 * MIB, 2);
}

static void queue_third(struct served *s, uint8_t *bytes, size_t len)
{
    queue_pattern_or_fail(s, 10, 3);
}

static void read_three(struct fixture *f)
{
    int fd = dial(f);

    client_expect_pattern(f, fd, 4 * MIB, 1);
    client_expect_pattern(f, fd, 4 * MIB, 2);
    client_send(f, fd, "x", 1);
    client_expect_pattern(f, fd, 10, 3);
}

static void drained_comes_once_for_each_backlog(void **state)
{
    static const struct script script = {
        .accepted = queue_first,
        .data = queue_third,
        .drained = queue_second,
        .client = read_three,
        .send_buffer = SMALL_BUFFER,
    };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->drains, 2);
    fixture_free(f);
}

static void close_in_drained(struct served *s)
{
    close_served(s);
}

static void read_first_then_fin(struct fixture *f)
{
    int fd = dial(f);

    client_expect_pattern(f, fd, 4 * MIB, 1);
    client_expect_fin(f, fd);
}

static void closing_inside_drained_loses_nothing(void **state)
{
    static const struct script script = {
        .accepted = queue_first,
        .drained = close_in_drained,
        .client = read_first_then_fin,
        .send_buffer = SMALL_BUFFER,
    };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->drains, 1);
    assert_int_equal(f->served->error, 0);
    fixture_free(f);
}

/* A client that does not read, and leaves when told. */
static void do_not_read(struct fixture *f)
{
    int fd = dial(f);

    await_loop(f);
    hang_up(f, fd);
}

/* All of it in one turn: the kernel may take more between two. */
static void watch_backlog(struct fixture *f)
{
    struct served *s = f->served;

    if (!s || s->closed_after)
        return;
    size_t waiting = pinion__conn_queued(s->conn);
    if (waiting == 4 * MIB) {
        f->wait = 0;
        return; /* the turn that accepted it has not ended */
    }
    LOOP_CHECK(f, waiting > 0);
    LOOP_CHECK(f, queue_bytes(s, "more", 4) == 0);
    LOOP_CHECK(f, pinion__conn_queued(s->conn) == waiting + 4);
    LOOP_CHECK(f, pinion__conn_flush(s->conn) == waiting + 4);
    close_served(s);
    LOOP_CHECK(f, pinion__conn_queued(s->conn) == 0);
    tell_client(f);
}

static void a_backlog_is_counted_and_dropped_by_close(void **state)
{
    static const struct script script = {
        .accepted = queue_first,
        .turn = watch_backlog,
        .client = do_not_read,
        .send_buffer = SMALL_BUFFER,
        .client_recv_buffer = SMALL_BUFFER,
    };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->drains, 0);
    assert_int_equal(f->served->error, 0);
    fixture_free(f);
}

static void reset_when_backlogged(struct fixture *f)
{
    if (f->served && f->served->conn && pinion__conn_queued(f->served->conn) < 4 * MIB)
        tell_client(f);
    else
        f->wait = 0;
}

static void do_not_read_then_reset(struct fixture *f)
{
    int fd = dial(f);

    await_loop(f);
    reset(f, fd);
}

static void a_reset_ends_a_backlogged_connection(void **state)
{
    static const struct script script = {
        .accepted = queue_first,
        .turn = reset_when_backlogged,
        .client = do_not_read_then_reset,
        .send_buffer = SMALL_BUFFER,
        .client_recv_buffer = SMALL_BUFFER,
    };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->drains, 0);
    assert_int_equal(f->served->error, PINION_EIO);
    fixture_free(f);
}

/* Backlogged, paused and half-closed by the peer all at once. */
static void pause_and_queue(struct served *s)
{
    pinion__conn_pause(s->conn);
    queue_first(s);
}

static void resume_when_drained(struct served *s)
{
    LOOP_CHECK(s->fixture, s->fins == 0);
    pinion__conn_resume(s->conn);
}

static void send_fin_then_read(struct fixture *f)
{
    int fd = dial(f);

    client_send(f, fd, "bye", 3);
    CLIENT_CHECK(f, shutdown(fd, SHUT_WR) == 0);
    client_expect_pattern(f, fd, 4 * MIB, 1);
    client_expect_fin(f, fd);
}

static void a_paused_connection_still_sends(void **state)
{
    static const struct script script = {
        .accepted = pause_and_queue,
        .drained = resume_when_drained,
        .client = send_fin_then_read,
        .send_buffer = SMALL_BUFFER,
    };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->drains, 1);
    assert_int_equal(f->served->received_len, 3);
    assert_int_equal(f->served->error, 0);
    fixture_free(f);
}

/* flush */

/* The client answers before this callback has returned: the bytes did not wait for the turn's end. */
static void flush_and_await_receipt(struct served *s)
{
    struct fixture *f = s->fixture;

    LOOP_CHECK(f, pinion__conn_flush(s->conn) == 0);
    LOOP_CHECK(f, queue_bytes(s, "one", 3) == 0);
    LOOP_CHECK(f, queue_bytes(s, "two", 3) == 0);
    LOOP_CHECK(f, pinion__conn_queued(s->conn) == 6);
    LOOP_CHECK(f, pinion__conn_flush(s->conn) == 0);
    LOOP_CHECK(f, pinion__conn_queued(s->conn) == 0);
    await_client(f);
}

static void confirm_receipt(struct fixture *f)
{
    int fd = dial(f);

    client_expect(f, fd, "onetwo", 6);
    tell_loop(f);
}

static void flush_sends_at_once(void **state)
{
    static const struct script script = { .accepted = flush_and_await_receipt, .client = confirm_receipt };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->drains, 0);
    fixture_free(f);
}

static void flush_until_it_breaks(struct served *s, uint8_t *bytes, size_t len)
{
    struct fixture *f = s->fixture;

    tell_client(f);
    await_client(f);
    while (queue_bytes(s, "x", 1) == 0) {
        pinion__conn_flush(s->conn);
        sched_yield();
    }
    LOOP_CHECK(f, s->closes == 0);
    LOOP_CHECK(f, pinion__conn_queued(s->conn) == 0);
    s->closed_after = f->turns + 1;
}

static void reset_inside_the_callback(struct fixture *f)
{
    int fd = dial(f);

    client_send(f, fd, "x", 1);
    await_loop(f);
    reset(f, fd);
    tell_loop(f);
}

static void breaking_in_flush_closes_later(void **state)
{
    static const struct script script = { .data = flush_until_it_breaks,
                                          .client = reset_inside_the_callback };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->error, PINION_EIO);
    fixture_free(f);
}

/* drop_queue */

static void queue_two_big(struct served *s)
{
    queue_pattern_or_fail(s, 4 * MIB, 1);
    queue_pattern_or_fail(s, MIB, 2);
}

static void drop_when_begun(struct fixture *f)
{
    struct served *s = f->served;

    if (!s || f->frame_count > 2)
        return;
    size_t waiting = pinion__conn_queued(s->conn);
    if (waiting == 5 * MIB) {
        f->wait = 0;
        return;
    }
    LOOP_CHECK(f, waiting > MIB);
    pinion__conn_drop_queue(s->conn);
    LOOP_CHECK(f, pinion__conn_queued(s->conn) == waiting - MIB);
    LOOP_CHECK(f, queue_bytes(s, "dropped too", 11) == 0);
    pinion__conn_drop_queue(s->conn);
    LOOP_CHECK(f, pinion__conn_queued(s->conn) == waiting - MIB);
    queue_pattern_or_fail(s, 100, 3);
    pinion__conn_shutdown(s->conn);
    tell_client(f);
}

static void read_what_was_not_dropped(struct fixture *f)
{
    int fd = dial(f);

    await_loop(f);
    client_expect_pattern(f, fd, 4 * MIB, 1);
    client_expect_pattern(f, fd, 100, 3);
    client_expect_fin(f, fd);
}

static void drop_queue_keeps_a_begun_frame_whole(void **state)
{
    static const struct script script = {
        .accepted = queue_two_big,
        .turn = drop_when_begun,
        .client = read_what_was_not_dropped,
        .send_buffer = SMALL_BUFFER,
        .client_recv_buffer = SMALL_BUFFER,
    };

    fixture_free(play(&script));
}

static void drop_what_has_not_begun(struct served *s)
{
    LOOP_CHECK(s->fixture, queue_bytes(s, "never", 5) == 0);
    pinion__conn_drop_queue(s->conn);
    LOOP_CHECK(s->fixture, pinion__conn_queued(s->conn) == 0);
    LOOP_CHECK(s->fixture, queue_bytes(s, "ab", 2) == 0);
}

static void drop_queue_drops_what_has_not_begun(void **state)
{
    static const struct script script = { .accepted = drop_what_has_not_begun, .client = expect_ab };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->drains, 0);
    fixture_free(f);
}

/* shutdown */

static void queue_and_shut_down(struct served *s)
{
    struct fixture *f = s->fixture;

    queue_big_frames(s);
    pinion__conn_shutdown(s->conn);
    pinion__conn_shutdown(s->conn);
    LOOP_CHECK(f, queue_bytes(s, "too late", 8) == PINION_ECLOSED);
    LOOP_CHECK(f, pinion__conn_queued(s->conn) == BIG_FRAMES * 4 * MIB);
}

static void read_until_fin_then_answer(struct fixture *f)
{
    int fd = dial(f);

    for (unsigned i = 0; i < BIG_FRAMES; i++)
        client_expect_pattern(f, fd, 4 * MIB, i);
    client_expect_fin(f, fd);
    client_send(f, fd, "bye", 3);
}

static void shutdown_delivers_all_and_still_receives(void **state)
{
    static const struct script script = {
        .accepted = queue_and_shut_down,
        .client = read_until_fin_then_answer,
        .send_buffer = SMALL_BUFFER,
    };
    struct fixture *f = play(&script);

    assert_memory_equal(f->served->received, "bye", f->served->received_len);
    assert_int_equal(f->served->received_len, 3);
    assert_int_equal(f->served->fins, 1);
    assert_int_equal(f->served->error, 0);
    fixture_free(f);
}

static void shut_down(struct served *s)
{
    pinion__conn_shutdown(s->conn);
}

static void expect_fin_then_wait(struct fixture *f)
{
    client_expect_fin(f, dial(f));
}

static void shutdown_of_an_empty_queue_sends_the_fin(void **state)
{
    static const struct script script = { .accepted = shut_down, .client = expect_fin_then_wait };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->fins, 1);
    fixture_free(f);
}

static void shut_down_then_close(struct served *s)
{
    queue_first(s);
    pinion__conn_shutdown(s->conn);
    close_served(s);
    LOOP_CHECK(s->fixture, pinion__conn_queued(s->conn) == 0);
}

static void expect_end(struct fixture *f)
{
    client_expect_end(f, dial(f));
}

static void close_overrides_shutdown(void **state)
{
    static const struct script script = { .accepted = shut_down_then_close, .client = expect_end };
    struct fixture *f = play(&script);

    assert_int_equal(f->served->error, 0);
    fixture_free(f);
}

/* What the peer has acknowledged */

static unsigned acks_seen; /* 1: something is left, 2: nothing is */

static void queue_a_mib(struct served *s)
{
    acks_seen = 0;
    LOOP_CHECK(s->fixture, queue_pattern(s, MIB, 7) == 0);
    LOOP_CHECK(s->fixture, pinion__conn_unacked(s->conn) == MIB);
    LOOP_CHECK(s->fixture, pinion__conn_acked(s->conn) == 0);
}

/* The peer goes on while we look. Of unix-domain sockets the kernel counts its memory, not the bytes. */
static void check_sums(struct fixture *f, const struct pinion_conn *conn)
{
    uint64_t loop_before = pinion__loop_acked(f->loop);
    size_t before = pinion__conn_acked(conn), left = pinion__conn_unacked(conn);
    size_t after = pinion__conn_acked(conn);
    LOOP_CHECK(f, before + left <= MIB && after + left >= MIB);
    LOOP_CHECK(f, loop_before <= before);
}

static void see_what_is_left(struct fixture *f)
{
    const struct served *s = f->served;
    if (!s || s->fins > 0 || s->closes > 0)
        return;
    f->wait = 1;
    if (!f->script->unix_socket)
        check_sums(f, s->conn);
    size_t left = pinion__conn_unacked(s->conn);
    if (acks_seen == 0 ? left > 0 : acks_seen == 1 && left == 0) {
        acks_seen++;
        tell_client(f);
    }
}

static void read_when_told(struct fixture *f)
{
    int fd = dial(f);
    await_loop(f);
    client_expect_pattern(f, fd, MIB, 7);
    await_loop(f);
    hang_up(f, fd);
}

static void what_the_peer_has_is_known(void **state)
{
    static const struct script tcp = { .accepted = queue_a_mib,
                                       .turn = see_what_is_left,
                                       .client = read_when_told,
                                       .send_buffer = SMALL_BUFFER,
                                       .client_recv_buffer = SMALL_BUFFER };
    static const struct script local = {
        .accepted = queue_a_mib, .turn = see_what_is_left, .client = read_when_told, .unix_socket = true
    };

    fixture_free(play(&tcp));
    fixture_free(play(&local));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_a_turn_leave_together_in_order),
        cmocka_unit_test(one_frame_goes_to_many),
        cmocka_unit_test(frames_shared_by_many_stay_in_order),
        cmocka_unit_test(more_than_one_send_takes_leaves_all_the_same),
        cmocka_unit_test(an_empty_frame_sends_nothing),
        cmocka_unit_test(big_frames_arrive_at_a_slow_reader),
        cmocka_unit_test(a_unix_connection_is_served_like_any_other),
        cmocka_unit_test(slow_readers_get_every_byte_in_order),
        cmocka_unit_test(what_is_refused_is_sent_later),
        cmocka_unit_test(drained_comes_once_for_each_backlog),
        cmocka_unit_test(closing_inside_drained_loses_nothing),
        cmocka_unit_test(a_backlog_is_counted_and_dropped_by_close),
        cmocka_unit_test(a_reset_ends_a_backlogged_connection),
        cmocka_unit_test(a_paused_connection_still_sends),
        cmocka_unit_test(flush_sends_at_once),
        cmocka_unit_test(breaking_in_flush_closes_later),
        cmocka_unit_test(drop_queue_keeps_a_begun_frame_whole),
        cmocka_unit_test(drop_queue_drops_what_has_not_begun),
        cmocka_unit_test(shutdown_delivers_all_and_still_receives),
        cmocka_unit_test(shutdown_of_an_empty_queue_sends_the_fin),
        cmocka_unit_test(close_overrides_shutdown),
        cmocka_unit_test(what_the_peer_has_is_known),
    };

    return fixture_run_on_engines(tests, sizeof tests / sizeof *tests);
}
