/* What a socket with its channels costs without a connection, and what a join and a delivery cost. It makes
 * as many sockets as are asked for, over a transport that counts frames and drops them. They live on one
 * loop; there is no other thread.
 *
 *     loopback [--topics N] [--channels N] [--assign] [--quick] [SOCKETS …]      (10,000 and 1,000,000)
 *
 * --topics: there are so many topics, over which the channels are spread (1). --channels: each socket joins
 * so many of them (1). --assign: each channel has one assign. --quick: a hundredth of the deliveries, to try
 * it.
 */
#include "die.h"
#include <pinion/pinion.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DELIVERIES   20000000 /* that are measured, for any number of sockets */
#define ROUNDS       5
#define TEXT_MAX     100
#define SOCKETS_MAX  ((size_t)100000000)
#define CHANNELS_MAX ((size_t)100) /* of one socket, by default */

struct conn {
    pinion_socket *socket;
    uint32_t frames;
    bool closed;
};

static struct bench {
    pinion_endpoint *endpoint;
    struct conn *conns;
    size_t count;
    size_t topics;
    size_t channels; /* of each socket */
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

static void connect_one(struct conn *conn)
{
    pinion_connect_info info = { .transport = counting.name };
    if (pinion_transport_connect(bench.endpoint, "/socket", &counting, conn, "vsn=2.0.0", &info,
                                 &conn->socket, NULL) != 0)
        die("a client cannot connect: %s", pinion_error_detail());
}

/* The channels of all sockets are dealt out to the topics like cards. */
static size_t topic_of(size_t socket, size_t channel)
{
    return (socket * bench.channels + channel) % bench.topics;
}

static void join_all(struct conn *conn, size_t socket)
{
    char text[TEXT_MAX];
    for (size_t i = 0; i < bench.channels; i++) {
        int len =
            snprintf(text, sizeof text, "[\"1\",\"1\",\"bench:%zu\",\"phx_join\",{}]", topic_of(socket, i));
        pinion_transport_receive(conn->socket, false, text, (size_t)len);
    }
    if (conn->frames != bench.channels)
        die("a join was not answered");
}

/* The nanoseconds of a join, with its part of the connect. */
static double connect_all(void)
{
    double since = cpu_now();
    for (size_t i = 0; i < bench.count; i++) {
        connect_one(&bench.conns[i]);
        join_all(&bench.conns[i], i);
    }
    return (cpu_now() - since) / (double)(bench.count * bench.channels);
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static size_t frames_of_all(void)
{
    size_t sum = 0;
    for (size_t i = 0; i < bench.count; i++)
        sum += bench.conns[i].frames;
    return sum;
}

/* One topic after the other. Returns how many deliveries that makes. */
static size_t broadcast_round(size_t broadcasts)
{
    char topic[TEXT_MAX];
    size_t before = frames_of_all();
    for (size_t i = 0; i < broadcasts; i++) {
        snprintf(topic, sizeof topic, "bench:%zu", i % bench.topics);
        if (pinion_endpoint_broadcast(bench.endpoint, topic, "msg", pinion_json("{s:s}", "body", "hello")) !=
            0)
            die("a broadcast failed: %s", pinion_error_detail());
    }
    return frames_of_all() - before;
}

/* The nanoseconds of a delivery, with its part of the broadcast: the median of some rounds. Each round
 * reaches every topic equally often. */
static double broadcast_all(void)
{
    double rounds[ROUNDS];
    size_t channels = bench.count * bench.channels;
    size_t times = bench.deliveries / ROUNDS / channels + 1;
    for (int round = 0; round < ROUNDS; round++) {
        double since = cpu_now();
        if (broadcast_round(times * bench.topics) != times * channels)
            die("not everybody got every message");
        rounds[round] = (cpu_now() - since) / (double)(times * channels);
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
    double join_ns = connect_all();
    double joined = memory_now();
    double ns = broadcast_all();
    printf(
        "%9zu sockets, %zu of %zu topics each: %6.1f bytes a socket, %4.0f ns a join, %5.2f ns a delivery\n",
        bench.count, bench.channels, bench.topics, (joined - before) / (double)bench.count, join_ns, ns);
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

static size_t to_number(const char *text, const char *what, size_t max)
{
    char *end;
    unsigned long number = text ? strtoul(text, &end, 10) : 0;
    if (!text || *end || number < 1 || number > max)
        die("\"%s\" is not a number of %s from 1 to %zu", text ? text : "", what, max);
    return number;
}

/* Returns the index of the first argument that is not an option. */
static int take_options(int argc, char **argv)
{
    int i = 1;
    bench.deliveries = DELIVERIES;
    bench.topics = bench.channels = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--assign") == 0)
            bench.assign = true;
        else if (strcmp(argv[i], "--topics") == 0)
            bench.topics = to_number(argv[++i], "topics", SOCKETS_MAX);
        else if (strcmp(argv[i], "--channels") == 0)
            bench.channels = to_number(argv[++i], "channels", CHANNELS_MAX);
        else if (strcmp(argv[i], "--quick") == 0)
            bench.deliveries = DELIVERIES / 100;
        else
            die("\"%s\" is not an option", argv[i]);
    }
    if (bench.channels > bench.topics)
        die("a socket cannot join %zu of %zu topics", bench.channels, bench.topics);
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
    for (int i = first; i < argc; i++)
        measure(to_number(argv[i], "sockets", SOCKETS_MAX));
    return 0;
}
