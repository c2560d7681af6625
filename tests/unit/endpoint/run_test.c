/* Starting as a whole or not at all: endpoints that have few descriptors, and what they leave behind. Running
 * two at once, and the signals that end them. Each case in a process of its own, all on each I/O engine. */
#include "helpers/engine.h"
#include "helpers/refuse.h"
#include "helpers/tcp.h"
#include "io/loop.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "helpers/death.h" /* after cmocka.h, which engine.h includes */

#define CLIENTS_MAX 16 /* at once: as many as an endpoint that starts has room for */

static const char *io;   /* the engine of the tests that run */
static bool used_before; /* an endpoint ran in the process: what is made once, and stays, is made */
static const pinion_socket_def anybody = { .connect = NULL };

/* ---- the server's process ---- */

/* What it says to the test. */
struct report {
    bool started;
    uint16_t port;
    char sentence[400];
};

static int entries(const char *directory)
{
    int count = 0;
    DIR *open = opendir(directory);
    if (!open)
        _exit(2);
    while (readdir(open))
        count++;
    closedir(open);
    return count;
}

static void must(bool condition, int status)
{
    if (!condition)
        _exit(status);
}

static void page(const pinion_request *request, pinion_response *response, void *data)
{
    pinion_response_send(response, 200, "text/plain", "ok", 2);
}

/* A thread that has been joined is still listed for a moment. */
static bool threads_come_to(int count)
{
    for (int i = 0; i < 10000 && entries("/proc/self/task") != count; i++)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    return entries("/proc/self/task") == count;
}

static void allow(rlim_t descriptors)
{
    struct rlimit limit;
    must(getrlimit(RLIMIT_NOFILE, &limit) == 0, 3);
    limit.rlim_cur = descriptors ? descriptors : limit.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &limit) == 0, 3);
}

static pinion_endpoint *made(unsigned loops)
{
    pinion_endpoint *endpoint = NULL;
    if (pinion_endpoint_new(&endpoint,
                            &(pinion_endpoint_options){ .host = "127.0.0.1", .loops = loops, .io = io }) != 0)
        return NULL;
    must(pinion_endpoint_socket(endpoint, "/socket", &anybody, NULL) == 0, 4);
    must(pinion_endpoint_get(endpoint, "/", page, NULL) == 0, 4);
    return endpoint;
}

/* A start that failed left nothing, and is no reason why the next should. */
static void begin_again(pinion_endpoint *endpoint)
{
    allow(0);
    must(pinion_endpoint_port(endpoint) == 0, 5);
    must(pinion_endpoint_start(endpoint) == 0, 6);
    must(pinion_endpoint_port(endpoint) != 0, 7);
}

static int start_with(unsigned loops, rlim_t descriptors, pinion_endpoint **endpoint, struct report *report)
{
    allow(descriptors);
    *endpoint = made(loops);
    int rc = *endpoint ? pinion_endpoint_start(*endpoint) : PINION_EIO;
    report->started = rc == 0;
    report->port = rc ? 0 : pinion_endpoint_port(*endpoint);
    snprintf(report->sentence, sizeof report->sentence, "%s", pinion_error_detail());
    return rc;
}

_Noreturn static void serve(unsigned loops, rlim_t descriptors, int out, int in)
{
    struct report report = { 0 };
    pinion_endpoint *endpoint;
    char byte;
    pinion_log_set_level(PINION_LOG_NONE);
    allow(0);
    int threads = entries("/proc/self/task");
    if (used_before) {
        endpoint = made(loops);
        must(pinion_endpoint_start(endpoint) == 0, 12);
        pinion_endpoint_free(endpoint);
        must(threads_come_to(threads), 13);
    }
    int files = entries("/proc/self/fd");
    int rc = start_with(loops, descriptors, &endpoint, &report);
    allow(rc ? 0 : descriptors);
    if (rc && endpoint) {
        must(threads_come_to(threads), 8);
        begin_again(endpoint);
    }
    must(write(out, &report, sizeof report) == sizeof report, 9);
    (void)!read(in, &byte, 1); /* until the test has done */
    allow(0);
    pinion_endpoint_free(endpoint);
    must(threads_come_to(threads), 10);
    must(!used_before || entries("/proc/self/fd") == files, 11);
    _exit(0);
}

/* ---- the test's process ---- */

static pid_t server;
static int to_server, from_server;

static struct report start_server(unsigned loops, rlim_t descriptors)
{
    struct report report = { 0 };
    int out[2], in[2];
    assert_int_equal(pipe2(out, O_CLOEXEC) | pipe2(in, O_CLOEXEC), 0);
    server = fork();
    assert_true(server >= 0);
    if (server == 0) {
        close(out[0]);
        close(in[1]);
        serve(loops, descriptors, out[1], in[0]);
    }
    close(out[1]);
    close(in[0]);
    from_server = out[0];
    to_server = in[1];
    ssize_t len = read(from_server, &report, sizeof report);
    if (len != sizeof report) {
        int status = 0;
        waitpid(server, &status, 0);
        fail_msg("%s, %u loops, %lu descriptors: the server ended with status %x", io, loops,
                 (unsigned long)descriptors, (unsigned)status);
    }
    return report;
}

static void stop_server(unsigned loops, rlim_t descriptors)
{
    int status;
    close(to_server);
    close(from_server);
    assert_int_equal(waitpid(server, &status, 0), server);
    if (status != 0)
        fail_msg("%s, %u loops, %lu descriptors: the server ended with status %x", io, loops,
                 (unsigned long)descriptors, (unsigned)status);
}

/* As many clients at once as there are sure to be descriptors for: some of them on every loop. */
static void expect_answers(uint16_t port)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    int fds[CLIENTS_MAX];
    char head[1000];
    for (int i = 0; i < CLIENTS_MAX; i++) {
        fds[i] = tcp_connect(port);
        assert_true(fds[i] >= 0);
        assert_true(tcp_send(fds[i], request, sizeof request - 1));
    }
    for (int i = 0; i < CLIENTS_MAX; i++) {
        assert_int_equal(tcp_head(fds[i], head, sizeof head), 200);
        close(fds[i]);
    }
}

/* From too few for anything to enough. */
static void sweep(unsigned loops)
{
    unsigned failed = 0, started = 0;
    for (rlim_t descriptors = 8; started < 3; descriptors++) {
        struct report report = start_server(loops, descriptors);
        assert_true(descriptors < 200);
        if (report.started) {
            started++;
            expect_answers(report.port);
        } else {
            failed++;
            assert_int_equal(started, 0);
            assert_true(strlen(report.sentence) > 0);
            if (!strstr(report.sentence, "ulimit -n"))
                print_message("%lu: %s\n", (unsigned long)descriptors, report.sentence);
        }
        stop_server(loops, descriptors);
    }
    assert_true(failed > 0);
}

static void with_one_loop(void **state)
{
    sweep(1);
}

static void the_first_of_a_process(void **state)
{
    used_before = false;
    sweep(2);
    used_before = true;
}

static void with_two_loops(void **state)
{
    sweep(2);
}

static void with_four_loops(void **state)
{
    sweep(4);
}

/* ---- sockets that were there before a start that failed ---- */

/* One that listens goes on to do so, on the same port, and the next start serves there. */
_Noreturn static void fail_while_listening(void)
{
    pinion_endpoint *endpoint = made(2);
    must(endpoint && pinion_endpoint_listen(endpoint) == 0, 2);
    uint16_t port = pinion_endpoint_port(endpoint);
    int files = entries("/proc/self/fd");
    allow((rlim_t)files);
    must(pinion_endpoint_start(endpoint) != 0, 3);
    allow(0);
    must(entries("/proc/self/fd") == files, 4);
    must(pinion_endpoint_port(endpoint) == port, 5);
    must(pinion_endpoint_start(endpoint) == 0, 6);
    must(pinion_endpoint_port(endpoint) == port, 7);
    pinion_endpoint_free(endpoint);
    _exit(0);
}

/* As systemd passes it: at descriptor 3. */
static uint16_t pass_socket(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    char pid[16];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 100) == 0, 2);
    must(getsockname(fd, (struct sockaddr *)&address, &len) == 0, 3);
    if (fd != 3) {
        must(dup2(fd, 3) == 3, 4);
        close(fd);
    }
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    return ntohs(address.sin_port);
}

/* One that was passed to the process is there for the next attempt, also of another endpoint. */
_Noreturn static void fail_with_a_passed_socket(void)
{
    uint16_t port = pass_socket();
    pinion_endpoint *endpoint = made(2);
    must(endpoint != NULL, 5);
    allow((rlim_t)entries("/proc/self/fd") + 2);
    must(pinion_endpoint_start(endpoint) != 0, 6);
    pinion_endpoint_free(endpoint);
    allow(0);
    endpoint = made(2);
    must(pinion_endpoint_start(endpoint) == 0, 7);
    must(pinion_endpoint_port(endpoint) == port, 8);
    pinion_endpoint_free(endpoint);
    _exit(0);
}

static void in_a_process(void (*body)(void))
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        pinion_log_set_level(PINION_LOG_NONE);
        allow(0);
        body();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void one_that_listens_goes_on_to(void **state)
{
    in_a_process(fail_while_listening);
}

static void one_that_was_passed_is_not_lost(void **state)
{
    in_a_process(fail_with_a_passed_socket);
}

/* ---- threads ---- */

_Noreturn static void fail_without_threads(void)
{
    pinion_endpoint *endpoint = made(3);
    must(endpoint != NULL, 2);
    int files = entries("/proc/self/fd");
    if (!refuse_threads(EAGAIN))
        _exit(0);
    must(pinion_endpoint_start(endpoint) != 0, 3);
    must(strstr(pinion_error_detail(), "cannot start a thread for loop 1 of 3") != NULL, 4);
    must(strstr(pinion_error_detail(), "TasksMax") != NULL, 5);
    must(pinion_endpoint_run(endpoint) != 0, 6); /* it has one thread, and lacks two */
    must(strstr(pinion_error_detail(), "cannot start a thread for loop 2 of 3") != NULL, 7);
    must(entries("/proc/self/fd") == files, 8);
    pinion_endpoint_free(endpoint);
    _exit(0);
}

static void without_threads_it_does_not_start(void **state)
{
    in_a_process(fail_without_threads);
}

/* ---- the debug build ---- */

static atomic_int builds_told;

static void count_builds(pinion_log_level level, const char *line, void *data)
{
    if (level == PINION_LOG_INFO && strstr(line, "this is the debug build: "))
        builds_told++;
}

_Noreturn static void start_two(void)
{
    pinion_log_set_level(PINION_LOG_INFO);
    pinion_log_set_function(count_builds, NULL);
    for (int i = 0; i < 2; i++) {
        pinion_endpoint *endpoint = made(1);
        must(endpoint != NULL, 2);
        must(pinion_endpoint_start(endpoint) == 0, 3);
        pinion_endpoint_free(endpoint);
        pinion_log_flush();
        must(builds_told == (ASSERTIONS_ARE_ON ? 1 : 0), 4 + i);
    }
    _exit(0);
}

static void a_debug_build_says_so_once(void **state)
{
    in_a_process(start_two);
}

/* ---- two endpoints that run in one process ---- */

static struct runner {
    pinion_endpoint *endpoint;
    pthread_t thread;
    int rc;
} runners[2];

static sem_t ready;
static atomic_int of_program;

static void count_signal(int number)
{
    atomic_fetch_add(&of_program, 1);
}

static void say_ready(pinion_endpoint *endpoint, void *data)
{
    sem_post(&ready);
}

static void *run(void *data)
{
    struct runner *runner = data;
    runner->rc = pinion_endpoint_run(runner->endpoint);
    return NULL;
}

static void run_two(void)
{
    struct sigaction action = { .sa_handler = count_signal };
    must(sigaction(SIGTERM, &action, NULL) == 0, 2);
    sem_init(&ready, 0, 0);
    for (int i = 0; i < 2; i++) {
        const pinion_endpoint_options options = {
            .host = "127.0.0.1", .loops = 2, .io = io, .ready = say_ready
        };
        must(pinion_endpoint_new(&runners[i].endpoint, &options) == 0, 3);
        must(pthread_create(&runners[i].thread, NULL, run, &runners[i]) == 0, 4);
        sem_wait(&ready);
    }
}

static void ended(int which)
{
    pthread_join(runners[which].thread, NULL);
    must(runners[which].rc == 0, 5);
    pinion_endpoint_free(runners[which].endpoint);
}

/* The program's own handler is back. */
_Noreturn static void expect_own_handler(void)
{
    must(atomic_load(&of_program) == 0, 6);
    raise(SIGTERM);
    must(atomic_load(&of_program) == 1, 7);
    _exit(0);
}

_Noreturn static void stop_both_by_signal(void)
{
    run_two();
    kill(getpid(), SIGTERM);
    ended(0);
    ended(1);
    expect_own_handler();
}

static void stop_one_then_signal(int first)
{
    run_two();
    pinion_endpoint_stop(runners[first].endpoint);
    ended(first);
    kill(getpid(), SIGTERM);
    ended(!first);
    expect_own_handler();
}

_Noreturn static void stop_the_first_then_signal(void)
{
    stop_one_then_signal(0);
    _exit(8);
}

_Noreturn static void stop_the_second_then_signal(void)
{
    stop_one_then_signal(1);
    _exit(8);
}

static void a_signal_stops_all_that_run(void **state)
{
    in_a_process(stop_both_by_signal);
    in_a_process(stop_the_first_then_signal);
    in_a_process(stop_the_second_then_signal);
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
        cmocka_unit_test(the_first_of_a_process),
        cmocka_unit_test(with_one_loop),
        cmocka_unit_test(with_two_loops),
        cmocka_unit_test(with_four_loops),
        cmocka_unit_test(one_that_listens_goes_on_to),
        cmocka_unit_test(one_that_was_passed_is_not_lost),
        cmocka_unit_test(without_threads_it_does_not_start),
        cmocka_unit_test(a_debug_build_says_so_once),
        cmocka_unit_test(a_signal_stops_all_that_run),
    };
    const struct CMUnitTest none[] = { cmocka_unit_test(no_engine) };
    int failures = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        io = names[i];
        failures += works() ? cmocka_run_group_tests_name(io, tests, NULL, NULL)
                            : cmocka_run_group_tests_name(io, none, NULL, NULL);
    }
    return failures;
}
