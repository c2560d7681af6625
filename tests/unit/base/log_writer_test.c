/* The log and whoever reads stderr: gone, stalled, slow, back again. Each case is a process of its own, which
 * logs into a pipe that the test holds the other end of, and exits with 0 when it found what it expects. */
#include "base/log.h"
#include "base/log_writer.h"
#include "base/sanitizer.h"
#include "helpers/refuse.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define STALLED_LINES 20000 /* more than pipe and ring hold */

static int log_pipe[2];  /* what the child logs */
static int talk_pipe[2]; /* the test has its part done, and closes it */
static int heard_pipe[2];
static char *text; /* all that was read */
static size_t text_len;

/* ---- the two processes ---- */

static pid_t start(void (*body)(void))
{
    assert_int_equal(pipe(log_pipe) | pipe(talk_pipe) | pipe(heard_pipe), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0) {
        close(log_pipe[1]);
        close(talk_pipe[0]);
        close(heard_pipe[1]);
        return pid;
    }
    signal(SIGPIPE, SIG_DFL);
    dup2(log_pipe[1], STDERR_FILENO);
    close(log_pipe[0]);
    close(log_pipe[1]);
    close(talk_pipe[1]);
    close(heard_pipe[0]);
    body();
    exit(0);
}

#define NO_FILTERS 77 /* the status of a child that cannot refuse system calls */

/* In the child: a failure is its status. */
static void must(bool condition, int status)
{
    if (!condition)
        _exit(status);
}

static void await_end_of(int fd)
{
    char byte;
    while (read(fd, &byte, 1) > 0)
        ;
}

/* The child has come so far; the test goes on, and has done its part. */
static void meet(void)
{
    close(heard_pipe[1]);
    await_end_of(talk_pipe[0]);
}

static void exits_well(pid_t pid)
{
    int status;
    close(talk_pipe[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTERS) {
        close(heard_pipe[0]);
        print_message("system calls cannot be refused here\n");
        skip();
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the process ended with status %x", (unsigned)status);
    close(heard_pipe[0]);
}

static void read_text(int fd, const char *until)
{
    for (;;) {
        text = realloc(text, text_len + 65537);
        assert_non_null(text);
        ssize_t n = read(fd, text + text_len, 65536);
        if (n <= 0)
            break;
        text_len += (size_t)n;
        text[text_len] = '\0';
        if (until && strstr(text, until))
            break;
    }
    text[text_len] = '\0';
}

static int no_text(void **state)
{
    free(text);
    text = NULL;
    text_len = 0;
    return 0;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* How many lines are numbered, which must be in order, and how many are said to be missing. */
static void tally(unsigned *numbered, unsigned *missing)
{
    unsigned next = 0, number;
    *numbered = *missing = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        const char *rest = strchr(line, ']');
        assert_non_null(rest);
        if (sscanf(rest, "] line %u", &number) == 1) {
            assert_true(number >= next);
            next = number + 1;
            ++*numbered;
        } else if (sscanf(rest, "] %u log line", &number) == 1) {
            *missing += number;
        } else {
            fail_msg("\"%s\"", line);
        }
    }
}

static void log_lines(unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++)
        pinion__log(PINION_LOG_INFO, "line %u of those that somebody may read, or nobody", i);
}

/* ---- a reader that reads ---- */

static void log_and_exit(void)
{
    log_lines(0, 3);
}

static void the_last_words_before_an_exit_are_written(void **state)
{
    for (int i = 0; i < 20; i++) {
        unsigned numbered, missing;
        no_text(NULL);
        pid_t pid = start(log_and_exit);
        read_text(log_pipe[0], NULL);
        exits_well(pid);
        close(log_pipe[0]);
        tally(&numbered, &missing);
        assert_int_equal(numbered, 3);
    }
}

static void flush_and_die(void)
{
    log_lines(0, 100);
    pinion_log_flush();
    raise(SIGKILL);
}

/* The thread that writes gets no processor for longer than a stalled reader would be waited for. */
static bool starved;
static void *(*run_later)(void *data);

int __real_pinion__thread_start(pthread_t *thread, void *(*run)(void *data), void *data);
int __wrap_pinion__thread_start(pthread_t *thread, void *(*run)(void *data), void *data);

static void *starve(void *data)
{
    nanosleep(&(struct timespec){ .tv_nsec = 600 * 1000000L }, NULL);
    return run_later(data);
}

int __wrap_pinion__thread_start(pthread_t *thread, void *(*run)(void *data), void *data)
{
    run_later = run;
    return __real_pinion__thread_start(thread, starved ? starve : run, data);
}

static void log_starved_and_exit(void)
{
    starved = true;
    log_lines(0, 3);
}

static void nor_are_they_lost_on_a_busy_machine(void **state)
{
    unsigned numbered, missing;
    pid_t pid = start(log_starved_and_exit);
    read_text(log_pipe[0], NULL);
    exits_well(pid);
    tally(&numbered, &missing);
    assert_int_equal(numbered, 3);
    assert_int_equal(missing, 0);
}

static void flushed_lines_survive_a_crash(void **state)
{
    unsigned numbered, missing;
    int status;
    pid_t pid = start(flush_and_die);
    read_text(log_pipe[0], NULL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    tally(&numbered, &missing);
    assert_int_equal(numbered, 100);
}

static void log_and_wait(void)
{
    log_lines(0, 1);
    await_end_of(talk_pipe[0]);
}

static void a_line_comes_without_waiting_for_others(void **state)
{
    pid_t pid = start(log_and_wait);
    read_text(log_pipe[0], "line 0 of those that somebody may read, or nobody\n");
    exits_well(pid);
}

#define THREADS 8

static void *log_from_thread(void *data)
{
    for (int i = 0; i < 50; i++)
        pinion__log(PINION_LOG_INFO, "thread %d %d", *(int *)data, i);
    return NULL;
}

static void log_from_threads(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        must(pthread_create(&threads[i], NULL, log_from_thread, &numbers[i]) == 0, 2);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void lines_of_threads_do_not_mix(void **state)
{
    int next[THREADS] = { 0 }, thread, number, count = 0;
    pid_t pid = start(log_from_threads);
    read_text(log_pipe[0], NULL);
    exits_well(pid);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), count++) {
        assert_int_equal(sscanf(strchr(line, ']'), "] thread %d %d", &thread, &number), 2);
        assert_int_equal(number, next[thread]++);
    }
    assert_int_equal(count, THREADS * 50);
}

/* ---- a reader that has gone ---- */

static void log_to_nobody(void)
{
    sigset_t pending;
    struct sigaction action;
    await_end_of(talk_pipe[0]);
    log_lines(0, 100);
    pinion_log_flush();
    must(pinion_log_dropped() == 100, 2);
    sigpending(&pending);
    must(!sigismember(&pending, SIGPIPE), 3);
    sigaction(SIGPIPE, NULL, &action);
    must(action.sa_handler == SIG_DFL, 4);
}

static void a_reader_that_has_gone_ends_nobody(void **state)
{
    pid_t pid = start(log_to_nobody);
    close(log_pipe[0]);
    exits_well(pid);
}

static void log_alone_to_nobody(void)
{
    pinion__log_alone();
    log_to_nobody();
}

static void nor_a_process_without_threads(void **state)
{
    pid_t pid = start(log_alone_to_nobody);
    close(log_pipe[0]);
    exits_well(pid);
}

static void log_without_threads(void)
{
    must(refuse_threads(EAGAIN), NO_FILTERS);
    log_lines(0, 10);
    _exit(0); /* LeakSanitizer, at an exit, wants a thread too */
}

static void where_no_thread_can_be_started_lines_are_written_all_the_same(void **state)
{
    unsigned numbered, missing;
    pid_t pid = start(log_without_threads);
    read_text(log_pipe[0], NULL);
    exits_well(pid);
    tally(&numbered, &missing);
    assert_int_equal(numbered, 10);
}

static char fifo[] = "/tmp/pinion-log-XXXXXX";

static void log_to_fifo(void)
{
    int fd = open(fifo, O_WRONLY);
    must(fd >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO, 2);
    close(fd);
    log_lines(0, 1);
    await_end_of(talk_pipe[0]); /* it was read, and the reader is gone */
    log_lines(1, 7);
    pinion_log_flush();
    must(pinion_log_dropped() == 7, 3);
    close(heard_pipe[1]);
    fd = open(fifo, O_WRONLY); /* waits for a reader */
    log_lines(8, 2);
}

static void one_that_comes_back_is_told_how_many_it_has_missed(void **state)
{
    unsigned numbered, missing;
    assert_true(mkdtemp(fifo) != NULL && rmdir(fifo) == 0 && mkfifo(fifo, 0600) == 0);
    pid_t pid = start(log_to_fifo);
    int fd = open(fifo, O_RDONLY);
    read_text(fd, "line 0 of those that somebody may read, or nobody\n");
    close(fd);
    close(talk_pipe[1]);
    await_end_of(heard_pipe[0]);
    fd = open(fifo, O_RDONLY);
    read_text(fd, NULL);
    exits_well(pid);
    close(fd);
    unlink(fifo);
    tally(&numbered, &missing);
    assert_int_equal(numbered, 3);
    assert_int_equal(missing, 7);
}

/* ---- a file that takes nothing ---- */

static void log_to_full_disk(void)
{
    int good = dup(STDERR_FILENO), full = open("/dev/full", O_WRONLY);
    must(good >= 0 && full >= 0, 2);
    dup2(full, STDERR_FILENO);
    log_lines(0, 5);
    pinion_log_flush();
    must(pinion_log_dropped() == 5, 3);
    dup2(good, STDERR_FILENO);
    log_lines(5, 1);
}

static void what_a_full_disk_does_not_take_is_told_of_later(void **state)
{
    unsigned numbered, missing;
    pid_t pid = start(log_to_full_disk);
    read_text(log_pipe[0], NULL);
    exits_well(pid);
    tally(&numbered, &missing);
    assert_int_equal(numbered, 1);
    assert_int_equal(missing, 5);
}

/* ---- a reader that has stalled ---- */

static void log_too_much_and_exit(void)
{
    log_lines(0, STALLED_LINES);
    must(pinion_log_dropped() > 0, 2);
    double begun = seconds();
    pinion_log_flush();
    pinion_log_flush();
    must(seconds() - begun < 5, 3); /* a quarter of a second, on a machine that has time */
}

static void a_reader_that_has_stalled_holds_up_nobody(void **state)
{
    pid_t pid = start(log_too_much_and_exit);
    exits_well(pid);
    assert_int_equal(fcntl(log_pipe[0], F_GETFL) & O_NONBLOCK, 0);
    close(log_pipe[0]);
}

static void log_too_much_and_wait(void)
{
    log_lines(0, STALLED_LINES);
    must(pinion_log_dropped() > 0, 2);
    must((fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK) == 0, 3);
    meet();
    log_lines(STALLED_LINES, 1);
}

/* Nothing needs to be logged for the count to be told. */
static void one_that_reads_again_is_told_how_many_it_has_missed(void **state)
{
    unsigned numbered, missing;
    pid_t pid = start(log_too_much_and_wait);
    await_end_of(heard_pipe[0]);
    read_text(log_pipe[0], "lines were dropped: the reader of stderr was too slow, or had gone\n");
    close(talk_pipe[1]);
    read_text(log_pipe[0], NULL);
    exits_well(pid);
    tally(&numbered, &missing);
    assert_true(missing > 0);
    assert_int_equal(numbered + missing, STALLED_LINES + 1);
}

static void log_much_without_blocking(void)
{
    must(fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK) == 0, 2);
    log_lines(0, 2000); /* more than the pipe holds, and less than the ring */
    meet();
}

static void a_stderr_that_others_made_nonblocking_loses_nothing(void **state)
{
    unsigned numbered, missing;
    pid_t pid = start(log_much_without_blocking);
    await_end_of(heard_pipe[0]);
    close(talk_pipe[1]);
    read_text(log_pipe[0], NULL);
    exits_well(pid);
    tally(&numbered, &missing);
    assert_int_equal(numbered, 2000);
}

/* ---- processes ---- */

static void log_and_fork(void)
{
    log_lines(0, 1);
    pid_t pid = fork();
    must(pid >= 0, 2);
    if (pid > 0) {
        int status;
        waitpid(pid, &status, 0);
        must(status == 0, 3);
        return;
    }
    pinion__log(PINION_LOG_INFO, "child");
    exit(0);
}

static unsigned times(const char *what)
{
    unsigned count = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
        count++;
    return count;
}

/* TSan lets no child of a process with threads start any; ASan leaves its heap locked in a child that was
 * forked while a thread, here the writer, began. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define CHILD_HAS_NO_HEAP
#endif
#endif
#if PINION_THREAD_SANITIZER || PINION_ADDRESS_SANITIZER
#define CHILD_HAS_NO_HEAP
#endif

static void each_process_writes_its_own_lines(void **state)
{
#ifdef CHILD_HAS_NO_HEAP
    skip();
#endif
    pid_t pid = start(log_and_fork);
    read_text(log_pipe[0], NULL);
    exits_well(pid);
    assert_int_equal(times("line 0"), 1);
    assert_int_equal(times("child"), 1);
}

static void log_and_fork_alone(void)
{
    log_lines(0, 1);
    pid_t pid = fork();
    must(pid >= 0, 2);
    if (pid == 0) {
        pinion__log_alone();
        pinion__log(PINION_LOG_INFO, "child");
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static void one_between_fork_and_exec_writes_at_once(void **state)
{
    pid_t pid = start(log_and_fork_alone);
    read_text(log_pipe[0], NULL);
    exits_well(pid);
    assert_int_equal(times("line 0"), 1);
    assert_int_equal(times("child"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, no_text, no_text)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_last_words_before_an_exit_are_written),
        TEST(nor_are_they_lost_on_a_busy_machine),
        TEST(flushed_lines_survive_a_crash),
        TEST(a_line_comes_without_waiting_for_others),
        TEST(lines_of_threads_do_not_mix),
        TEST(a_reader_that_has_gone_ends_nobody),
        TEST(nor_a_process_without_threads),
        TEST(where_no_thread_can_be_started_lines_are_written_all_the_same),
        TEST(one_that_comes_back_is_told_how_many_it_has_missed),
        TEST(what_a_full_disk_does_not_take_is_told_of_later),
        TEST(a_reader_that_has_stalled_holds_up_nobody),
        TEST(one_that_reads_again_is_told_how_many_it_has_missed),
        TEST(a_stderr_that_others_made_nonblocking_loses_nothing),
        TEST(each_process_writes_its_own_lines),
        TEST(one_between_fork_and_exec_writes_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
