/* Streams (pinion/stream.h), on each I/O engine: what comes, what goes, pausing and time. Their end:
 * stream_end_test.c. */
#include "helpers/streams.h"

/* ---- receiving ---- */

static void close_on_fin(pinion_stream *stream, uint8_t *bytes, size_t length)
{
    if (length == 0)
        pinion_stream_close(stream);
}

static void bytes_come_and_then_the_fin(void **state)
{
    script.received = close_on_fin;
    int fd = started();
    client_says(fd, "one");
    await_bytes("one", 3);
    client_says(fd, "two");
    await_bytes("onetwo", 6);
    close(fd);
    expect(FIN);
    expect_closed(0);
}

static void scribble(pinion_stream *stream, uint8_t *bytes, size_t length)
{
    pinion_frame *frame = pinion_frame_new(true, bytes, length);
    for (size_t i = 0; i < length; i++)
        bytes[i] = 0xee;
    CHECK(pinion_stream_send(stream, frame) == 0);
}

static void what_came_may_be_changed(void **state)
{
    script.received = scribble;
    int fd = started();
    client_says(fd, "original");
    client_hears(fd, "original");
    close(fd);
}

#define UPLOAD ((size_t)3 << 20)

static char *pattern(size_t size)
{
    char *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 2654435761u >> 21);
    return bytes;
}

static void much_comes_whole_and_in_order(void **state)
{
    int fd = started();
    char *bytes = pattern(UPLOAD);
    assert_true(tcp_send(fd, bytes, UPLOAD));
    await_bytes(bytes, UPLOAD);
    free(bytes);
    close(fd);
}

static void set_user_as_acted(pinion_stream *stream)
{
    CHECK(pinion_stream_user(stream) == NULL);
    pinion_stream_set_user(stream, &script);
    CHECK(pinion_stream_user(stream) == &script);
}

static void a_stream_has_a_user_pointer_of_its_own(void **state)
{
    int first = started();
    on_loop(set_user_as_acted);
    int second = connected_fd(); /* on_opened checks that it has none */
    close(first);
    close(second);
}

/* ---- the peer ---- */

static char peer[PINION_PEER_TEXT];
static uint16_t peer_port;

static void ask_for_peer(pinion_stream *stream)
{
    CHECK(pinion_stream_peer(stream, peer, &peer_port) == peer);
}

static void a_peer_has_an_address_until_the_stream_is_over(void **state)
{
    struct sockaddr_in own;
    socklen_t len = sizeof own;
    script.closed = ask_for_peer;
    script.received = close_on_fin;
    int fd = started();
    on_loop(ask_for_peer);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &len), 0);
    assert_string_equal(peer, "127.0.0.1");
    assert_int_equal(peer_port, ntohs(own.sin_port));
    close(fd);
    expect(FIN);
    expect_closed(0);
    assert_string_equal(peer, "");
    assert_int_equal(peer_port, 0);
}

static void a_peer_that_comes_before_the_endpoint_runs_is_served(void **state)
{
    endpoint = made(NULL);
    ok(pinion_endpoint_streams(endpoint, "127.0.0.1", 0, &def, &journal));
    ok(pinion_endpoint_listen(endpoint));
    int fd = dial();
    client_says(fd, "early");
    ok(pinion_endpoint_start(endpoint));
    expect(OPENED);
    await_bytes("early", 5);
    close(fd);
}

/* ---- sending ---- */

static void send_three_as_acted(pinion_stream *stream)
{
    CHECK(pinion_stream_queued(stream) == 0);
    CHECK(pinion_stream_send(stream, NULL) == PINION_ENOMEM); /* as where there was no memory for a frame */
    CHECK(pinion_stream_send(stream, text("one")) == 0);
    CHECK(pinion_stream_send(stream, text("")) == 0);
    CHECK(pinion_stream_send(stream, text("two")) == 0);
    CHECK(pinion_stream_queued(stream) == 6);
    CHECK(pinion_stream_flush(stream) == 0);
    CHECK(pinion_stream_queued(stream) == 0);
    CHECK(pinion_stream_send(stream, text("three")) == 0);
}

static void frames_leave_in_order(void **state)
{
    int fd = started();
    on_loop(send_three_as_acted);
    client_hears(fd, "onetwothree");
    close(fd);
}

static void send_two_large(pinion_stream *stream)
{
    CHECK(pinion_stream_send(stream, large('a')) == 0);
    CHECK(pinion_stream_send(stream, large('b')) == 0);
    size_t left = pinion_stream_flush(stream);
    CHECK(left > LARGE && left < 2 * LARGE);
    CHECK(pinion_stream_queued(stream) == left);
}

static void it_is_told_when_all_has_gone(void **state)
{
    int fd = started();
    on_loop(send_two_large);
    client_reads_large(fd, 'a');
    client_reads_large(fd, 'b');
    expect(DRAINED);
    on_loop(say_hello);
    client_hears(fd, "hello");
    close(fd);
    expect(FIN); /* and no second time */
}

static void send_large_and_drop(pinion_stream *stream)
{
    send_two_large(stream);
    pinion_stream_drop_queue(stream);
    CHECK(pinion_stream_queued(stream) > 0 && pinion_stream_queued(stream) < LARGE);
    say_hello(stream);
}

static void dropping_keeps_the_rest_of_a_frame(void **state)
{
    int fd = started();
    on_loop(send_large_and_drop);
    client_reads_large(fd, 'a');
    client_hears(fd, "hello");
    close(fd);
}

/* None of them is a broadcast. */
static void drop_broadcasts_as_acted(pinion_stream *stream)
{
    say_hello(stream);
    size_t memory = pinion_stream_memory(stream);
    CHECK(memory > 5 && pinion_stream_drop_broadcasts(stream, 0) == 0);
    CHECK(pinion_stream_memory(stream) == memory);
    CHECK(pinion_stream_queued(stream) == 5);
}

static void what_may_not_be_dropped_stays(void **state)
{
    int fd = started();
    on_loop(drop_broadcasts_as_acted);
    client_hears(fd, "hello");
    close(fd);
}

/* ---- pausing ---- */

static void resume_it(pinion_stream *stream)
{
    pinion_stream_resume(stream);
    pinion_stream_resume(stream);
}

/* As much as the kernel takes while the loop lives on and reads nothing; the loop turns with each act. */
static size_t fill(int fd, const char *bytes, size_t size)
{
    size_t sent = 0;
    for (int idle = 0; idle < 20 && sent < size;) {
        ssize_t n = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        idle = n > 0 ? 0 : idle + 1;
        sent += n > 0 ? (size_t)n : 0;
        on_loop(pause_it);
    }
    return sent;
}

static void a_paused_stream_lets_its_peer_wait(void **state)
{
    const size_t size = LARGE;
    char *bytes = pattern(size);
    int fd = started();
    on_loop(pause_it);
    size_t sent = fill(fd, bytes, size);
    assert_true(sent < size);
    pthread_mutex_lock(&journal.lock);
    size_t come = journal.size;
    pthread_mutex_unlock(&journal.lock);
    assert_true(come <= 64 << 10); /* what the kernel gave already */
    on_loop(resume_it);
    assert_true(tcp_send(fd, bytes + sent, size - sent));
    await_bytes(bytes, size);
    free(bytes);
    close(fd);
}

static void a_reset_ends_a_paused_stream(void **state)
{
    int fd = started();
    on_loop(pause_it);
    tcp_reset(fd);
    expect_closed(PINION_EIO);
}

static void pause_on_bytes(pinion_stream *stream, uint8_t *bytes, size_t length)
{
    if (length > 0)
        pinion_stream_pause(stream);
}

static void resume_for_good(pinion_stream *stream)
{
    script.received = NULL;
    pinion_stream_resume(stream);
}

static void the_fin_comes_after_what_was_held_back(void **state)
{
    script.received = pause_on_bytes;
    int fd = started();
    client_says(fd, "a");
    await_bytes("a", 1);
    client_says(fd, "b");
    close(fd);
    on_loop(resume_for_good);
    await_bytes("ab", 2);
    expect(FIN);
}

/* ---- time ---- */

static bool acted;

static void ask_for_now(pinion_stream *stream)
{
    pinion_stream_timeout(stream, 0);
    acted = true;
}

static void note_order(pinion_stream *stream)
{
    CHECK(acted);
}

static void no_time_is_after_the_callback(void **state)
{
    acted = false;
    script.timed_out = note_order;
    int fd = started();
    on_loop(ask_for_now);
    expect(TIMED_OUT);
    on_loop(say_hello);
    client_hears(fd, "hello");
    close(fd);
    expect(FIN); /* it came once */
}

static void ask_and_change(pinion_stream *stream)
{
    pinion_stream_timeout(stream, 1);
    pinion_stream_timeout(stream, 3600000);
    pinion_stream_timeout(stream, 5);
}

static void the_last_time_counts(void **state)
{
    int fd = started();
    on_loop(ask_and_change);
    expect(TIMED_OUT);
    close(fd);
    expect(FIN);
}

static void ask_and_take_back(pinion_stream *stream)
{
    pinion_stream_timeout(stream, 1);
    pinion_stream_timeout(stream, PINION_NEVER);
}

static void ask_for_later(pinion_stream *stream)
{
    pinion_stream_timeout(stream, 20);
}

static void is_latest(pinion_stream *stream)
{
    CHECK(stream == latest);
}

/* Another stream's time, which is later, comes first. */
static void never_is_never(void **state)
{
    script.timed_out = is_latest;
    int first = started();
    on_loop(ask_and_take_back);
    int second = connected_fd();
    on_loop(ask_for_later);
    expect(TIMED_OUT);
    tcp_reset(first);
    expect_closed(PINION_EIO);
    close(second);
}

static void time_again(pinion_stream *stream)
{
    static int left;
    if (left == 0)
        left = 3;
    if (--left > 0)
        pinion_stream_timeout(stream, 0);
    else
        pinion_stream_close(stream);
}

static void a_time_may_be_asked_for_when_one_is_over(void **state)
{
    script.timed_out = time_again;
    int fd = started();
    on_loop(ask_for_now);
    for (int i = 0; i < 3; i++)
        expect(TIMED_OUT);
    expect_closed(0);
    close(fd);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        STREAM_TEST(bytes_come_and_then_the_fin),
        STREAM_TEST(what_came_may_be_changed),
        STREAM_TEST(much_comes_whole_and_in_order),
        STREAM_TEST(a_stream_has_a_user_pointer_of_its_own),
        STREAM_TEST(a_peer_has_an_address_until_the_stream_is_over),
        STREAM_TEST(a_peer_that_comes_before_the_endpoint_runs_is_served),
        STREAM_TEST(frames_leave_in_order),
        STREAM_TEST(it_is_told_when_all_has_gone),
        STREAM_TEST(dropping_keeps_the_rest_of_a_frame),
        STREAM_TEST(what_may_not_be_dropped_stays),
        STREAM_TEST(a_paused_stream_lets_its_peer_wait),
        STREAM_TEST(a_reset_ends_a_paused_stream),
        STREAM_TEST(the_fin_comes_after_what_was_held_back),
        STREAM_TEST(no_time_is_after_the_callback),
        STREAM_TEST(the_last_time_counts),
        STREAM_TEST(never_is_never),
        STREAM_TEST(a_time_may_be_asked_for_when_one_is_over),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
