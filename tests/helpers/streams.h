/* What the tests of TCP streams (pinion/stream.h) share. The endpoint has one loop; what its streams do and
 * are told comes to a journal, which the test reads as the client on the other side.
 */
#ifndef TESTS_HELPERS_STREAMS_H
#define TESTS_HELPERS_STREAMS_H

#include "helpers/engine.h"
#include "helpers/io.h"
#include "helpers/tcp.h"
#include <pinion/stream.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#define PATIENCE_S 20

static pinion_endpoint *endpoint;

/* ---- the journal ---- */

enum happening { NOTHING, OPENED, RECEIVED, FIN, DRAINED, TIMED_OUT, CLOSED };

struct entry {
    enum happening what;
    int error;   /* of CLOSED */
    size_t size; /* of RECEIVED: all that came since the entry before */
};

#define ENTRIES 64 /* that a test leaves unread */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t added;
    struct entry entries[ENTRIES];
    unsigned count;
    unsigned read;
    uint8_t *bytes; /* all that was received */
    size_t size;
    size_t room;
    size_t awaited; /* the bytes of the entries that were read */
    char failure[200];
} journal = { .lock = PTHREAD_MUTEX_INITIALIZER, .added = PTHREAD_COND_INITIALIZER };

static inline struct entry *entry_at(unsigned number)
{
    return &journal.entries[number % ENTRIES];
}

/* The entry that says it: a new one, or for bytes the last, while nobody has read it. */
static inline struct entry *entry_for(enum happening what)
{
    if (what == RECEIVED && journal.count > journal.read && entry_at(journal.count - 1)->what == RECEIVED)
        return entry_at(journal.count - 1);
    struct entry *entry = entry_at(journal.count++);
    *entry = (struct entry){ .what = what };
    return entry;
}

static inline void keep(const void *bytes, size_t size)
{
    if (journal.size + size > journal.room) {
        journal.room = 2 * (journal.size + size);
        journal.bytes = realloc(journal.bytes, journal.room);
    }
    memcpy(journal.bytes + journal.size, bytes, size);
    journal.size += size;
}

static inline void write_down(enum happening what, int error, const void *bytes, size_t size)
{
    pthread_mutex_lock(&journal.lock);
    struct entry *entry = entry_for(what);
    entry->error = error;
    entry->size += size;
    if (size > 0)
        keep(bytes, size);
    pthread_cond_broadcast(&journal.added);
    pthread_mutex_unlock(&journal.lock);
}

static inline void note_failure(const char *what, int line)
{
    pthread_mutex_lock(&journal.lock);
    snprintf(journal.failure, sizeof journal.failure, "on the loop, line %d: %s", line, what);
    pthread_mutex_unlock(&journal.lock);
}

/* On the loop's thread, where cmocka cannot fail. */
#define CHECK(condition) ((condition) ? (void)0 : note_failure(#condition, __LINE__))

static inline struct entry next_entry(void)
{
    struct timespec deadline;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&journal.lock);
    while (journal.read == journal.count && rc == 0)
        rc = pthread_cond_clockwait(&journal.added, &journal.lock, CLOCK_MONOTONIC, &deadline);
    struct entry entry = { .what = NOTHING };
    if (journal.read < journal.count)
        entry = *entry_at(journal.read++);
    journal.awaited += entry.size;
    pthread_mutex_unlock(&journal.lock);
    return entry;
}

static inline struct entry expect(enum happening what)
{
    static const char *const names[] = { "nothing", "opened",    "received", "fin",
                                         "drained", "timed out", "closed" };
    struct entry entry = next_entry();
    if (entry.what != what)
        fail_msg("expected %s, there was %s", names[what], names[entry.what]);
    return entry;
}

static inline void expect_closed(int error)
{
    assert_int_equal(expect(CLOSED).error, error);
}

/* All that has come since the start is this, and comes before anything else. */
static inline void await_bytes(const void *bytes, size_t size)
{
    while (journal.awaited < size)
        (void)expect(RECEIVED);
    assert_int_equal(journal.awaited, size);
    pthread_mutex_lock(&journal.lock);
    bool same = memcmp(journal.bytes, bytes, size) == 0;
    pthread_mutex_unlock(&journal.lock);
    assert_true(same);
}

/* ---- the streams ---- */

/* What a test has its streams do. */
static struct {
    void (*opened)(pinion_stream *stream);
    void (*received)(pinion_stream *stream, uint8_t *bytes, size_t length);
    void (*drained)(pinion_stream *stream);
    void (*timed_out)(pinion_stream *stream);
    void (*closed)(pinion_stream *stream);
} script;

static pinion_stream *latest; /* read on the loop */
static pthread_t thread;      /* of the loop */
static bool inside;           /* a callback runs */
static int streams;

static inline void enter(void)
{
    CHECK(!inside);
    CHECK(streams == 0 || pthread_equal(thread, pthread_self()));
    inside = true;
}

static inline void leave(void)
{
    inside = false;
}

static inline void on_opened(pinion_stream *stream, void *data)
{
    thread = pthread_self();
    enter();
    CHECK(data == &journal);
    CHECK(pinion_stream_endpoint(stream) == endpoint);
    CHECK(pinion_stream_user(stream) == NULL);
    streams++;
    latest = stream;
    write_down(OPENED, 0, NULL, 0);
    if (script.opened)
        script.opened(stream);
    leave();
}

static inline void on_received(pinion_stream *stream, void *bytes, size_t length)
{
    enter();
    if (length > 0)
        write_down(RECEIVED, 0, bytes, length);
    else
        write_down(FIN, 0, NULL, 0);
    if (script.received)
        script.received(stream, bytes, length);
    leave();
}

static inline void on_drained(pinion_stream *stream)
{
    enter();
    CHECK(pinion_stream_queued(stream) == 0);
    write_down(DRAINED, 0, NULL, 0);
    if (script.drained)
        script.drained(stream);
    leave();
}

static inline void on_timed_out(pinion_stream *stream)
{
    enter();
    write_down(TIMED_OUT, 0, NULL, 0);
    if (script.timed_out)
        script.timed_out(stream);
    leave();
}

static inline void on_closed(pinion_stream *stream, int error)
{
    enter();
    if (script.closed)
        script.closed(stream);
    write_down(CLOSED, error, NULL, 0);
    streams--;
    leave();
}

static const pinion_stream_def def = {
    .opened = on_opened,
    .received = on_received,
    .drained = on_drained,
    .timed_out = on_timed_out,
    .closed = on_closed,
};

/* ---- acts on the loop, from the test ---- */

struct act {
    void (*fn)(pinion_stream *stream);
    sem_t done;
};

static inline void run_act(void *data)
{
    struct act *act = data;
    enter();
    act->fn(latest);
    leave();
    sem_post(&act->done);
}

static inline void on_loop(void (*fn)(pinion_stream *stream))
{
    struct act act = { .fn = fn };
    sem_init(&act.done, 0, 0);
    ok(pinion_endpoint_post(endpoint, 0, run_act, &act));
    sem_wait(&act.done);
    sem_destroy(&act.done);
}

static inline pinion_frame *text(const char *text)
{
    return pinion_frame_new(false, text, strlen(text));
}

#define LARGE ((size_t)16 << 20) /* more than the kernel takes */

static inline pinion_frame *large(char byte)
{
    pinion_frame *frame = pinion_frame_new(true, NULL, LARGE);
    memset(pinion_frame_body(frame), byte, LARGE);
    return frame;
}

static inline void pause_it(pinion_stream *stream)
{
    pinion_stream_pause(stream);
    pinion_stream_pause(stream);
}

static inline void say_hello(pinion_stream *stream)
{
    CHECK(pinion_stream_send(stream, text("hello")) == 0);
}

/* ---- set up ---- */

static inline int clean(void **state)
{
    memset(&script, 0, sizeof script);
    journal.count = journal.read = 0;
    free(journal.bytes);
    journal.bytes = NULL;
    journal.size = journal.room = journal.awaited = 0;
    journal.failure[0] = '\0';
    latest = NULL;
    streams = 0;
    return 0;
}

static inline int stop(void **state)
{
    pinion_endpoint_free(endpoint);
    endpoint = NULL;
    int left = streams;
    char failure[sizeof journal.failure];
    memcpy(failure, journal.failure, sizeof failure);
    clean(state);
    if (failure[0])
        print_error("%s\n", failure);
    if (left)
        print_error("streams that were not closed: %d\n", left);
    return failure[0] || left ? -1 : 0;
}

static inline pinion_endpoint *made(const pinion_endpoint_options *given)
{
    pinion_endpoint_options options = given ? *given : (pinion_endpoint_options){ 0 };
    pinion_endpoint *new = NULL;
    options.host = "127.0.0.1";
    options.io = io;
    options.loops = options.loops ? options.loops : 1;
    pinion_log_set_level(PINION_LOG_NONE);
    ok(pinion_endpoint_new(&new, &options));
    return new;
}

static inline void start_with(const pinion_endpoint_options *options)
{
    endpoint = made(options);
    ok(pinion_endpoint_streams(endpoint, "127.0.0.1", 0, &def, &journal));
    ok(pinion_endpoint_start(endpoint));
}

static inline int dial(void)
{
    int fd = tcp_connect(pinion_endpoint_stream_port(endpoint, &def));
    assert_true(fd >= 0);
    return fd;
}

/* A connection whose stream has opened. */
static inline int connected_fd(void)
{
    int fd = dial();
    expect(OPENED);
    return fd;
}

static inline int started(void)
{
    start_with(NULL);
    return connected_fd();
}

/* ---- the client ---- */

static inline void client_says(int fd, const char *words)
{
    assert_true(tcp_send(fd, words, strlen(words)));
}

static inline void client_hears(int fd, const char *words)
{
    char got[100];
    assert_true(tcp_read(fd, got, strlen(words)));
    assert_memory_equal(got, words, strlen(words));
}

static inline void client_hears_fin(int fd)
{
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

/* Whatever form it takes. */
static inline void client_sees_the_end(int fd)
{
    char bytes[1000];
    while (recv(fd, bytes, sizeof bytes, 0) > 0)
        continue;
}

static inline void client_reads_large(int fd, char byte)
{
    static char bytes[1 << 20];
    for (size_t i = 0; i < LARGE / sizeof bytes; i++) {
        assert_true(tcp_read(fd, bytes, sizeof bytes));
        assert_true(bytes[0] == byte && memcmp(bytes, bytes + 1, sizeof bytes - 1) == 0);
    }
}

#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, clean, stop)

#endif
