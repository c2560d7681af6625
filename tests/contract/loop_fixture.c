/* See loop_fixture.h. */
#include "loop_fixture.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define NAME_LEN (sizeof(((struct fixture *)0)->name) - 1)

/* An engine, and one that has hardly anything: everything that runs out does so all the time. */
struct variant {
    const char *name;
    const char *engine;
    struct pinion_loop_options options;
};

static const struct variant variants[] = {
    { "uv", "uv", { 0 } },
    { "uv, small buffer", "uv", { .recv_buffer_size = 512 } },
    { "uring", "uring", { 0 } },
    { "uring, two of everything",
      "uring",
      { .recv_buffer_size = 512, .recv_buffers = 2, .ring_entries = 2 } },
};

const struct pinion_loop_ops *fixture_engine;
static const struct variant *variant;

static void no_engine(void **state)
{
    print_message("%s\n", fixture_engine ? pinion__loop_engine_refusal(fixture_engine) : "not in this build");
    skip();
}

static int run_on_variant(const struct CMUnitTest *tests, size_t count)
{
    const struct CMUnitTest none[] = { { variant->name, no_engine, NULL, NULL, NULL } };

    fixture_engine = pinion__loop_engine(variant->engine);
    if (!fixture_engine || pinion__loop_engine_refusal(fixture_engine))
        return cmocka_run_group_tests_name(variant->name, none, NULL, NULL);
    return _cmocka_run_group_tests(variant->name, tests, count, NULL, NULL);
}

int fixture_run_on_engines(const struct CMUnitTest *tests, size_t count)
{
    int failures = 0;

    alarm(120); /* a test that hangs has failed */
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        variant = &variants[i];
        failures += run_on_variant(tests, count);
    }
    return failures;
}

int fixture_loop_new(struct pinion_loop **out, const struct pinion_loop_events *events, void *context)
{
    struct pinion_loop_options options = variant->options;

    options.events = events;
    options.context = context;
    return pinion__loop_new(out, fixture_engine, &options);
}

enum { PATTERN_CHUNK = 4096 };

__attribute__((no_sanitize("thread"), no_sanitize("address"), no_sanitize("undefined"))) static void
make_chunk(uint8_t *chunk, size_t len, size_t offset, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        chunk[i] = (uint8_t)(((uint32_t)(offset + i) * 2654435761u + seed * 40503u) >> 21);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void pattern_fill(uint8_t *bytes, size_t len, size_t offset, unsigned seed)
{
    uint8_t chunk[PATTERN_CHUNK];

    for (size_t at = 0; at < len; at += sizeof chunk) {
        size_t count = smaller(len - at, sizeof chunk);
        make_chunk(chunk, count, offset + at, seed);
        memcpy(bytes + at, chunk, count);
    }
}

bool pattern_matches(const uint8_t *bytes, size_t len, size_t offset, unsigned seed)
{
    uint8_t chunk[PATTERN_CHUNK];

    for (size_t at = 0; at < len; at += sizeof chunk) {
        size_t count = smaller(len - at, sizeof chunk);
        make_chunk(chunk, count, offset + at, seed);
        if (memcmp(bytes + at, chunk, count) != 0)
            return false;
    }
    return true;
}

uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The loop's side */

void fixture_check(struct fixture *f, bool ok, const char *what, const char *file, int line)
{
    if (ok)
        return;
    if (!f->failure[0])
        snprintf(f->failure, sizeof f->failure, "%s:%d: %s", file, line, what);
    pinion__loop_stop(f->loop);
}

static void enter(struct fixture *f)
{
    LOOP_CHECK(f, !f->in_event);
    LOOP_CHECK(f, pthread_equal(f->loop_thread, pthread_self()));
    f->in_event = true;
}

static void leave(struct fixture *f)
{
    f->in_event = false;
}

/* Much comes in small pieces: twice the room each time. */
static void make_room(struct served *s, size_t len)
{
    while (s->received_room < s->received_len + len)
        s->received_room = s->received_room ? 2 * s->received_room : 256;
    s->received = realloc(s->received, s->received_room);
    if (!s->received)
        abort();
}

static void collect(struct served *s, const uint8_t *bytes, size_t len)
{
    if (s->received_len + len > s->received_room)
        make_room(s, len);
    memcpy(s->received + s->received_len, bytes, len);
    s->received_len += len;
}

static void on_data(struct pinion_conn *conn, uint8_t *bytes, size_t len)
{
    struct served *s = pinion__conn_user(conn);
    struct fixture *f = s->fixture;

    enter(f);
    LOOP_CHECK(f, s->closes == 0 && s->closed_after == 0);
    LOOP_CHECK(f, s->fins == 0);
    if (len > 0) {
        s->data_calls++;
        collect(s, bytes, len);
        if (f->script->data)
            f->script->data(s, bytes, len);
    } else {
        s->fins++;
        if (f->script->fin)
            f->script->fin(s);
        else
            close_served(s);
    }
    leave(f);
}

static void on_drained(struct pinion_conn *conn)
{
    struct served *s = pinion__conn_user(conn);
    struct fixture *f = s->fixture;

    enter(f);
    LOOP_CHECK(f, s->closes == 0 && s->closed_after == 0);
    LOOP_CHECK(f, pinion__conn_queued(conn) == 0);
    s->drains++;
    if (f->script->drained)
        f->script->drained(s);
    leave(f);
}

static void on_closed(struct pinion_conn *conn, int error)
{
    struct served *s = pinion__conn_user(conn);
    struct fixture *f = s->fixture;

    enter(f);
    LOOP_CHECK(f, s->closes == 0);
    LOOP_CHECK(f, f->turns >= s->closed_after);
    s->closes++;
    s->error = error;
    f->closed++;
    if (f->script->closed)
        f->script->closed(s);
    s->conn = NULL;
    leave(f);
}

static const struct pinion_conn_events conn_events = {
    .data = on_data,
    .drained = on_drained,
    .closed = on_closed,
};

static void on_accepted(void *context, void *user, struct pinion_conn *conn)
{
    struct fixture *f = context;

    enter(f);
    f->accepted++;
    LOOP_CHECK(f, user == &f->listen_fd);
    if (!f->script->leave_unattached) {
        struct served *s = calloc(1, sizeof *s);
        if (!s)
            abort();
        *s = (struct served){ .fixture = f, .conn = conn, .next = f->served };
        f->served = s;
        pinion__conn_attach(conn, &conn_events, s);
        if (f->script->accepted)
            f->script->accepted(s);
    }
    leave(f);
}

/* The client is done, and so is the loop with all that the client dialled: a connection may still wait to be
 * accepted. */
static bool is_over(const struct fixture *f)
{
    if (!atomic_load(&f->client_done))
        return false;
    bool all_accepted = !f->listener || f->shares_port || f->accepted >= atomic_load(&f->dialled);
    return f->client_failure[0] || (all_accepted && pinion__loop_connections(f->loop) == 0);
}

static uint64_t on_turn(void *context)
{
    struct fixture *f = context;

    enter(f);
    f->in_turn = true;
    f->turns++;
    f->wait = UINT64_MAX;
    if (f->script->turn)
        f->script->turn(f);
    if (is_over(f))
        pinion__loop_stop(f->loop);
    f->in_turn = false;
    leave(f);
    return f->wait;
}

static const struct pinion_loop_events loop_events = {
    .accepted = on_accepted,
    .turn = on_turn,
};

void tell_client(struct fixture *f)
{
    sem_post(&f->for_client);
}

static void await(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0 && errno == EINTR)
        ;
}

void await_client(struct fixture *f)
{
    await(&f->for_loop);
}

struct pinion_frame *make_frame(struct fixture *f, const void *bytes, size_t len)
{
    struct pinion_frame *frame = pinion__frame_copy(bytes, len);
    struct pinion_frame **frames = realloc(f->frames, (f->frame_count + 1) * sizeof *frames);

    if (!frame || !frames)
        abort();
    f->frames = frames;
    f->frames[f->frame_count++] = frame;
    return pinion__frame_ref(frame);
}

int queue_bytes(struct served *s, const void *bytes, size_t len)
{
    return pinion__conn_queue(s->conn, make_frame(s->fixture, bytes, len));
}

int queue_pattern(struct served *s, size_t len, unsigned seed)
{
    uint8_t *bytes = malloc(len);

    if (!bytes)
        abort();
    pattern_fill(bytes, len, 0, seed);
    int rc = queue_bytes(s, bytes, len);
    free(bytes);
    return rc;
}

void close_served(struct served *s)
{
    struct fixture *f = s->fixture;

    pinion__conn_close(s->conn);
    if (s->closed_after == 0)
        s->closed_after = f->turns + (f->in_turn ? 0 : 1);
}

/* The client's side */

/* Let a side that waits for the other, which has failed, go on and fail too. */
static void release(sem_t *semaphore)
{
    for (int i = 0; i < 100; i++)
        sem_post(semaphore);
}

static void client_finish(struct fixture *f)
{
    if (f->client_failure[0])
        release(&f->for_loop);
    for (size_t i = 0; i < f->client_fd_count; i++)
        if (f->client_fds[i] >= 0)
            close(f->client_fds[i]);
    atomic_store(&f->client_done, true);
    pinion__loop_wake(f->loop);
}

_Noreturn void client_fail(struct fixture *f, const char *what, const char *file, int line)
{
    snprintf(f->client_failure, sizeof f->client_failure, "%s:%d: %s (%s)", file, line, what,
             strerror(errno));
    client_finish(f);
    pthread_exit(NULL);
}

static void *client_main(void *data)
{
    struct fixture *f = data;

    f->script->client(f);
    client_finish(f);
    return NULL;
}

/* Of a unix-domain socket the kernel chooses an abstract name: five digits. */
union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_un un;
};

static socklen_t address_of(const struct script *script, uint16_t port, const char *name, union address *out)
{
    memset(out, 0, sizeof *out);
    if (!script->unix_socket) {
        out->in.sin_family = AF_INET;
        out->in.sin_port = htons(port);
        out->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof out->in;
    }
    out->un.sun_family = AF_UNIX;
    if (name[0])
        memcpy(out->un.sun_path + 1, name, NAME_LEN);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (name[0] ? 1 + NAME_LEN : 0));
}

static void remember_fd(struct fixture *f, int fd)
{
    int *fds = realloc(f->client_fds, (f->client_fd_count + 1) * sizeof *fds);

    CLIENT_CHECK(f, fds);
    f->client_fds = fds;
    f->client_fds[f->client_fd_count++] = fd;
}

static void forget_fd(struct fixture *f, int fd)
{
    for (size_t i = 0; i < f->client_fd_count; i++)
        if (f->client_fds[i] == fd)
            f->client_fds[i] = -1;
}

int try_dial(struct fixture *f)
{
    union address address;
    socklen_t len = address_of(f->script, f->port, f->name, &address);
    int size = f->script->client_recv_buffer;
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CLIENT_CHECK(f, fd >= 0);
    if (size)
        CLIENT_CHECK(f, setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0);
    if (connect(fd, &address.any, len) != 0) {
        close(fd);
        return -1;
    }
    atomic_fetch_add(&f->dialled, 1);
    remember_fd(f, fd);
    return fd;
}

int dial(struct fixture *f)
{
    int fd = try_dial(f);

    CLIENT_CHECK(f, fd >= 0);
    return fd;
}

void client_send(struct fixture *f, int fd, const void *bytes, size_t len)
{
    const char *next = bytes;

    while (len > 0) {
        ssize_t sent = send(fd, next, len, MSG_NOSIGNAL);
        CLIENT_CHECK(f, sent > 0);
        next += sent;
        len -= (size_t)sent;
    }
}

void client_expect(struct fixture *f, int fd, const void *bytes, size_t len)
{
    char got[256];

    CLIENT_CHECK(f, len <= sizeof got);
    CLIENT_CHECK(f, recv(fd, got, len, MSG_WAITALL) == (ssize_t)len);
    CLIENT_CHECK(f, memcmp(got, bytes, len) == 0);
}

void client_expect_pattern(struct fixture *f, int fd, size_t len, unsigned seed)
{
    static _Thread_local uint8_t got[16 * 1024];

    for (size_t offset = 0; offset < len;) {
        size_t wanted = len - offset < sizeof got ? len - offset : sizeof got;
        ssize_t n = recv(fd, got, wanted, 0);
        CLIENT_CHECK(f, n > 0);
        CLIENT_CHECK(f, pattern_matches(got, (size_t)n, offset, seed));
        offset += (size_t)n;
    }
}

void client_expect_fin(struct fixture *f, int fd)
{
    char byte;

    CLIENT_CHECK(f, recv(fd, &byte, 1, 0) == 0);
}

void client_expect_end(struct fixture *f, int fd)
{
    char bytes[1024];

    while (recv(fd, bytes, sizeof bytes, 0) > 0)
        ;
}

void hang_up(struct fixture *f, int fd)
{
    forget_fd(f, fd);
    close(fd);
}

void reset(struct fixture *f, int fd)
{
    struct linger linger = { .l_onoff = 1, .l_linger = 0 };

    CLIENT_CHECK(f, setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0);
    hang_up(f, fd);
}

void tell_loop(struct fixture *f)
{
    atomic_fetch_add(&f->client_step, 1);
    sem_post(&f->for_loop);
    pinion__loop_wake(f->loop);
}

void await_loop(struct fixture *f)
{
    await(&f->for_client);
}

/* The whole */

static void note_address(struct fixture *f, int fd)
{
    union address address;
    socklen_t len = sizeof address;

    assert_int_equal(getsockname(fd, &address.any, &len), 0);
    if (f->script->unix_socket)
        memcpy(f->name, address.un.sun_path + 1, NAME_LEN);
    else
        f->port = ntohs(address.in.sin_port);
}

static void set_options(const struct script *script, int fd)
{
    if (!script->unix_socket)
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int)), 0);
    if (script->recv_buffer)
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &script->recv_buffer, sizeof(int)), 0);
    if (script->send_buffer)
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &script->send_buffer, sizeof(int)), 0);
    if (script->nodelay)
        assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)), 0);
}

static int listening_socket(struct fixture *f)
{
    union address address;
    socklen_t len = address_of(f->script, f->port, "", &address);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    set_options(f->script, fd);
    assert_int_equal(bind(fd, &address.any, len), 0);
    assert_int_equal(listen(fd, 1024), 0);
    note_address(f, fd);
    return fd;
}

void fixture_listen(struct fixture *f)
{
    LOOP_CHECK(f, pinion__loop_listen(f->loop, f->listen_fd, &f->listen_fd, &f->listener) == 0);
}

void fixture_close_listener(struct fixture *f)
{
    pinion__listener_close(f->listener);
    f->listener = NULL;
}

struct fixture *fixture_new(const struct script *script, uint16_t port)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->script = script;
    f->port = port;
    f->listen_fd = listening_socket(f);
    sem_init(&f->for_client, 0, 0);
    sem_init(&f->for_loop, 0, 0);
    assert_int_equal(fixture_loop_new(&f->loop, &loop_events, f), 0);
    if (!script->listen_late)
        fixture_listen(f);
    return f;
}

void fixture_start_client(struct fixture *f)
{
    assert_int_equal(pthread_create(&f->client_thread, NULL, client_main, f), 0);
    f->client_started = true;
}

void fixture_run(struct fixture *f)
{
    f->loop_thread = pthread_self();
    if (pinion__loop_run(f->loop) != 0)
        abort();
}

static void check_everything_ended(struct fixture *f)
{
    assert_int_equal(pinion__loop_connections(f->loop), 0);
    for (struct served *s = f->served; s; s = s->next)
        assert_int_equal(s->closes, 1);
    for (size_t i = 0; i < f->frame_count; i++)
        assert_int_equal(f->frames[i]->refs, 1);
}

void fixture_finish(struct fixture *f)
{
    if (f->failure[0])
        release(&f->for_client);
    if (f->client_started)
        pthread_join(f->client_thread, NULL);
    if (f->failure[0])
        fail_msg("on the loop: %s", f->failure);
    if (f->client_failure[0])
        fail_msg("at the client: %s", f->client_failure);
    check_everything_ended(f);
}

void fixture_free(struct fixture *f)
{
    while (f->served) {
        struct served *s = f->served;
        f->served = s->next;
        free(s->received);
        free(s);
    }
    for (size_t i = 0; i < f->frame_count; i++)
        pinion__frame_unref(f->frames[i]);
    free(f->frames);
    free(f->client_fds);
    sem_destroy(&f->for_client);
    sem_destroy(&f->for_loop);
    pinion__loop_free(f->loop);
    free(f);
}

struct fixture *play(const struct script *script)
{
    struct fixture *f = fixture_new(script, 0);

    fixture_start_client(f);
    fixture_run(f);
    fixture_finish(f);
    return f;
}
