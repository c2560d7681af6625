#include "base/log_writer.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log_line.h"
#include "base/log_ring.h"
#include "base/thread.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 250  /* how long to wait for a reader that does not read */
#define STARVED_MS  5000 /* how long to wait for our own thread when it gets no processor */
#define NAP_US      200

/* A write this short is not mixed with those of other threads and processes in the same pipe. */
static_assert(PINION_LOG_LINE <= PIPE_BUF, "a line is written in one piece");

static struct pinion_log_ring ring;

/* For threads that put lines. The writer's thread never takes the lock. */
static struct {
    struct pinion_lock lock;
    bool forks_known;
    bool threaded;
    bool alone;
} writer = { .lock = PINION_LOCK(LOG) };

/* Both sides use these. They are apart, so that a compiler does not read them together with their
 * neighbours. */
static sem_t wake_up;
static atomic_bool asleep; /* the thread waits to be woken */
static atomic_bool busy;   /* it has taken lines that are not written yet */
static _Atomic uint64_t gave_up_at =
    UINT64_MAX;                  /* the position for which a flush waited in vain; UINT64_MAX: none */
static _Atomic uint64_t dropped; /* in the life of this process */

/* ---- writing: the thread alone, or under the lock when there is no thread ---- */

static uint64_t untold; /* lines that were dropped and not reported */
static bool torn;       /* only a part of the last line was written */

/* The program has made stderr non-blocking. */
static void await_room(void)
{
    struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };
    (void)poll(&fd, 1, 1000);
}

/* Returns how many bytes were written: all, or those before the failure. */
static size_t write_all(const char *bytes, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = write(STDERR_FILENO, bytes + done, len - done);
        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && errno == EAGAIN)
            await_room();
        else if (n == 0 || errno != EINTR)
            break;
    }
    return done;
}

static uint64_t lines_in(const char *bytes, size_t len)
{
    uint64_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += bytes[i] == '\n';
    return count;
}

static void count_dropped(uint64_t lines)
{
    untold += lines;
    atomic_fetch_add(&dropped, lines);
}

/* Write the note about dropped lines. Returns false when it could not be written either. */
static bool tell_of_dropped(void)
{
    char text[128], line[PINION_LOG_LINE];
    snprintf(text, sizeof text, "%" PRIu64 " log %s dropped: the reader of stderr was too slow, or had gone",
             untold, untold == 1 ? "line was" : "lines were");
    if (torn && write_all("\n", 1) == 0)
        return false;
    torn = false;
    size_t len = pinion__log_line(line, PINION_LOG_WARNING, text), written = write_all(line, len);
    torn = written > 0 && written < len;
    if (written == len)
        untold = 0;
    return written == len;
}

static void write_lines(const char *lines, size_t len)
{
    size_t written = untold && !tell_of_dropped() ? 0 : write_all(lines, len);
    if (written < len) {
        torn = torn || (written > 0 && lines[written - 1] != '\n');
        count_dropped(lines_in(lines + written, len - written));
    }
}

/* Write some of the lines. */
static void take_step(void)
{
    char lines[PIPE_BUF];
    uint64_t missed = pinion__log_ring_missed(&ring);
    if (missed) {
        count_dropped(missed);
        (void)tell_of_dropped();
    }
    size_t len = pinion__log_ring_peek(&ring, lines, sizeof lines);
    if (len > 0)
        write_lines(lines, len);
    pinion__log_ring_drop(&ring, len);
}

/* ---- the thread ---- */

/* Sleep while there is nothing to write. A thread that puts a line afterwards sees `asleep` and wakes this
 * one. */
static void await_lines(void)
{
    while (pinion__log_ring_idle(&ring)) {
        atomic_store(&busy, false);
        atomic_store(&asleep, true);
        if (pinion__log_ring_idle(&ring))
            (void)sem_wait(&wake_up);
        atomic_store(&asleep, false);
    }
    atomic_store(&busy, true);
}

static void *run(void *unused)
{
    for (;;) {
        await_lines();
        take_step();
    }
    return NULL;
}

static void wake(void)
{
    if (atomic_exchange(&asleep, false))
        sem_post(&wake_up);
}

/* ---- processes made by fork ---- */

static void before_fork(void)
{
    pinion__lock(&writer.lock);
}

static void after_fork_in_parent(void)
{
    pinion__unlock(&writer.lock);
}

static void after_fork_in_child(void)
{
    atomic_store(&ring.tail, atomic_load(&ring.head));
    atomic_store(&ring.missed, 0);
    atomic_store(&asleep, false);
    atomic_store(&busy, false);
    atomic_store(&gave_up_at, UINT64_MAX);
    atomic_store(&dropped, 0);
    writer.threaded = false;
    untold = 0;
    torn = false;
    pinion__unlock(&writer.lock);
}

/* ---- without the thread ---- */

static bool has_room(int patience_ms)
{
    struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };
    return poll(&fd, 1, patience_ms) == 1;
}

/* Our write may have raised SIGPIPE. The program must not get it. */
static void consume_sigpipe(const sigset_t *sigpipe)
{
    static const struct timespec at_once = { 0 };
    sigset_t pending;
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE))
        (void)sigtimedwait(sigpipe, NULL, &at_once);
}

/* The caller holds the lock. */
static void write_here(int patience_ms)
{
    sigset_t sigpipe, saved, before;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &saved);
    sigpending(&before);
    while (!pinion__log_ring_idle(&ring) && has_room(patience_ms))
        take_step();
    if (!sigismember(&before, SIGPIPE))
        consume_sigpipe(&sigpipe);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

/* ---- putting lines ---- */

/* Start the thread if it does not run yet. Returns true if it runs. The caller holds the lock. */
static bool start_thread(void)
{
    pthread_t thread;
    if (!writer.forks_known) {
        (void)pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
        writer.forks_known = true;
    }
    if (writer.threaded || writer.alone)
        return writer.threaded;
    sem_init(&wake_up, 0, 0);
    writer.threaded = pinion__thread_start(&thread, run, NULL) == 0;
    if (writer.threaded)
        pthread_detach(thread);
    return writer.threaded;
}

void pinion__log_write(const char *line, size_t len)
{
    pinion__lock(&writer.lock);
    (void)pinion__log_ring_put(&ring, line, len);
    if (start_thread())
        wake();
    else
        write_here(writer.alone ? PATIENCE_MS : 0);
    pinion__unlock(&writer.lock);
}

/* ---- the end ---- */

static void nap(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = NAP_US * 1000L }, NULL);
}

/* Is everything before this position written, or dropped and reported? */
static bool written_up_to(uint64_t position)
{
    uint64_t tail = atomic_load(&ring.tail);
    return tail > position || (pinion__log_ring_idle(&ring) && !atomic_load(&busy));
}

/* If there is room in the pipe, the reader is not slow. Then our own thread has not run: the machine is
 * busy. */
static bool waited_enough(uint64_t waited)
{
    return waited >= STARVED_MS || (waited >= PATIENCE_MS && !has_room(0));
}

/* Wait for a reader that does not read once, not each time. */
static bool wait_for(uint64_t position)
{
    uint64_t begun = pinion__clock_ms();
    bool hopeless = atomic_load(&ring.tail) == atomic_load(&gave_up_at);
    while (!written_up_to(position)) {
        if (hopeless || waited_enough(pinion__clock_ms() - begun))
            return false;
        nap();
    }
    return true;
}

void pinion__log_flush(void)
{
    int error = errno;
    bool written = wait_for(atomic_load(&ring.head));
    atomic_store(&gave_up_at, written ? UINT64_MAX : atomic_load(&ring.tail));
    errno = error;
}

/* A process that exits still writes its last lines: why it could not start, or that it has stopped. */
__attribute__((destructor)) static void flush_at_exit(void)
{
    pinion__log_flush();
}

void pinion__log_alone(void)
{
    writer.alone = true;
}

uint64_t pinion__log_dropped(void)
{
    return atomic_load(&dropped) + atomic_load(&ring.missed);
}
