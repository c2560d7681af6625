/* The adapter for Redis, and what it shares with others, on a Redis that answers as a script wants: late, cut
 * anywhere, with errors, twice, with something else or not at all; that closes connections in any state,
 * refuses new ones, does not read, and says what nobody asked for. Meanwhile a node subscribes, unsubscribes
 * and sends, and other nodes come and go.
 *
 * One seed is one run: the adapter's thread is this one. Wherever it would wait, the script goes on, and
 * time passes when the script says so. For that the linker gives the adapter other functions than the
 * system's and the library's (fuzz/CMakeLists.txt): those that wait, the clock, the dice, and what makes a
 * thread. All else is hiredis itself, over pairs of sockets.
 *
 * In the end the server behaves, and the node must be back with all it has subscribed to, hear and be heard;
 * or the node is stopped at once, in whatever state it is.
 *
 * Fuzzes: src/pubsub/redis.c src/pubsub/redis_connect.c src/pubsub/redis_problem.c src/pubsub/broker.c
 * src/pubsub/broker_thread.c src/pubsub/broker_topics.c src/pubsub/broker_refused.c src/pubsub/broker_nodes.c
 * src/pubsub/broker_parcels.c src/pubsub/outgoing.c src/pubsub/peers.c src/pubsub/pieces.c
 * src/pubsub/topics.c */
#include "broker_script.h"
#include "broker_user.h"
#include "fuzz.h"
#include "pubsub/adapter.h"
#include "pubsub/broker_int.h"
#include "redis_server.h"
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <pinion/log.h>
#include <poll.h>
#include <signal.h>

#define BEGIN_MS 1000000
#define HEAL_MS  30000 /* the time to recover, once the server behaves */
#define PROBE_MS 1000  /* after which a message is sent again in each direction */
#define SPINS_MAX                                                                                            \
    100000 /* of waits that end at once, with nothing done by the script and no time that passes */
#define FDS_MAX 256

enum stage { SCRIPT, HEALING, PROBING, STOPPED };

static struct {
    bool runs; /* the adapter's calls go to the script */
    uint64_t now;
    struct input input;
    enum stage stage;
    bool stops_at_once;
    unsigned busy; /* how often the script goes on where nothing waits; 0: never */
    unsigned calls;
    unsigned eager; /* how many acts come before a new connection is used */
    unsigned spins;
    uint64_t dice;
    uint64_t healed_at, probed_at;
} world;

int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __real_pthread_join(pthread_t thread, void **result);
int __real_redisAppendCommandArgv(redisContext *context, int count, const char **words,
                                  const size_t *lengths);
int __real_redisBufferWrite(redisContext *context, int *done);

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_RAND_bytes(unsigned char *out, int count);
int __wrap_pinion__thread_start(pthread_t *thread, void *(*run)(void *data), void *data);
int __wrap_pthread_join(pthread_t thread, void **result);
redisContext *__wrap_redisConnectWithTimeout(const char *host, int port, const struct timeval patience);
int __wrap_redisAppendCommandArgv(redisContext *context, int count, const char **words,
                                  const size_t *lengths);
int __wrap_redisBufferWrite(redisContext *context, int *done);
void *__wrap_redisCommandArgv(redisContext *context, int count, const char **words, const size_t *lengths);

/* ---- the script ---- */

static void pass(uint64_t ms, uint64_t until)
{
    world.now += ms < until - world.now ? ms : until - world.now;
    world.spins = 0;
}

static void pass_some(unsigned byte, uint64_t until)
{
    static const uint64_t times[] = { 1, 10, 50, 100, 300, 999, 1000, 2000, 2500, 4000, 6000, 12000 };
    pass(times[byte % (sizeof times / sizeof *times)], until);
}

static void set_others(unsigned choice)
{
    static const long long counts[] = { 0, 1, 2, 100, -1, -2, INT64_MAX - 1, INT64_MIN };
    redis_server_others(counts[choice % 8]);
}

static const struct script_server script_server = { .publish = redis_server_publish,
                                                    .others = set_others,
                                                    .has = redis_server_has,
                                                    .subscriptions = redis_server_subscriptions,
                                                    .more = 3 };

static void act_as_server(unsigned what, unsigned byte)
{
    static const size_t pieces[] = { 0, 1, 2, 5, 17, 100 };
    unsigned connection = byte % REDIS_CONNECTIONS;
    byte /= REDIS_CONNECTIONS;
    switch (what) {
    case 16:
    case 17:
    case 18:
        redis_server_manner(connection, byte % REDIS_MANNERS, input_byte(&world.input));
        break;
    case 19:
        redis_server_close(connection);
        break;
    case 20:
        redis_server_hold(connection, byte % 2);
        break;
    case 21:
        redis_server_piece(connection, pieces[byte % 6]);
        break;
    case 22:
        redis_server_stall(connection, byte % 2);
        break;
    case 23:
        redis_server_raw(connection, input_bytes(&world.input, byte));
        break;
    case 24:
        redis_server_refuse(byte % 8);
        break;
    default:
        pinion__broker_wake(user_broker());
        break;
    }
}

static void act(uint64_t until)
{
    unsigned what = input_byte(&world.input) % 32, byte = input_byte(&world.input);
    world.spins = 0;
    if (what < SCRIPT_ACTS)
        script_act(what, byte, &world.input);
    else if (what < 26)
        act_as_server(what, byte);
    else
        pass_some(byte, until);
}

/* ---- the end ---- */

static void stop(void)
{
    user_stop();
    if (!user_runs())
        world.stage = STOPPED;
}

static void probe(void)
{
    script_probe();
    world.stage = PROBING;
    world.probed_at = world.now;
}

/* There is nothing to do at this time: what comes next? */
static void end_step(uint64_t until)
{
    bool runs = user_runs();
    if (world.stage == SCRIPT && !world.stops_at_once) {
        redis_server_heal();
        world.healed_at = world.now;
        world.stage = HEALING;
    } else if (runs && world.stage == SCRIPT) {
        stop();
    } else if (runs && world.stage == HEALING && user_is_up() && user_waiting() == 0 && script_is_in_step()) {
        probe();
    } else if (runs && world.stage == PROBING && user_last_arrived() && user_last_came()) {
        stop();
    } else if (runs && world.stage == PROBING && world.now >= world.probed_at + PROBE_MS) {
        probe(); /* perhaps there was no room */
    } else {
        REQUIRE(world.stops_at_once || world.stage == STOPPED || world.now < world.healed_at + HEAL_MS);
        pass(UINT64_MAX, until);
    }
}

static void go_on(uint64_t until)
{
    if (world.input.left > 0)
        act(until);
    else
        end_step(until);
}

/* ---- instead of the system ---- */

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    if (!world.runs)
        return __real_poll(fds, count, timeout);
    uint64_t until = world.now + (uint64_t)timeout;
    REQUIRE(timeout >= 0);
    for (;;) {
        REQUIRE(++world.spins < SPINS_MAX);
        redis_server_turn();
        int ready = __real_poll(fds, count, 0);
        if (ready != 0 || world.now >= until)
            return ready;
        go_on(until);
    }
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    *out = (struct timespec){ (time_t)(world.now / 1000), (long)(world.now % 1000) * 1000000 };
    return 0;
}

int __wrap_RAND_bytes(unsigned char *out, int count)
{
    for (int i = 0; i < count; i++) {
        world.dice = world.dice * UINT64_C(6364136223846793005) + 1442695040888963407;
        out[i] = (unsigned char)(world.dice >> 56);
    }
    return 1;
}

/* This thread runs the function, and it is over when this returns. */
int __wrap_pinion__thread_start(pthread_t *thread, void *(*run)(void *data), void *data)
{
    world.runs = true;
    (void)run(data);
    world.runs = false;
    return 0;
}

int __wrap_pthread_join(pthread_t thread, void **result)
{
    return thread ? __real_pthread_join(thread, result) : 0;
}

/* ---- instead of hiredis, where it waits ---- */

static void set_error(redisContext *context, const char *text)
{
    context->err = REDIS_ERR_IO;
    (void)snprintf(context->errstr, sizeof context->errstr, "%s", text);
}

redisContext *__wrap_redisConnectWithTimeout(const char *host, int port, const struct timeval patience)
{
    int fd = redis_server_connect();
    redisContext *context = redisConnectFd(fd);
    REQUIRE(context);
    context->flags |= REDIS_BLOCK; /* as in reality: a read or a write without room has failed */
    if (fd < 0)
        set_error(context, "Connection refused");
    for (unsigned i = 0; i < world.eager && world.input.left > 0; i++)
        act(world.now);
    return context;
}

int __wrap_redisAppendCommandArgv(redisContext *context, int count, const char **words, const size_t *lengths)
{
    if (world.busy && ++world.calls % world.busy == 0 && world.input.left > 0)
        act(world.now); /* no time passes here */
    return __real_redisAppendCommandArgv(context, count, words, lengths);
}

/* A write that finds no room has waited as long as it may. */
int __wrap_redisBufferWrite(redisContext *context, int *done)
{
    redis_server_turn();
    int rc = __real_redisBufferWrite(context, done);
    if (rc != REDIS_OK && errno == EAGAIN)
        world.now += PINION_BROKER_PATIENCE_MS;
    return rc;
}

static bool is_readable(const redisContext *context)
{
    struct pollfd fd = { .fd = context->fd, .events = POLLIN };
    return __real_poll(&fd, 1, 0) > 0;
}

void *__wrap_redisCommandArgv(redisContext *context, int count, const char **words, const size_t *lengths)
{
    uint64_t until = world.now + PINION_BROKER_PATIENCE_MS;
    void *reply = NULL;
    int done = 0;
    if (__real_redisAppendCommandArgv(context, count, words, lengths) != REDIS_OK)
        return NULL;
    while (!done) {
        if (__wrap_redisBufferWrite(context, &done) != REDIS_OK)
            return NULL;
    }
    while (redisGetReplyFromReader(context, &reply) == REDIS_OK && !reply) {
        redis_server_turn();
        if (is_readable(context)) {
            if (redisBufferRead(context) != REDIS_OK)
                return NULL;
        } else if (world.now >= until) {
            set_error(context, "Resource temporarily unavailable");
            return NULL;
        } else {
            go_on(until);
        }
    }
    return reply;
}

/* ---- a run ---- */

static unsigned count_fds(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < FDS_MAX; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

static void make_url(char *out, size_t size, unsigned byte)
{
    (void)snprintf(out, size, "redis://%s%s%shost?prefix=p%s%s%s%s", byte & 1 ? "me" : "",
                   byte & 2 ? ":secret" : "", byte & 3 ? "@" : "", byte & 4 ? "&topics=1" : "",
                   byte & 8 ? "&node=here" : "", byte & 16 ? "&cluster=c" : "",
                   byte & 32 ? "&buffer=4096" : "");
}

static void begin(struct input input)
{
    char url[160];
    pinion_pubsub_adapter *adapter;
    unsigned byte = input_byte(&input), more = input_byte(&input);
    memset(&world, 0, sizeof world);
    world.now = BEGIN_MS;
    world.dice = more;
    world.busy = more % 8;
    world.eager = more / 8 % 4;
    world.stops_at_once = byte & 64;
    world.input = input;
    make_url(url, sizeof url, byte ^ 4);
    REQUIRE(pinion__adapter_open(url, &adapter) == 0);
    redis_server_begin();
    script_begin(&script_server);
    redis_server_others(1);
    user_begin(adapter, true);
}

/* Valid settings are refused only if the server has said so. */
static void require_reason(int rc, const char *why)
{
    REQUIRE(*why);
    REQUIRE((rc == PINION_EADDRINUSE && script_had_namesake()) ||
            (rc == PINION_EACCES && redis_server_was_bad()));
}

/* Every accepted message has arrived, or is known to be lost. */
static void check_counts(void)
{
    struct user_counts counts = user_counted();
    if (world.stage == STOPPED && !world.stops_at_once) {
        REQUIRE(user_said_goodbye());
        REQUIRE(redis_server_was_bad() || counts.taken <= counts.arrived + counts.lost);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[256] = "";
    unsigned fds = count_fds();
    pinion_log_set_level(PINION_LOG_NONE);
    (void)signal(SIGPIPE, SIG_IGN);
    begin((struct input){ data, size });
    int rc = user_start(why, sizeof why);
    if (rc)
        require_reason(rc, why);
    else
        REQUIRE(world.stage == STOPPED);
    check_counts();
    redis_server_end();
    user_end();
    REQUIRE(count_fds() == fds);
    return 0;
}
