/* HTTP alone on one loop, with handlers of the tests' own: no endpoint, no socket. */
#ifndef TESTS_HELPERS_HTTP_SERVER_H
#define TESTS_HELPERS_HTTP_SERVER_H

#include "base/scheduler.h"
#include "helpers/io.h"
#include "helpers/tcp.h"
#include "http/http.h"
#include "process/bind.h"
#include <pinion/log.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_BODY 100

/* ---- the server: one loop, on a thread of its own ---- */

static struct pinion_http_server server;
static struct pinion_http_limits limits;
static struct pinion_loop *loop;
static pthread_t thread;
static uint16_t port;
static atomic_bool stops, drains, drains_patiently, http_stops;

/* What a request that is not answered has. One at a time. */
static struct {
    struct pinion_http *http;
    char body[MAX_BODY];
    size_t len;
} pending;
static sem_t is_ready, taken_in, abandoned_one, hurried_one;
static atomic_int abandoned, hurried;

static void on_accepted(void *context, void *user, struct pinion_conn *conn)
{
    pinion__http_accept(&server, conn);
}

static uint64_t on_turn(void *context)
{
    uint64_t wait = pinion__scheduler_turn(server.scheduler);
    if (atomic_exchange(&drains, false))
        pinion__http_drain(&server, false);
    if (atomic_exchange(&drains_patiently, false))
        pinion__http_drain(&server, true);
    if (atomic_exchange(&http_stops, false))
        pinion__http_stop(&server);
    if (atomic_load(&stops))
        pinion__loop_stop(loop);
    return wait;
}

static const struct pinion_loop_events loop_events = { .accepted = on_accepted, .turn = on_turn };

static void wake(void *context)
{
    pinion__loop_wake(loop);
}

/* All of the loop is made on its thread: io_uring would interrupt another one. */
static void *run(void *data)
{
    const struct pinion_loop_options options = { .events = &loop_events };
    struct pinion_listener *listener;
    int *fd = data;
    if (pinion__loop_new(&loop, pinion__loop_engine(io), &options) != 0)
        return NULL;
    pinion__scheduler_bind(server.scheduler);
    int rc = pinion__loop_listen(loop, *fd, NULL, &listener);
    sem_post(&is_ready);
    if (!rc)
        (void)pinion__loop_run(loop);
    pinion__scheduler_close(server.scheduler);
    return NULL;
}

/* ---- the handlers ---- */

static void give_up(void *data)
{
    atomic_fetch_add(&abandoned, 1);
    sem_post(&abandoned_one);
}

static void count_hurry(void *data)
{
    atomic_fetch_add(&hurried, 1);
    sem_post(&hurried_one);
}

static int keep_piece(void *data, struct pinion_slice piece)
{
    if (pending.len + piece.len > MAX_BODY)
        return PINION_ETOOBIG;
    memcpy(pending.body + pending.len, piece.ptr, piece.len);
    pending.len += piece.len;
    return 0;
}

static void send_body(struct pinion_http *http)
{
    struct pinion_http_answer answer = {
        .status = 200, .extra = "", .length = pending.len, .keep_alive = pinion__http_keep_alive(http)
    };
    pinion__http_send(http, &answer, pending.body, pending.len);
}

static void answer_body(struct pinion_http *http, void *data)
{
    send_body(http);
}

static const struct pinion_http_answerer waiter = { .abandoned = give_up };
static const struct pinion_http_answerer patient = { .abandoned = give_up, .hurry = count_hurry };

static void wait_for(struct pinion_http *http, const struct pinion_http_answerer *answerer)
{
    pending.http = http;
    pinion__http_wait(http, answerer, &pending);
    sem_post(&taken_in);
}

static void wait_after_body(struct pinion_http *http, void *data)
{
    wait_for(http, &waiter);
}

static const struct pinion_http_answerer reader = {
    .body = keep_piece, .too_long = 400, .body_end = answer_body, .abandoned = give_up
};
static const struct pinion_http_answerer slow_reader = {
    .body = keep_piece, .too_long = 400, .body_end = wait_after_body, .abandoned = give_up
};
static const struct pinion_http_answerer dropper = { .body_end = answer_body, .abandoned = give_up };

static void serve_now(struct pinion_http *http, const void *data, const struct pinion_http_request *request,
                      struct pinion_slice head)
{
    pinion__http_send_text(http, 200, "", "now", request->keep_alive);
}

static void serve_later(struct pinion_http *http, const void *answerer,
                        const struct pinion_http_request *request, struct pinion_slice head)
{
    pending.len = 0;
    wait_for(http, answerer);
}

static void serve_body(struct pinion_http *http, const void *answerer,
                       const struct pinion_http_request *request, struct pinion_slice head)
{
    pending.len = 0;
    pinion__http_read_body(http, answerer, &pending);
}

/* With the body of the request that waits. */
static void answer_pending(struct pinion_task *task)
{
    struct pinion_http *http = pending.http;
    pinion__http_answer_begin(http);
    send_body(http);
    pinion__http_answer_end(http);
}

static struct pinion_task answer_task = { .run = answer_pending };

/* Have the one that waits answered, after this one. */
static void serve_answer(struct pinion_http *http, const void *data,
                         const struct pinion_http_request *request, struct pinion_slice head)
{
    pinion__scheduler_defer(server.scheduler, &answer_task);
    pinion__http_send_text(http, 200, "", "asked", request->keep_alive);
}

/* Sends all back, and closes after a FIN. */
static void echo(struct pinion_conn *conn, uint8_t *bytes, size_t len)
{
    if (len > 0)
        (void)pinion__conn_queue(conn, pinion__frame_copy(bytes, len));
    else
        pinion__conn_shutdown(conn);
}

static void echo_over(struct pinion_conn *conn, int error)
{
}

static const struct pinion_conn_events echo_events = { .data = echo, .closed = echo_over };

static void serve_echo(struct pinion_http *http, const void *data, const struct pinion_http_request *request,
                       struct pinion_slice head)
{
    pinion__conn_attach(pinion__http_conn(http), &echo_events, NULL);
    pinion__http_hand_over(http);
}

static const struct {
    const char *path;
    struct pinion_http_handler handler;
} handlers[] = {
    { "/now", { .serve = serve_now, .gets = true } },
    { "/returning", { .serve = serve_now, .returning = true } },
    { "/later", { .serve = serve_later, .data = &waiter } },
    { "/patient", { .serve = serve_later, .data = &patient } },
    { "/body", { .serve = serve_body, .data = &reader } },
    { "/body-later", { .serve = serve_body, .data = &slow_reader } },
    { "/drop", { .serve = serve_body, .data = &dropper } },
    { "/answer", { .serve = serve_answer } },
    { "/echo", { .serve = serve_echo } },
};

static bool find(struct pinion_http_server *which, const struct pinion_http_request *request,
                 struct pinion_http_handler *handler)
{
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        if (pinion__slice_is(request->path, handlers[i].path)) {
            *handler = handlers[i].handler;
            return true;
        }
    }
    return false;
}

/* ---- each test, and its clients ---- */

static inline void await(sem_t *sem)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 10;
    assert_int_equal(sem_clockwait(sem, CLOCK_MONOTONIC, &until), 0);
}

static inline int begin(void **state)
{
    struct pinion_scheduler *scheduler;
    int fd;
    limits = (struct pinion_http_limits){ .max_head = 4096,
                                          .max_headers = 20,
                                          .head_timeout_ms = 60000,
                                          .keep_alive_ms = 60000,
                                          .close_timeout_ms = 60000,
                                          .stall_ms = 60000 };
    atomic_store(&stops, false);
    atomic_store(&drains, false);
    atomic_store(&http_stops, false);
    atomic_store(&abandoned, 0);
    atomic_store(&hurried, 0);
    assert_int_equal(sem_init(&is_ready, 0, 0), 0);
    assert_int_equal(sem_init(&taken_in, 0, 0), 0);
    assert_int_equal(sem_init(&abandoned_one, 0, 0), 0);
    assert_int_equal(sem_init(&hurried_one, 0, 0), 0);
    assert_int_equal(pinion__scheduler_new(&scheduler, SIZE_MAX, wake, NULL, NULL, NULL), 0);
    memset(&server, 0, sizeof server);
    pinion__http_server_init(&server, scheduler);
    server.limits = &limits;
    server.find = find;
    assert_int_equal(pinion__bind("127.0.0.1", 0, &fd, 1, &port), 0);
    assert_int_equal(pthread_create(&thread, NULL, run, &fd), 0);
    await(&is_ready);
    return 0;
}

static inline int end(void **state)
{
    atomic_store(&stops, true);
    pinion__loop_wake(loop);
    pthread_join(thread, NULL);
    assert_true(pinion__list_empty(&server.connections));
    pinion__loop_free(loop);
    pinion__scheduler_unref(server.scheduler);
    sem_destroy(&is_ready);
    sem_destroy(&taken_in);
    sem_destroy(&abandoned_one);
    sem_destroy(&hurried_one);
    return 0;
}

static inline int client(void)
{
    int fd = tcp_connect(port);
    assert_true(fd >= 0);
    return fd;
}

static inline void say(int fd, const char *text)
{
    assert_true(tcp_send(fd, text, strlen(text)));
}

static inline bool ends(int fd)
{
    char byte;
    return recv(fd, &byte, 1, 0) == 0;
}

static bool closes; /* the answer that was heard last ends its connection */

static inline void hear(int fd, int status, const char *body)
{
    char head[1000], got[200];
    assert_int_equal(tcp_head(fd, head, sizeof head), status);
    closes = strstr(head, "connection: close\r\n") != NULL;
    size_t len = strtoul(strstr(head, "content-length: ") + strlen("content-length: "), NULL, 10);
    assert_in_range(len, 0, sizeof got - 1);
    assert_true(tcp_read(fd, got, len));
    got[len] = '\0';
    if (body)
        assert_string_equal(got, body);
}

static inline void have_it_answered(void)
{
    int fd = client();
    say(fd, "GET /answer HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(fd, 200, "asked");
    close(fd);
}

#define HTTP(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
