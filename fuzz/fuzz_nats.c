/* The adapter for NATS, with the client library as it is, on a server that answers as a script wants: late,
 * cut anywhere, with errors, twice, with something else or not at all; that closes connections in any state,
 * and says what nobody asked for. Meanwhile a node subscribes, unsubscribes and sends, and other nodes come
 * and go.
 *
 * The library has threads of its own, and waits on them: a seed is not one run. So nothing here depends on
 * what comes first; what is required holds in whatever order it happens: nothing comes twice or, on one
 * topic, out of order, each subscription is answered, nothing is said when all has ended, the library lets
 * go, and descriptors and memory come back. Time runs faster for the adapter than for others, as the linker
 * gives it other functions than the system's (fuzz/CMakeLists.txt); where the machine is too slow for that,
 * it slows down. TLS is left out: that the library loads the system's certificates takes longer than all
 * else.
 *
 * In the end the server behaves, and the node must be back with all it has subscribed to, hear and be heard;
 * or the node is stopped at once, in whatever state it is.
 *
 * Fuzzes: src/pubsub/nats.c src/pubsub/broker.c src/pubsub/broker_thread.c src/pubsub/broker_topics.c
 * src/pubsub/broker_refused.c src/pubsub/broker_parcels.c src/pubsub/outgoing.c */
#include "broker_script.h"
#include "broker_user.h"
#include "fuzz.h"
#include "nats_server.h"
#include "pubsub/adapter.h"
#include "pubsub/broker_int.h"
#include <fcntl.h>
#include <nats/nats.h>
#include <pinion/log.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#define FASTEST    200 /* times */
#define HEALING    20
#define SLOWER_MS  500 /* of real time, after which time runs half as fast */
#define PROBE_MS   100 /* of real time, after which it is tried again */
#define HEAL_MS    60000
#define PASSING_MS 40 /* of real time, in the whole script */
#define FDS_MAX    256

static struct {
    pthread_mutex_t lock; /* of the clock */
    uint64_t scale;
    uint64_t real, shown; /* when the scale was last set, ns */
    struct input input;
    bool stops_at_once;
    uint64_t passed; /* real time, microseconds */
    bool slow;       /* the machine was slow in the last run */
} world = { .lock = PTHREAD_MUTEX_INITIALIZER, .scale = 1 };

int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __real_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                  const struct timespec *deadline);
int __real_setsockopt(int fd, int level, int option, const void *value, socklen_t len);
natsStatus __real_natsOptions_SetTimeout(natsOptions *options, int64_t ms);
natsStatus __real_natsOptions_SetWriteDeadline(natsOptions *options, int64_t ms);
natsStatus __real_natsOptions_SetPingInterval(natsOptions *options, int64_t ms);
natsStatus __real_natsConnection_FlushTimeout(natsConnection *connection, int64_t ms);

void __real_natsConnection_Close(natsConnection *connection);
void __real_natsConnection_Destroy(natsConnection *connection);

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                  const struct timespec *deadline);
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t len);
natsStatus __wrap_natsOptions_SetTimeout(natsOptions *options, int64_t ms);
natsStatus __wrap_natsOptions_SetWriteDeadline(natsOptions *options, int64_t ms);
natsStatus __wrap_natsOptions_SetPingInterval(natsOptions *options, int64_t ms);
natsStatus __wrap_natsConnection_FlushTimeout(natsConnection *connection, int64_t ms);
void __wrap_natsConnection_Close(natsConnection *connection);
void __wrap_natsConnection_Destroy(natsConnection *connection);

/* The library does not free an incomplete message when the connection is closed. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:natsBuf_Create\n";
}

/* ---- time ---- */

static uint64_t nanoseconds(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_nsec;
}

static struct timespec timespec_of(uint64_t ns)
{
    return (struct timespec){ (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
}

static uint64_t real_ns(void)
{
    struct timespec now;
    (void)__real_clock_gettime(CLOCK_MONOTONIC, &now); /* the clock of our conditions */
    return nanoseconds(&now);
}

static uint64_t scale(void)
{
    pthread_mutex_lock(&world.lock);
    uint64_t scale = world.scale;
    pthread_mutex_unlock(&world.lock);
    return scale;
}

/* The caller holds the lock. */
static uint64_t shown_ns(void)
{
    return world.shown + (real_ns() - world.real) * world.scale;
}

static void set_scale(uint64_t scale)
{
    pthread_mutex_lock(&world.lock);
    world.shown = shown_ns();
    world.real = real_ns();
    world.scale = scale;
    pthread_mutex_unlock(&world.lock);
}

/* Waiting for the library to let go means waiting for its threads, which are not faster than others. */
static _Thread_local bool closing;

void __wrap_natsConnection_Close(natsConnection *connection)
{
    closing = true;
    __real_natsConnection_Close(connection);
}

void __wrap_natsConnection_Destroy(natsConnection *connection)
{
    closing = false;
    __real_natsConnection_Destroy(connection);
}

/* Every clock begins at the first run. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    if (closing)
        return __real_clock_gettime(clock, out);
    pthread_mutex_lock(&world.lock);
    *out = timespec_of(shown_ns());
    pthread_mutex_unlock(&world.lock);
    return 0;
}

static int64_t scaled(int64_t time)
{
    int64_t by = (int64_t)scale();
    return (time + by - 1) / by;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    return __real_poll(fds, count, (int)scaled(timeout));
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                  const struct timespec *deadline)
{
    struct timespec shown;
    if (closing)
        return __real_pthread_cond_timedwait(condition, mutex, deadline);
    (void)__wrap_clock_gettime(CLOCK_MONOTONIC, &shown);
    uint64_t until = nanoseconds(deadline), now = nanoseconds(&shown), left = until > now ? until - now : 0;
    struct timespec really = timespec_of(real_ns() + (uint64_t)scaled((int64_t)left));
    return __real_pthread_cond_timedwait(condition, mutex, &really);
}

int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
    struct timeval patience;
    if (option != SO_RCVTIMEO && option != SO_SNDTIMEO)
        return __real_setsockopt(fd, level, option, value, len);
    memcpy(&patience, value, sizeof patience);
    int64_t us = scaled((int64_t)patience.tv_sec * 1000000 + patience.tv_usec);
    patience = (struct timeval){ us / 1000000, us % 1000000 };
    return __real_setsockopt(fd, level, option, &patience, sizeof patience);
}

natsStatus __wrap_natsOptions_SetTimeout(natsOptions *options, int64_t ms)
{
    return __real_natsOptions_SetTimeout(options, scaled(ms));
}

natsStatus __wrap_natsOptions_SetWriteDeadline(natsOptions *options, int64_t ms)
{
    return __real_natsOptions_SetWriteDeadline(options, scaled(ms));
}

natsStatus __wrap_natsOptions_SetPingInterval(natsOptions *options, int64_t ms)
{
    return __real_natsOptions_SetPingInterval(options, scaled(ms));
}

natsStatus __wrap_natsConnection_FlushTimeout(natsConnection *connection, int64_t ms)
{
    return __real_natsConnection_FlushTimeout(connection, scaled(ms));
}

/* ---- the script ---- */

static void sleep_us(uint64_t us)
{
    struct timespec time = timespec_of(us * 1000);
    (void)nanosleep(&time, NULL);
}

/* A short time in all. */
static void pass(unsigned byte)
{
    static const uint64_t times[] = { 50, 100, 200, 500, 1000, 2000, 5000, 10000 };
    uint64_t us = times[byte % 8];
    if (world.passed + us > PASSING_MS * 1000)
        return;
    world.passed += us;
    sleep_us(us);
}

/* Wait until the server has seen another command, or none for a while. */
static void await_command(void)
{
    unsigned commands = nats_server_commands();
    for (int i = 0; i < 10 && nats_server_commands() == commands; i++)
        pass(1);
}

static void act_as_server(unsigned what, unsigned byte)
{
    static const size_t pieces[] = { 0, 1, 2, 5, 17, 100 };
    switch (what) {
    case 16:
    case 17:
    case 18:
        nats_server_manner(byte % NATS_MANNERS, input_byte(&world.input));
        break;
    case 19:
        nats_server_close();
        break;
    case 20:
        nats_server_hold(byte % 2);
        break;
    case 21:
        nats_server_piece(pieces[byte % 6]);
        break;
    case 22:
        nats_server_greeting(byte);
        break;
    case 23:
        nats_server_raw(input_bytes(&world.input, byte / 2));
        break;
    case 24:
        nats_server_refuse(byte % 4);
        break;
    default:
        if (byte % 4 == 3)
            nats_server_revoke(byte / 4);
        else
            pinion__broker_wake(user_broker());
        break;
    }
}

static void act(void)
{
    unsigned what = input_byte(&world.input) % 32, byte = input_byte(&world.input);
    if (what < SCRIPT_ACTS)
        script_act(what, byte, &world.input);
    else if (what < 26)
        act_as_server(what, byte);
    else if (what < 29)
        await_command();
    else
        pass(byte);
}

static void publish(const char *subject, struct pinion_slice bytes, bool forced)
{
    nats_server_publish(subject, bytes);
}

static void set_others(unsigned choice)
{
    nats_server_others(choice % 2);
}

static const struct script_server script_server = { .publish = publish,
                                                    .others = set_others,
                                                    .has = nats_server_has,
                                                    .subscriptions = nats_server_subscriptions,
                                                    .more = 4 };

/* ---- the end ---- */

static bool is_well(void)
{
    return user_is_up() && user_waiting() == 0 && script_is_in_step();
}

/* Everything settles at any speed. If it does not, the machine may be too slow. */
static void heal(void)
{
    uint64_t began = real_ns(), slowed = began, probed = 0;
    nats_server_heal();
    set_scale(HEALING);
    while (!(probed && user_last_arrived() && user_last_came() && is_well())) {
        uint64_t now = real_ns();
        REQUIRE(now - began < (uint64_t)HEAL_MS * 1000000);
        if (is_well() && now - probed > (uint64_t)PROBE_MS * 1000000) {
            script_probe();
            probed = now;
        }
        if (now - slowed > (uint64_t)SLOWER_MS * 1000000 && scale() > 1) {
            set_scale(scale() / 2);
            slowed = now;
            world.slow = true;
        }
        sleep_us(200);
    }
}

/* ---- a run ---- */

static unsigned count_fds(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < FDS_MAX; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

/* The library's threads may be about to close their descriptors. */
static void await_fds(unsigned count)
{
    for (int i = 0; count_fds() != count; i++) {
        REQUIRE(i < 10000);
        sleep_us(500);
    }
}

static void on_line(pinion_log_level level, const char *line, void *data)
{
    REQUIRE(!strstr(line, "does not let go"));
}

static void begin(struct input input)
{
    char url[160];
    pinion_pubsub_adapter *adapter;
    unsigned byte = input_byte(&input), more = input_byte(&input);
    set_scale(world.slow ? HEALING : FASTEST);
    world.slow = false;
    world.passed = 0;
    world.stops_at_once = byte & 64;
    world.input = input;
    nats_server_begin();
    nats_server_greeting(more / 8);
    (void)snprintf(url, sizeof url, "nats://%s%s%s127.0.0.1:%u?prefix=p%s%s%s%s", byte & 1 ? "me" : "",
                   (byte & 3) == 3 ? ":secret" : "", byte & 1 ? "@" : "", nats_server_port(),
                   byte & 4 ? "" : "&topics=1", byte & 8 ? "&node=here" : "", byte & 16 ? "&cluster=c" : "",
                   byte & 32 ? "&buffer=4096" : "");
    REQUIRE(pinion__adapter_open(url, &adapter) == 0);
    user_begin(adapter, false);
    script_begin(&script_server);
    for (unsigned i = 0; i < more % 8; i++) /* for the first connection */
        act_as_server(16, input_byte(&world.input));
}

static void require_reason(int rc, const char *why)
{
    REQUIRE(*why);
    REQUIRE((rc == PINION_EADDRINUSE && script_had_namesake()) || nats_server_was_bad());
}

static void run(void)
{
    while (world.input.left > 0)
        act();
    if (!world.stops_at_once)
        heal();
    user_stop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[256] = "";
    unsigned fds = count_fds();
    pinion_log_set_level(PINION_LOG_ERROR);
    pinion_log_set_function(on_line, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    begin((struct input){ data, size });
    int rc = user_start(why, sizeof why);
    if (rc)
        require_reason(rc, why);
    else
        run();
    nats_server_end(); /* it may still receive something */
    user_end();
    set_scale(1);
    await_fds(fds);
    return 0;
}
