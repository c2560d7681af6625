/* WebSocket connections over real ones: what a client that only sends may cost, and what becomes of it. */
#include "engine/here.h"
#include "helpers/endpoint.h"
#include "helpers/heap.h"
#include "helpers/io.h"
#include "proto/ws_frame.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#define MAX_QUEUE (1u << 20)
/* What a loop keeps for the next messages, and what is under way: with io_uring all that the ring's buffers
 * hold, 512 KiB, when a client is paused on a busy machine. */
#define SLACK (1u << 20)

static const pinion_rate no_limit = { .per_second = PINION_NEVER };

static pinion_stats now(void)
{
    pinion_stats stats;
    pinion_endpoint_stats(endpoint, &stats);
    return stats;
}

static void wait_until_gone(void)
{
    while (now().connections > 0)
        usleep(1000); /* nothing tells of it */
}

static int begin(const pinion_socket_options *options)
{
    start(&(pinion_endpoint_options){ .loops = 1, .io = io }, options);
    int fd = websocket();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 32 << 10 }, sizeof(int));
    return fd;
}

/* The server has closed the client for it, or the client has gone quiet for longer than it may: where both
 * windows are full it can send no more. */
static bool is_over(void)
{
    return now().slow_closed > 0 || now().connections == 0;
}

/* Send these bytes again and again, and read nothing, until the server has had enough. Returns how much the
 * heap grew at most. */
static size_t send_only(int fd, const void *bytes, size_t len)
{
    size_t before = heap_in_use(), most = before, at = 0;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (!is_over()) {
        struct pollfd wait = { .fd = fd, .events = POLLOUT };
        ssize_t sent = send(fd, (const char *)bytes + at, len - at, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            break;
        at = sent > 0 ? (at + (size_t)sent) % len : at;
        size_t used = heap_in_use();
        most = used > most ? used : most;
        if (sent < 0)
            poll(&wait, 1, 100);
    }
    while (!is_over()) /* reset while it was being counted */
        usleep(1000);
    close(fd);
    wait_until_gone();
    assert_true(heap_in_use() < before + SLACK);
    return most - before;
}

static void pings_of_who_reads_nothing_cost_little_and_end(void **state)
{
    static uint8_t pings[6 * 1000];
    int fd = begin(&(pinion_socket_options){ .overhead = no_limit, .timeout_ms = 2000 });
    for (size_t i = 0; i < sizeof pings; i += 6)
        memcpy(pings + i, "\x89\x80\0\0\0\0", 6);
    assert_true(send_only(fd, pings, sizeof pings) < SLACK);
}

static void replies_to_who_reads_nothing_count_whole(void **state)
{
    static const char text[] = "[null,\"1\",\"phoenix\",\"heartbeat\",{}]";
    static uint8_t frames[100 * (6 + sizeof text - 1)];
    int fd = begin(&(pinion_socket_options){ .overhead = no_limit, .max_queue = MAX_QUEUE });
    for (uint8_t *at = frames; at < frames + sizeof frames; at += 6 + sizeof text - 1) {
        memcpy(at, "\x81\x80\0\0\0\0", 6);
        at[1] |= sizeof text - 1;
        memcpy(at + 6, text, sizeof text - 1);
    }
    assert_true(send_only(fd, frames, sizeof frames) < MAX_QUEUE + SLACK);
    assert_int_equal(now().slow_closed, 1);
}

static void send_ping(int fd, uint32_t number)
{
    uint8_t ping[10] = { 0x89, 0x84 };
    memcpy(ping + 6, &number, 4);
    assert_true(tcp_send(fd, ping, sizeof ping));
}

static uint32_t next_pong(int fd)
{
    uint8_t pong[6];
    uint32_t number;
    assert_true(tcp_read(fd, pong, sizeof pong));
    assert_int_equal(pong[0], 0x8A);
    assert_int_equal(pong[1], 4);
    memcpy(&number, pong + 2, 4);
    return number;
}

/* RFC 6455 section 5.5.3. */
static void of_pings_that_wait_the_last_is_answered(void **state)
{
    enum { PINGS = 100000 };
    int fd = begin(&(pinion_socket_options){ .overhead = no_limit });
    for (uint32_t i = 1; i <= PINGS; i++)
        send_ping(fd, i);
    for (uint32_t last = 0, got; last < PINGS; last = got) {
        got = next_pong(fd);
        assert_true(got > last);
    }
    close(fd);
}

static void who_reads_gets_every_pong(void **state)
{
    int fd = begin(NULL);
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < 20; i++)
            send_ping(fd, i);
        for (uint32_t i = 0; i < 20; i++)
            assert_int_equal(next_pong(fd), i);
    }
    close(fd);
}

/* ---- without memory ---- */

struct taken {
    struct taken *next;
};

static struct taken *all_taken;

#define DECODER sizeof(struct pinion_ws_decoder)

/* Nothing is left for a decoder in the loop's pool, nor can it grow. */
static void take_all(void *data)
{
    struct pinion_shard *shard = pinion__hub_here(pinion__hub_of(endpoint));
    struct taken *taken;
    heap_limit(0);
    while ((taken = pinion__pool_take(&shard->pool, DECODER))) {
        taken->next = all_taken;
        all_taken = taken;
    }
    heap_limit(1); /* for the part of a message that comes */
    atomic_store((atomic_bool *)data, true);
}

static void give_all(void *data)
{
    struct pinion_shard *shard = pinion__hub_here(pinion__hub_of(endpoint));
    while (all_taken) {
        struct taken *taken = all_taken;
        all_taken = taken->next;
        pinion__pool_give(&shard->pool, taken, DECODER);
    }
    atomic_store((atomic_bool *)data, true);
}

static void on_loop(void (*fn)(void *data))
{
    atomic_bool done = false;
    ok(pinion_endpoint_post(endpoint, 0, fn, &done));
    while (!done)
        usleep(100);
}

static size_t blocks_seen;

static void see_blocks(void *data)
{
    blocks_seen = heap.blocks;
    atomic_store((atomic_bool *)data, true);
}

/* Counted on the loop: what was posted before is freed by then, and each count has one post of its own. */
static size_t blocks_in_use(void)
{
    on_loop(see_blocks);
    return blocks_seen;
}

static void a_part_of_a_message_that_cannot_be_kept_is_freed(void **state)
{
    static const uint8_t part[] = { 0x81, 0x80 | 100, 0, 0, 0, 0, 'p', 'a', 'r', 't' };
    char answer[4] = { 0 };
    int fd = begin(NULL);
    size_t before = blocks_in_use();
    on_loop(take_all);
    assert_true(tcp_send(fd, part, sizeof part));
    ssize_t got =
        recv(fd, answer, sizeof answer, MSG_WAITALL); /* a close frame, where there was memory for one */
    wait_until_gone();
    heap_unlimit();
    assert_true(got <= 0 || memcmp(answer, "\x88\x02\x03\xf3", 4) == 0);
    on_loop(give_all);
    assert_true(blocks_in_use() <= before);
    close(fd);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pings_of_who_reads_nothing_cost_little_and_end),
        TEST(replies_to_who_reads_nothing_count_whole),
        TEST(of_pings_that_wait_the_last_is_answered),
        TEST(who_reads_gets_every_pong),
        TEST(a_part_of_a_message_that_cannot_be_kept_is_freed),
    };
    return cmocka_run_group_tests_name(io, tests, NULL, NULL);
}

int main(void)
{
    return io_for_each(run);
}
