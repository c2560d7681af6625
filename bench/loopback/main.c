/* What a socket with one channel costs without a connection, and what a delivery to it costs. It makes as
 * many sockets as are asked for, over a transport that counts frames and drops them. They live on one loop;
 * there is no other thread.
 *
 *     loopback [--assign] [--quick] [SOCKETS …]      (10,000 and 1,000,000)
 *
 * --assign: each channel has one assign. --quick: a hundredth of the deliveries, to try it. */
#include "die.h"
#include <pinion/pinion.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DELIVERIES 20000000 /* that are measured, for any number of sockets */
#define ROUNDS     5

struct conn {
    pinion_socket *socket;
    uint32_t frames;
    bool closed;
};

static struct bench {
    pinion_endpoint *endpoint;
    struct conn *conns;
    size_t count;
    size_t deliveries;
    bool assign;
    sem_t done;
} bench;

/* ---- the transport ---- */

static int transport_send(void *conn, pinion_frame *frame)
{
    ((struct conn *)conn)->frames++;
    pinion_frame_unref(frame);
    return 0;
}

static void transport_connected(void *conn, int error, const pinion_payload *reason)
{
    die("the answer to a connect came later");
}

static void transport_pause(void *conn, bool paused)
{
    die("the frames of a client are held back");
}

static void transport_close(void *conn, uint16_t code)
{
    ((struct conn *)conn)->closed = true;
}

static const pinion_transport counting = {
    .name = "counting",
    .finds_idle = true,
    .send = transport_send,
    .connected = transport_connected,
    .pause = transport_pause,
    .close = transport_close,
};

/* ---- the application ---- */

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    if (bench.assign && pinion_assign(channel, "user_id", pinion_json("i", 7)) != 0)
        return pinion_crash();
    return pinion_ok(NULL);
}

static const pinion_channel_def channel_def = { .join = join };
static const pinion_socket_def socket_def = {
    .channels = PINION_ROUTES({ "bench:*", &channel_def }),
};

/* ---- what is measured ---- */

static double cpu_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The private memory of this process, in bytes. Pages of files are left out: other processes may share them.
 */
static double memory_now(void)
{
    char line[200];
    double kib = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    if (!file)
        die("cannot read /proc/self/smaps_rollup");
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "Pss_Anon:", 9) == 0)
            kib = strtod(line + 9, NULL);
    }
    fclose(file);
    return kib * 1024;
}

static void connect_all(void)
{
    static const char text[] = "[\"1\",\"1\",\"bench:1\",\"phx_join\",{}]";
    for (size_t i = 0; i < bench.count; i++) {
        struct conn *conn = &bench.conns[i];
        pinion_connect_info info = { .transport = counting.name };
        if (pinion_transport_connect(bench.endpoint, "/socket", &counting, conn, "vsn=2.0.0", &info,
                                     &conn->socket, NULL) != 0)
            die("a client cannot connect: %s", pinion_error_detail());
        pinion_transport_receive(conn->socket, false, text, sizeof text - 1);
        if (conn->frames != 1)
            die("a join was not answered");
    }
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* The nanoseconds of a delivery: the median of some rounds. */
static double broadcast_all(void)
{
    double rounds[ROUNDS];
    uint32_t seen = bench.conns[0].frames;
    size_t times = bench.deliveries / ROUNDS / bench.count + 1;
    for (int round = 0; round < ROUNDS; round++) {
        double since = cpu_now();
        for (size_t i = 0; i < times; i++)
            pinion_endpoint_broadcast(bench.endpoint, "bench:1", "msg",
                                      pinion_json("{s:s}", "body", "hello"));
        rounds[round] = (cpu_now() - since) / (double)(times * bench.count);
    }
    for (size_t i = 0; i < bench.count; i++) {
        if (bench.conns[i].frames != seen + times * ROUNDS)
            die("client %zu got %u messages of %zu", i, bench.conns[i].frames - seen, times * ROUNDS);
    }
    qsort(rounds, ROUNDS, sizeof *rounds, by_value);
    return rounds[ROUNDS / 2];
}

static void leave_all(void)
{
    for (size_t i = 0; i < bench.count; i++)
        pinion_transport_ended(bench.conns[i].socket);
}

static void run(void *data)
{
    double before = memory_now();
    connect_all();
    double joined = memory_now();
    double ns = broadcast_all();
    printf("%9zu sockets: %6.1f bytes each, %5.2f ns a delivery\n", bench.count,
           (joined - before) / (double)bench.count, ns);
    fflush(stdout);
    leave_all();
    sem_post(&bench.done);
}

static void measure(size_t count)
{
    bench.count = count;
    bench.conns = must_calloc(count, sizeof *bench.conns);
    memset(bench.conns, 1,
           count * sizeof *bench.conns); /* touch our own memory now, so that it does not count */
    memset(bench.conns, 0, count * sizeof *bench.conns);
    pinion_endpoint_options options = { .host = "127.0.0.1", .loops = 1 };
    int rc = pinion_endpoint_new(&bench.endpoint, &options);
    if (!rc)
        rc = pinion_endpoint_socket(bench.endpoint, "/socket", &socket_def,
                                    &(pinion_socket_options){ .timeout_ms = PINION_NEVER });
    if (!rc)
        rc = pinion_endpoint_start(bench.endpoint);
    if (!rc)
        rc = pinion_endpoint_post(bench.endpoint, 0, run, NULL);
    if (rc)
        die("%s: %s", pinion_strerror(rc), pinion_error_detail());
    sem_wait(&bench.done);
    pinion_endpoint_stop(bench.endpoint);
    pinion_endpoint_free(bench.endpoint);
    free(bench.conns);
}

/* Returns the index of the first argument that is not an option. */
static int take_options(int argc, char **argv)
{
    int i = 1;
    bench.deliveries = DELIVERIES;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--assign") == 0)
            bench.assign = true;
        else if (strcmp(argv[i], "--quick") == 0)
            bench.deliveries = DELIVERIES / 100;
        else
            die("\"%s\" is not an option", argv[i]);
    }
    return i;
}

int main(int argc, char **argv)
{
    int first = take_options(argc, argv);
    pinion_log_set_level(PINION_LOG_ERROR);
    sem_init(&bench.done, 0, 0);
    if (first == argc) {
        measure(10000);
        measure(1000000);
    }
    for (int i = first; i < argc; i++) {
        char *end;
        unsigned long count = strtoul(argv[i], &end, 10);
        if (*end || count < 1 || count > 100000000)
            die("\"%s\" is not a number of sockets from 1 to 100,000,000", argv[i]);
        measure(count);
    }
    return 0;
}
