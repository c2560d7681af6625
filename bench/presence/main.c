/* What a crowd in one room costs: clients that join a topic and are tracked, compared with the same clients
 * without presence. All is in one process, without a network. Every figure is for one client: if it is the
 * same in each row, the cost is in proportion to the crowd.
 *
 *     build/bin/bench_presence [CLIENTS]     (50,000) */
#include <malloc.h>
#include <pinion/pinion.h>
#include <pinion/testing.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TOPIC "room:1"

/* The context of the callbacks. */
struct crowd {
    pinion_presence *presence; /* NULL: nobody is tracked */
};

static pinion_result after_join(pinion_channel *channel, const pinion_payload *params)
{
    const struct crowd *crowd = pinion_channel_context(channel);
    const char *key = json_string_value(pinion_payload_get(params, "user"));
    if (crowd->presence && pinion_presence_track(crowd->presence, channel, key,
                                                 pinion_json("{s:I}", "online_at", (json_int_t)1700000000)))
        return pinion_crash();
    return pinion_noreply();
}

static const pinion_channel_def room = { .after_join = after_join };
static const pinion_socket_def user_socket = { .channels = PINION_ROUTES({ "room:*", &room }) };

struct figures {
    double join_us;    /* from a join to its reply */
    double leave_us;   /* for a connection that ends */
    size_t memory;     /* bytes */
    size_t diff_bytes; /* how many bytes one subscriber is sent for each client that joins */
    size_t diffs;      /* how many diffs one subscriber is sent for the whole crowd */
    size_t list_bytes;
    double list_us;
};

static void require(int rc)
{
    if (rc)
        exit(pinion_exit(rc));
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void count_diff(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
    struct figures *figures = data;
    size_t length;
    pinion_payload_bytes(payload, &length);
    figures->diff_bytes += length;
    figures->diffs++;
}

/* Take the replies as they come, so that their memory does not count. */
static void join_all(pinion_test_client **clients, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char user[32];
        snprintf(user, sizeof user, "user:%06zu", i);
        require(pinion_test_join(clients[i], TOPIC, pinion_json("{s:s}", "user", user)));
    }
}

/* Count the frames of diffs at one client, and drop those of all. */
static void take_frames(pinion_test_client *client)
{
    while (pinion_test_frames(client) > 0) {
        bool binary;
        const char *bytes;
        size_t length;
        require(pinion_test_next_frame(client, &binary, &bytes, &length));
    }
}

static void measure_list(struct figures *figures, pinion_presence *presence, size_t count)
{
    double began = now_us();
    pinion_payload *list = pinion_presence_list(presence, TOPIC);
    figures->list_us = (now_us() - began) / (double)count;
    pinion_payload_bytes(list, &figures->list_bytes);
    figures->list_bytes /= count;
    pinion_payload_unref(list);
}

static struct figures measure(size_t count, bool tracked)
{
    struct figures figures = { 0 };
    struct crowd crowd = { NULL };
    pinion_test *test;
    pinion_subscription *subscription;
    pinion_test_client **clients = calloc(count, sizeof(pinion_test_client *));
    require(pinion_test_new(&test, &(pinion_test_options){ .context = &crowd }));
    if (tracked)
        require(pinion_presence_new(&crowd.presence, pinion_test_endpoint(test), NULL));
    require(
        pinion_endpoint_subscribe(pinion_test_endpoint(test), TOPIC, count_diff, &figures, &subscription));
    for (size_t i = 0; i < count; i++)
        require(pinion_test_connect(test, &user_socket, NULL, "", &clients[i]));

    size_t before = mallinfo2().uordblks;
    double began = now_us();
    join_all(clients, count);
    figures.join_us = (now_us() - began) / (double)count;
    pinion_test_advance(test, 5000); /* until the last diff is out */
    for (size_t i = 0; i < count; i++)
        take_frames(clients[i]);
    figures.memory = (mallinfo2().uordblks - before) / count;
    figures.diff_bytes /= count;
    if (tracked)
        measure_list(&figures, crowd.presence, count);

    struct figures joined = figures;
    began = now_us();
    for (size_t i = 0; i < count; i++)
        pinion_test_disconnect(clients[i]);
    joined.leave_us = (now_us() - began) / (double)count;
    if (crowd.presence && pinion_presence_count(crowd.presence, TOPIC) > 0)
        exit(1);
    pinion_subscription_free(subscription, NULL);
    pinion_test_free(test);
    free(clients);
    return joined;
}

int main(int argc, char **argv)
{
    size_t most = argc > 1 ? strtoul(argv[1], NULL, 10) : 50000;
    if (most < 4) {
        fprintf(stderr, "usage: bench_presence [CLIENTS]\n");
        return 2;
    }
    pinion_log_set_level(PINION_LOG_NONE);
    printf("%8s %18s %18s %14s %14s %16s\n", "clients", "join us (bare)", "leave us (bare)", "memory B",
           "diff B (diffs)", "list B (us)");
    for (size_t count = most / 4; count <= most; count *= 2) {
        struct figures bare = measure(count, false), tracked = measure(count, true);
        printf("%8zu %9.2f %8.2f %9.2f %8.2f %14zu %9zu %4zu %9zu %6.3f\n", count, tracked.join_us,
               bare.join_us, tracked.leave_us, bare.leave_us, tracked.memory - bare.memory,
               tracked.diff_bytes, tracked.diffs, tracked.list_bytes, tracked.list_us);
    }
    return 0;
}
