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

#define PATIENCE_MS 250  /* with a reader that has stalled */
#define STARVED_MS  5000 /* with a thread of ours that gets no processor */
#define NAP_US      200

/* Lines of several threads and processes do not mix in a pipe as long as each write is that short. */
static_assert(PINION_LOG_LINE <= PIPE_BUF, "a line is written in one piece");

static struct pinion_log_ring ring;

/* Of those who put lines; the thread never takes the lock. */
static struct {
    struct pinion_lock lock;
    bool forks_known;
    bool threaded;
    bool alone;
} writer = { .lock = PINION_LOCK(LOG) };

/* What both sides use lies apart, lest a compiler reads it along with its neighbours. */
static sem_t wake_up;
static atomic_bool asleep;                       /* the thread waits to be woken */
static atomic_bool busy;                         /* it has taken something that is not written yet */
static _Atomic uint64_t gave_up_at = UINT64_MAX; /* where a flush waited in vain; UINT64_MAX: nowhere */
static _Atomic uint64_t dropped;                 /* ever */

/* ---- writing: the thread alone, or under the lock where there is none ---- */

static uint64_t untold; /* lines that were dropped and not told of */
static bool torn;       /* the last line was written in part */

/* Somebody has made stderr non-blocking. */
static void await_room(void)
{
    struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };
    (void)poll(&fd, 1, 1000);
}

/* Returns how much of it was written: all, or what there was before it failed. */
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

/* False when the note could not be written either. */
static bool tell_of_dropped(void)
{
    char text[128], line[PINION_LOG_LINE];
    snprintf(text, sizeof text, "%" PRIu64 " log %s dropped: whoever reads stderr was too slow, or had gone",
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

/* Write some of what there is. */
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

/* Whoever puts a line after this has seen that there was nothing wakes it. */
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

/* ---- processes that are forked ---- */

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

/* A SIGPIPE of ours is not the program's. */
static void consume_sigpipe(const sigset_t *sigpipe)
{
    static const struct timespec at_once = { 0 };
    sigset_t pending;
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE))
        (void)sigtimedwait(sigpipe, NULL, &at_once);
}

/* Under the lock. */
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

/* ---- putting ---- */

/* Under the lock. Whether the thread runs. */
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

/* Whether all before this position is written, or dropped and told of. */
static bool written_up_to(uint64_t position)
{
    uint64_t tail = atomic_load(&ring.tail);
    return tail > position || (pinion__log_ring_idle(&ring) && !atomic_load(&busy));
}

/* Where there is room it is not the reader that is slow: on a busy machine the thread may not run for long.
 */
static bool waited_enough(uint64_t waited)
{
    return waited >= STARVED_MS || (waited >= PATIENCE_MS && !has_room(0));
}

/* A reader that has stalled is waited for once. */
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

/* The last lines of a process that exits: why it could not start, that it has stopped. */
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
