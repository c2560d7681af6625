/* The endpoint with real loops and sockets: its life, and a crowd that comes and goes under load. All of it
 * on each I/O engine. */
#include "helpers/engine.h"
#include "helpers/tcp.h"
#include "io/loop.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CROWD 10000
#define STEP  500 /* clients between two broadcasts */

/* ---- the server ---- */

static atomic_int joined, terminated, destroyed;

static void destroy(void *state)
{
    atomic_fetch_add(&destroyed, 1);
}

static pinion_result join(pinion_channel *channel, const char *topic, const pinion_payload *params)
{
    pinion_channel_set_state(channel, &joined, destroy);
    atomic_fetch_add(&joined, 1);
    return pinion_ok(NULL);
}

static void terminate(pinion_channel *channel, pinion_reason reason)
{
    atomic_fetch_add(&terminated, 1);
}

static void nap(long ms)
{
    nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static void slow_work(void *data)
{
    nap(100);
}

static pinion_result slow_done(pinion_channel *channel, int status, void *data)
{
    atomic_fetch_add((atomic_int *)data, status == PINION_ECLOSED);
    return pinion_noreply();
}

static atomic_int cut_short;

static pinion_result slow(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    ok(pinion_channel_work(channel, slow_work, slow_done, &cut_short));
    return pinion_ok(NULL);
}

/* Refs to messages, taken up by a thread that answers them. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    pinion_ref *refs[1000];
    int count;
    bool over;
} desk = { .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER };

static pinion_result ask(pinion_channel *channel, const char *event, const pinion_payload *payload)
{
    pthread_mutex_lock(&desk.lock);
    assert_true(desk.count < 1000);
    desk.refs[desk.count++] = pinion_ref_new(channel);
    pthread_cond_signal(&desk.moved);
    pthread_mutex_unlock(&desk.lock);
    return pinion_later();
}

static pinion_ref *take_question(void)
{
    pinion_ref *ref = NULL;
    pthread_mutex_lock(&desk.lock);
    while (desk.count == 0 && !desk.over)
        pthread_cond_wait(&desk.moved, &desk.lock);
    if (desk.count > 0)
        ref = desk.refs[--desk.count];
    pthread_mutex_unlock(&desk.lock);
    return ref;
}

static void *answer_questions(void *data)
{
    pinion_ref *ref;
    while ((ref = take_question())) {
        int rc = pinion_ref_reply(ref, "ok", pinion_json("{s:i}", "answer", 42));
        if (rc == 0)
            rc = pinion_ref_send(ref, "answered", NULL);
        if (rc && rc != PINION_ECLOSED)
            return data;
        pinion_ref_free(ref);
    }
    return NULL;
}

static void close_desk(void)
{
    pthread_mutex_lock(&desk.lock);
    desk.over = true;
    pthread_cond_broadcast(&desk.moved);
    pthread_mutex_unlock(&desk.lock);
}

static atomic_int answered;

static pinion_result handle_info(pinion_channel *channel, const pinion_info *info)
{
    atomic_fetch_add(&answered, 1);
    return pinion_noreply();
}

static const pinion_channel_def channel_def = {
    .join = join,
    .handle_in = PINION_CLAUSES({ "slow", slow }, { "ask", ask }),
    .handle_info = handle_info,
    .terminate = terminate,
};
static const pinion_socket_def socket_def = { .channels = PINION_ROUTES({ "room:*", &channel_def }) };

static const char *io; /* the engine of the tests that run */

static pinion_endpoint *listening(unsigned loops)
{
    pinion_endpoint *endpoint = NULL;
    pinion_log_set_level(PINION_LOG_NONE);
    /* Our clients just go, without a closing handshake. */
    ok(pinion_endpoint_new(&endpoint,
                           &(pinion_endpoint_options){
                               .host = "127.0.0.1", .loops = loops, .io = io, .close_timeout_ms = 200 }));
    ok(pinion_endpoint_socket(endpoint, "/socket", &socket_def,
                              &(pinion_socket_options){ .timeout_ms = PINION_NEVER }));
    ok(pinion_endpoint_listen(endpoint));
    assert_int_not_equal(pinion_endpoint_port(endpoint), 0);
    return endpoint;
}

/* ---- a client, in another process or here; exits where it fails ---- */

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static int connect_client(uint16_t port)
{
    int fd = tcp_connect(port);
    must(fd >= 0, "connect");
    return fd;
}

static void send_all(int fd, const void *bytes, size_t len)
{
    must(tcp_send(fd, bytes, len), "send");
}

static void handshake_and_join(int fd)
{
    send_all(fd, TCP_WEBSOCKET, strlen(TCP_WEBSOCKET));
    must(tcp_say_text(fd, "[\"1\",\"1\",\"room:all\",\"phx_join\",{}]"), "send");
}

/* Read until `what` has come; broadcasts in between are read over. */
static void await_text(int fd, const char *what)
{
    static char buffer[1 << 16];
    size_t kept = 0; /* the end of what came before: it may be the beginning of what is sought */
    for (;;) {
        ssize_t n = recv(fd, buffer + kept, sizeof buffer - kept, 0);
        must(n > 0, what);
        size_t len = kept + (size_t)n;
        if (memmem(buffer, len, what, strlen(what)))
            return;
        kept = len < strlen(what) ? len : strlen(what);
        memmove(buffer, buffer + len - kept, kept);
    }
}

static void shuffle(int *fds, int count)
{
    unsigned seed = 7;
    for (int i = count - 1; i > 0; i--) {
        seed = seed * 1103515245 + 12345;
        int j = (int)(seed >> 8) % (i + 1), fd = fds[i];
        fds[i] = fds[j];
        fds[j] = fd;
    }
}

/* A third leaves, a third closes, a third resets the connection. */
static void go(int fd, int how)
{
    if (how == 0) {
        must(tcp_say_text(fd, "[\"1\",\"2\",\"room:all\",\"phx_leave\",{}]"), "send");
        await_text(fd, "phx_close");
    } else if (how == 1) {
        tcp_reset(fd);
        return;
    }
    close(fd);
}

/* Tell the other side of every few clients that have got on. */
static void tell(int pipe_end, int done)
{
    if (done % STEP == 0)
        must(write(pipe_end, ".", 1) == 1, "pipe");
}

static void crowd(uint16_t port, int count, int pipe_end)
{
    int *fds = calloc((size_t)count, sizeof *fds);
    must(fds != NULL, "memory");
    for (int i = 0; i < count; i++) {
        fds[i] = connect_client(port);
        handshake_and_join(fds[i]);
        tell(pipe_end, i);
    }
    for (int i = 0; i < count; i++) {
        await_text(fds[i], "\"status\":\"ok\"");
        tell(pipe_end, i);
    }
    shuffle(fds, count);
    for (int i = 0; i < count; i++) {
        go(fds[i], i % 3);
        tell(pipe_end, i);
    }
    _exit(0);
}

/* ---- a crowd under load ---- */

static int crowd_size(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= CROWD + 100)
        return CROWD;
    print_message("only %llu descriptors: a smaller crowd\n", (unsigned long long)limit.rlim_cur);
    return (int)limit.rlim_cur - 100;
}

static pinion_stats stats_of(pinion_endpoint *endpoint)
{
    pinion_stats stats;
    pinion_endpoint_stats(endpoint, &stats);
    return stats;
}

/* A broadcast to however many there are, each time that the crowd has got on, until it has gone. By the clock
 * a slow machine would get more of them the slower it is. */
static unsigned broadcast_to_crowd(pinion_endpoint *endpoint, int pipe_end)
{
    unsigned sent = 0;
    char told;
    while (read(pipe_end, &told, 1) == 1)
        ok(pinion_endpoint_broadcast(endpoint, "room:all", "tick", pinion_json("{s:i}", "n", sent++)));
    return sent;
}

static void a_crowd_that_comes_and_goes_leaves_nothing(void **state)
{
    pinion_endpoint *endpoint = listening(2);
    int pipe_ends[2], status, count = crowd_size();

    atomic_store(&joined, 0);
    atomic_store(&terminated, 0);
    atomic_store(&destroyed, 0);
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t child = fork(); /* before there are threads */
    assert_true(child >= 0);
    if (child == 0)
        crowd(pinion_endpoint_port(endpoint), count, pipe_ends[1]);
    close(pipe_ends[1]);
    ok(pinion_endpoint_start(endpoint));

    unsigned sent = broadcast_to_crowd(endpoint, pipe_ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(pipe_ends[0]);

    pinion_stats now = stats_of(endpoint);
    for (int i = 0; i < 20000 && now.channels + now.sockets + now.connections + now.topics > 0; i++) {
        nap(1);
        now = stats_of(endpoint);
    }
    assert_int_equal(now.connections, 0);
    assert_int_equal(now.sockets, 0);
    assert_int_equal(now.channels, 0);
    assert_int_equal(now.topics, 0);
    assert_int_equal(atomic_load(&joined), count);
    assert_int_equal(atomic_load(&terminated), count);
    assert_int_equal(atomic_load(&destroyed), count);
    assert_int_equal(now.slow_closed, 0);
    print_message("%d clients, %u broadcasts, %llu deliveries\n", count, sent,
                  (unsigned long long)now.deliveries);
    pinion_endpoint_free(endpoint);
}

/* ---- life ---- */

static void it_starts_and_stops_again_and_again(void **state)
{
    for (int i = 0; i < 20; i++) {
        pinion_endpoint *endpoint = listening(1 + (unsigned)i % 4);
        ok(pinion_endpoint_start(endpoint));
        if (i % 2)
            pinion_endpoint_stop(endpoint);
        pinion_endpoint_free(endpoint);
    }
}

static void never_heard(const char *topic, const char *event, const pinion_payload *payload, void *data)
{
}

static void it_may_be_freed_without_having_run(void **state)
{
    pinion_endpoint *endpoint = listening(3);
    pinion_subscription *subscription;
    ok(pinion_endpoint_broadcast(endpoint, "room:all", "nobody", NULL));
    ok(pinion_endpoint_subscribe(endpoint, "room:all", never_heard, NULL, &subscription));
    pinion_subscription_free(subscription, NULL);
    pinion_endpoint_free(endpoint);
    pinion_endpoint_free(NULL);
}

static void stopping_waits_for_work_under_way(void **state)
{
    pinion_endpoint *endpoint = listening(2);
    atomic_store(&cut_short, 0);
    ok(pinion_endpoint_start(endpoint));
    int fd = connect_client(pinion_endpoint_port(endpoint));
    handshake_and_join(fd);
    await_text(fd, "\"status\":\"ok\"");
    must(tcp_say_text(fd, "[\"1\",\"2\",\"room:all\",\"slow\",{}]"), "send");
    await_text(fd, "\"2\",\"room:all\",\"phx_reply\"");
    pinion_endpoint_stop(endpoint);
    assert_int_equal(atomic_load(&cut_short), 1);
    assert_int_equal(stats_of(endpoint).channels, 0);
    pinion_endpoint_free(endpoint);
    close(fd);
}

static void refs_are_answered_by_other_threads_until_the_end_and_after(void **state)
{
    enum { CLIENTS = 20, QUESTIONS = 30 };
    pinion_endpoint *endpoint = listening(2);
    pthread_t threads[2];
    int fds[CLIENTS];
    void *failed;

    ok(pinion_endpoint_start(endpoint));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, answer_questions, &desk), 0);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = connect_client(pinion_endpoint_port(endpoint));
        handshake_and_join(fds[i]);
        must(tcp_say_text(fds[i], "[\"1\",\"2\",\"room:all\",\"ask\",{}]"), "send");
    }
    for (int i = 0; i < CLIENTS; i++)
        await_text(fds[i], "\"2\",\"room:all\",\"phx_reply\",{\"response\":{\"answer\":42}");
    for (int i = 0; i < CLIENTS * QUESTIONS; i++)
        must(tcp_say_text(fds[i % CLIENTS], "[\"1\",\"3\",\"room:all\",\"ask\",{}]"), "send");
    pinion_endpoint_free(endpoint); /* in the midst of it */
    close_desk();
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_true(atomic_load(&answered) > 0);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
}

static const pinion_socket_def bad_route = { .channels = PINION_ROUTES({ "a*b", &channel_def }) };
static const pinion_channel_def greedy = { .handle_out = PINION_CLAUSES({ "*", NULL }) };
static const pinion_socket_def bad_out = { .channels = PINION_ROUTES({ "a:*", &greedy }) };

static void page(const pinion_request *request, pinion_response *response, void *data)
{
    pinion_response_send(response, 200, NULL, NULL, 0);
}

static void mistakes_are_named(void **state)
{
    pinion_endpoint *endpoint = NULL, *second = NULL;

    assert_int_equal(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .loops = 65 }),
                     PINION_EINVAL);
    assert_int_equal(pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .io = "steam" }),
                     PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "steam"));
    endpoint = listening(2);
    assert_int_equal(pinion_endpoint_socket(endpoint, "/socket", &socket_def, NULL), PINION_EINVAL);
    assert_int_equal(pinion_endpoint_socket(endpoint, "socket", &socket_def, NULL), PINION_EINVAL);
    assert_int_equal(pinion_endpoint_socket(endpoint, "/a", &bad_route, NULL), PINION_EINVAL);
    assert_non_null(strstr(pinion_error_detail(), "a*b"));
    assert_int_equal(pinion_endpoint_socket(endpoint, "/b", &bad_out, NULL), PINION_EINVAL);
    assert_int_equal(pinion_endpoint_static(endpoint, "/", "/no/such/directory"), PINION_ENOENT);
    ok(pinion_endpoint_start(endpoint));
    assert_int_equal(pinion_endpoint_get(endpoint, "/late", page, NULL), PINION_EINVAL);
    assert_int_equal(pinion_endpoint_start(endpoint), PINION_EINVAL);

    ok(pinion_endpoint_new(
        &second, &(pinion_endpoint_options){
                     .host = "127.0.0.1", .port = pinion_endpoint_port(endpoint), .loops = 2, .io = io }));
    assert_int_equal(pinion_endpoint_start(second), PINION_EADDRINUSE);
    pinion_endpoint_free(second);
    pinion_endpoint_free(endpoint);
}

static int open_desk(void **state)
{
    desk.over = false;
    return 0;
}

static void no_engine(void **state)
{
    const struct pinion_loop_ops *engine = pinion__loop_engine(io);

    print_message("%s: %s\n", io, engine ? pinion__loop_engine_refusal(engine) : "not in this build");
    skip();
}

static bool works(void)
{
    const struct pinion_loop_ops *engine = pinion__loop_engine(io);

    return engine && !pinion__loop_engine_refusal(engine);
}

int main(void)
{
    static const char *const names[] = { "uring", "uv" };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_that_comes_and_goes_leaves_nothing), /* first: it forks */
        cmocka_unit_test(it_starts_and_stops_again_and_again),
        cmocka_unit_test(it_may_be_freed_without_having_run),
        cmocka_unit_test(stopping_waits_for_work_under_way),
        cmocka_unit_test(refs_are_answered_by_other_threads_until_the_end_and_after),
        cmocka_unit_test(mistakes_are_named),
    };
    const struct CMUnitTest none[] = { cmocka_unit_test(no_engine) };
    int failures = 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        io = names[i];
        failures += works() ? cmocka_run_group_tests_name(io, tests, open_desk, NULL)
                            : cmocka_run_group_tests_name(io, none, NULL, NULL);
    }
    return failures;
}
