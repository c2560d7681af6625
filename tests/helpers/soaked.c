/* The server of the soak (tools/soak): rooms and presences as the conformance server has them, uploads whose
 * answer says what came, files to download, its counts, and a calendar that jumps.
 *
 * PINION_FILES names the directory that is served below /files. PINION_CALENDAR names a file with one 64-bit
 * number, which may change at any time: by so many nanoseconds is the calendar wrong, for us (--wrap) and for
 * nobody else. The clock that does not jump is left alone.
 */
#include "conformance.h"
#include "program.h"
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NS_IN_S INT64_C(1000000000)

/* A client whose handshake was lost in a full backlog believes itself connected, and sends its request again
 * after 6.4, then after 12.8 more seconds: the kernel may finish the handshake between the two. */
#define HEAD_TIMEOUT_MS 30000

/* ---- the calendar ---- */

static _Atomic int64_t right, *calendar_off = &right;

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
time_t __wrap_time(time_t *out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int rc = __real_clock_gettime(clock, now);
    if (rc != 0 || clock != CLOCK_REALTIME)
        return rc;
    int64_t ns = now->tv_sec * NS_IN_S + now->tv_nsec + atomic_load(calendar_off);
    now->tv_sec = ns / NS_IN_S;
    now->tv_nsec = ns % NS_IN_S;
    return 0;
}

time_t __wrap_time(time_t *out)
{
    struct timespec now;
    __wrap_clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

static int share_calendar(void)
{
    const char *path = getenv("PINION_CALENDAR");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return path ? PINION_ENOENT : 0;
    void *memory = mmap(NULL, sizeof *calendar_off, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (memory == MAP_FAILED)
        return PINION_EIO;
    calendar_off = memory;
    return 0;
}

/* ---- uploads ---- */

/* FNV-1a. */
static uint32_t sum(const char *bytes, size_t length)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
    return hash;
}

static pinion_result digest(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    size_t length;
    const char *bytes = pinion_payload_bytes(payload, &length);
    if (pinion_payload_kind(payload) != PINION_PAYLOAD_BINARY) {
        json_t *data = pinion_payload_get(payload, "data");
        bytes = json_string_value(data);
        length = json_string_length(data);
    }
    if (!bytes)
        return pinion_crash();
    return pinion_ok(
        pinion_json("{s:I, s:I}", "length", (json_int_t)length, "sum", (json_int_t)sum(bytes, length)));
}

static const pinion_channel_def upload_channel = { .handle_in = PINION_CLAUSES({ "digest", digest }) };

static const pinion_socket_def soaked_socket = {
    .channels = PINION_ROUTES({ "room:*", &conformance_channel }, { "upload:*", &upload_channel },
                              { "presence:*", &conformance_presence_channel }),
};

static const pinion_socket_options socket_options = { .longpoll = true, .any_origin = true };

/* ---- counts ---- */

static json_t *counts(const pinion_stats *stats)
{
    const struct {
        const char *name;
        uint64_t count;
    } all[] = {
        { "connections", stats->connections },
        { "sockets", stats->sockets },
        { "channels", stats->channels },
        { "topics", stats->topics },
        { "broadcasts", stats->broadcasts },
        { "deliveries", stats->deliveries },
        { "dropped", stats->dropped },
        { "unencodable", stats->unencodable },
        { "slow_closed", stats->slow_closed },
        { "skipped", stats->skipped },
        { "rate_limited", stats->rate_limited },
        { "refused", stats->refused },
        { "held_back", stats->held_back },
        { "remote_sent", stats->remote_sent },
        { "remote_received", stats->remote_received },
        { "remote_lost", stats->remote_lost },
        { "remote_refused", stats->remote_refused },
        { "longpoll_evicted", stats->longpoll_evicted },
        { "remote_denied", stats->remote_denied },
        { "refused_calls", stats->refused_calls },
        { "mailbox_full", stats->mailbox_full },
        { "calendar", (uint64_t)__wrap_time(NULL) },
    };
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        json_object_set_new(object, all[i].name, json_integer((json_int_t)all[i].count));
    return object;
}

static void answer_stats(const pinion_request *request, pinion_response *response, void *data)
{
    pinion_stats stats;
    pinion_endpoint_stats(data, &stats);
    json_t *object = counts(&stats);
    char *text = json_dumps(object, 0);
    json_decref(object);
    if (text)
        pinion_response_send(response, 200, "application/json", text, strlen(text));
    else
        pinion_response_send(response, 500, NULL, NULL, 0);
    free(text);
}

int main(int argc, char **argv)
{
    struct conformance shared = { .at_once = NULL };
    pinion_endpoint_options options = { .host = "127.0.0.1",
                                        .context = &shared,
                                        .head_timeout_ms = HEAD_TIMEOUT_MS };
    pinion_endpoint *endpoint = NULL;
    const char *files = getenv("PINION_FILES");
    int stop = program_options(argc, argv, NULL, &options);
    if (stop)
        return stop - 1;

    int rc = share_calendar();
    if (!rc)
        rc = pinion_endpoint_new(&endpoint, &options);
    if (!rc)
        rc = conformance_presence(endpoint);
    if (!rc)
        rc = pinion_endpoint_socket(endpoint, "/socket", &soaked_socket, &socket_options);
    if (!rc)
        rc = pinion_endpoint_get(endpoint, "/stats", answer_stats, endpoint);
    if (!rc && files)
        rc = pinion_endpoint_static(endpoint, "/files", files);
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
