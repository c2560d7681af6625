/* The end of streams (pinion/stream.h), on each I/O engine: by either side, and as the endpoint goes down. */
#include "helpers/streams.h"

#include "helpers/death.h" /* after cmocka.h, which streams.h includes */

/* ---- the end ---- */

static void say_goodbye(pinion_stream *stream)
{
    say_hello(stream);
    pinion_stream_shutdown(stream);
    pinion_stream_shutdown(stream);
    CHECK(pinion_stream_send(stream, text("late")) == PINION_ECLOSED);
}

static void after_a_shutdown_the_peer_may_still_send(void **state)
{
    int fd = started();
    on_loop(say_goodbye);
    client_hears(fd, "hello");
    client_hears_fin(fd);
    client_says(fd, "still here");
    await_bytes("still here", 10);
    shutdown(fd, SHUT_WR);
    expect(FIN);
    expect_closed(0);
    close(fd);
}

static void say_goodbye_on_fin(pinion_stream *stream, uint8_t *bytes, size_t length)
{
    if (length == 0)
        say_goodbye(stream);
}

static void it_is_over_when_both_have_ended(void **state)
{
    script.received = say_goodbye_on_fin;
    int fd = started();
    shutdown(fd, SHUT_WR);
    expect(FIN);
    client_hears(fd, "hello");
    client_hears_fin(fd);
    expect_closed(0);
    close(fd);
}

static void send_much_on_fin(pinion_stream *stream, uint8_t *bytes, size_t length)
{
    if (length > 0)
        return;
    CHECK(pinion_stream_send(stream, large('z')) == 0);
    CHECK(pinion_stream_flush(stream) > 0);
    pinion_stream_shutdown(stream);
}

static void do_nothing(pinion_stream *stream)
{
}

static void it_is_not_over_before_all_has_gone(void **state)
{
    script.received = send_much_on_fin;
    int fd = started();
    shutdown(fd, SHUT_WR);
    expect(FIN);
    on_loop(do_nothing); /* who read sooner might take all of it at once */
    client_reads_large(fd, 'z');
    client_hears_fin(fd);
    expect(DRAINED);
    expect_closed(0);
    close(fd);
}

static void close_it(pinion_stream *stream)
{
    say_hello(stream);
    pinion_stream_timeout(stream, 0);
    pinion_stream_close(stream);
    pinion_stream_timeout(stream, 0);
    pinion_stream_close(stream);
    pinion_stream_shutdown(stream);
    CHECK(pinion_stream_send(stream, text("late")) == PINION_ECLOSED);
    CHECK(pinion_stream_queued(stream) == 0);
}

static void nothing_but_closed_follows_a_close(void **state)
{
    int fd = started();
    client_says(fd, "x");
    await_bytes("x", 1);
    on_loop(close_it);
    (void)tcp_send(fd, "y", 1); /* it may be gone already */
    expect_closed(0);
    client_sees_the_end(fd);
    close(fd);
}

static void use_what_is_over(pinion_stream *stream)
{
    pinion_stream_timeout(stream, 0);
    pinion_stream_pause(stream);
    pinion_stream_resume(stream);
    pinion_stream_shutdown(stream);
    pinion_stream_close(stream);
    CHECK(pinion_stream_send(stream, text("late")) == PINION_ECLOSED);
    CHECK(pinion_stream_flush(stream) == 0);
}

static void what_closed_does_to_the_stream_does_no_harm(void **state)
{
    script.closed = use_what_is_over;
    int fd = started();
    on_loop(pinion_stream_close);
    expect_closed(0);
    close(fd);
    fd = connected_fd();
    on_loop(say_hello);
    client_hears(fd, "hello");
    tcp_reset(fd);
    expect_closed(PINION_EIO);
}

static void it_may_be_closed_as_it_opens(void **state)
{
    script.opened = pinion_stream_close;
    int fd = started();
    expect_closed(0);
    client_sees_the_end(fd);
    close(fd);
}

/* ---- going down ---- */

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void *hang_up_in_turn(void *data)
{
    int fd = *(int *)data;
    char byte;
    while (recv(fd, &byte, 1, 0) > 0)
        continue;
    close(fd);
    return NULL;
}

static void stopping_ends_streams_as_soon_as_their_peers_do(void **state)
{
    pthread_t client;
    int fd = started();
    on_loop(say_hello); /* what is queued is sent */
    assert_int_equal(pthread_create(&client, NULL, hang_up_in_turn, &fd), 0);
    uint64_t began = now_ms();
    pinion_endpoint_stop(endpoint);
    assert_true(now_ms() - began < 5000); /* the closing handshake's time */
    pthread_join(client, NULL);
    expect(FIN);
    expect_closed(0);
}

static void stopping_waits_no_longer_than_for_a_close(void **state)
{
    start_with(&(pinion_endpoint_options){ .close_timeout_ms = 10 });
    int silent = connected_fd(), paused = connected_fd();
    on_loop(pause_it);
    uint64_t began = now_ms();
    pinion_endpoint_stop(endpoint);
    assert_true(now_ms() - began < 10 + 1000 + 3000); /* its time, a second, and a slow machine */
    expect_closed(0);
    expect_closed(0);
    client_hears_fin(silent);
    client_hears_fin(paused);
    close(silent);
    close(paused);
}

static void stopping_closes_what_was_never_opened(void **state)
{
    endpoint = made(NULL);
    ok(pinion_endpoint_streams(endpoint, "127.0.0.1", 0, &def, &journal));
    ok(pinion_endpoint_listen(endpoint));
    int fd = dial();
    pinion_endpoint_free(endpoint);
    endpoint = NULL;
    client_sees_the_end(fd);
    close(fd);
}

/* In a process of its own, whose endpoint is begun there. */
static void use_it_after_its_end(const void *nothing)
{
    (void)started();
    on_loop(pinion_stream_close);
    expect_closed(0);
    on_loop(pinion_stream_resume);
}

static void a_stream_that_is_used_after_its_end_ends_the_program(void **state)
{
    char said[300];
    if (!ASSERTIONS_ARE_ON)
        skip();
    assert_true(aborts_saying(use_it_after_its_end, NULL, said, sizeof said));
    assert_string_equal(said,
                        "pinion: pinion_stream_resume: the stream has ended: its memory lives until closed "
                        "has returned\n");
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        STREAM_TEST(after_a_shutdown_the_peer_may_still_send),
        STREAM_TEST(it_is_over_when_both_have_ended),
        STREAM_TEST(it_is_not_over_before_all_has_gone),
        STREAM_TEST(nothing_but_closed_follows_a_close),
        STREAM_TEST(what_closed_does_to_the_stream_does_no_harm),
        STREAM_TEST(it_may_be_closed_as_it_opens),
        STREAM_TEST(stopping_ends_streams_as_soon_as_their_peers_do),
        STREAM_TEST(stopping_waits_no_longer_than_for_a_close),
        STREAM_TEST(stopping_closes_what_was_never_opened),
        cmocka_unit_test(a_stream_that_is_used_after_its_end_ends_the_program),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
